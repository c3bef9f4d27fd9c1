"""CPU of allocation-heavy work with the sampler, as a ratio to the same work without it.

    PYTHONHASHSEED=0 python -m tests.benchmarks.bench_micro [ROUNDS]

All in one process. In each round each workload runs in every variant, in random order,
after a collection; what is compared is the thread's CPU time, in one round. "bare again"
shows what is noise; "stopped" is what stays when the sampler was stopped: hooks that
only forward. The geometric mean is over the workloads' median ratios.
"""

import gc
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.benchmarks.hooks import Hooks, hooks, put
from tests.benchmarks.workloads import WORKLOADS, deep
from tests.native import needs_sampler

SAMPLE_BYTES = 65536
FRAMES = 32
ROUNDS = 60
REPEATS = 3
VARIANTS = ("bare", "bare again", "stopped", "sampled")

Ratios = dict[str, dict[str, list[float]]]


@dataclass(frozen=True, slots=True)
class States:
    """What stands between CPython and its allocators: before, and after a start and a stop."""

    bare: Hooks
    stopped: Hooks


def measure(rounds: int) -> Ratios:
    """Ratios to the bare run of the same round, by workload and variant."""
    random.seed(0)
    states = _install()
    ratios: Ratios = {work.__name__: {name: [] for name in VARIANTS} for work in WORKLOADS}
    try:
        for _ in range(rounds):
            for work in WORKLOADS:
                order = random.sample(VARIANTS, len(VARIANTS))
                seconds = {variant: _cpu_s(work, variant, states) for variant in order}
                for variant, value in seconds.items():
                    ratios[work.__name__][variant].append(value / seconds["bare"])
    finally:
        put(states.bare)
    return ratios


def _install() -> States:
    from leakprobe.capture._native import _sampler

    bare = hooks()
    _sampler.start(SAMPLE_BYTES, FRAMES, None)
    _sampler.stop()
    return States(bare, hooks())


def _cpu_s(work: Callable[[], None], variant: str, states: States) -> float:
    from leakprobe.capture._native import _sampler

    put(states.bare if variant.startswith("bare") else states.stopped)
    if variant == "sampled":
        _sampler.start(SAMPLE_BYTES, FRAMES, None)
    gc.collect()

    def timed() -> float:
        work()
        before = time.thread_time()
        for _ in range(REPEATS):
            work()
        return time.thread_time() - before

    try:
        return deep(timed)
    finally:
        _sampler.stop()
        put(states.bare)


def report(ratios: Ratios) -> str:
    """The table: the median ratio of each workload and variant, and the geometric mean."""
    others = VARIANTS[1:]
    lines = [f"{'CPU, ratio to bare':<18}" + "".join(f"{name:>12}" for name in others)]
    medians = {
        work: {name: statistics.median(found[name]) for name in others}
        for work, found in ratios.items()
    }
    for work, found in medians.items():
        lines.append(f"{work:<18}" + "".join(f"{found[name]:12.3f}" for name in others))
    means = [
        statistics.geometric_mean(found[name] for found in medians.values()) for name in others
    ]
    lines.append(f"{'geometric mean':<18}" + "".join(f"{mean:12.3f}" for mean in means))
    return "\n".join(lines)


@needs_sampler
@pytest.mark.benchmark
@pytest.mark.timeout(300)
def test_cpu_of_small_workloads(capsys: pytest.CaptureFixture[str]) -> None:
    ratios = measure(rounds=20)
    with capsys.disabled():
        print(f"\n{report(ratios)}")  # noqa: T201 - the figures are what it is for
    assert all(len(r["sampled"]) == 20 for r in ratios.values())


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}, {SAMPLE_BYTES} bytes, {FRAMES} frames")  # noqa: T201
    print(report(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)))  # noqa: T201
