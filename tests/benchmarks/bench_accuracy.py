"""How near the sampler's estimates come to live bytes that are known.

    python -m tests.benchmarks.bench_accuracy [RUNS]

Each run starts a sampler, plants blocks of known sizes at one line, and reads. `ratio` is
the mean of estimate over truth; `z` is (estimate - truth) / the standard error that the
sampler itself states, which should have mean 0 and standard deviation 1, and lie within
1.96 in 95 of 100 runs; `seen` counts the runs in which the line had any sample.
"""

import array
import math
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from tests.native import needs_sampler

SAMPLE_BYTES = 65536
RUNS = 30
BYTES_OBJECT = sys.getsizeof(b"")
WITHIN_95_PERCENT = 1.96
PLANTS: dict[str, Sequence[int]] = {
    "10,000 x 100 B": [100] * 10_000,
    "10,000 x 1 KB": [1024] * 10_000,
    "100 x 100 KB": [102_400] * 100,
    "mixed": [100, 100, 100, 1024, 1024, 8192, 102_400] * 150,
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one run said; all in bytes."""

    truth: int
    estimate: float
    error: float

    @property
    def z(self) -> float:
        """How many standard errors the estimate lies above the truth."""
        return (self.estimate - self.truth) / self.error if self.error else -math.inf


def plant(sizes: Sequence[int]) -> list[bytes]:
    """Blocks of these sizes, allocated at one line; `bytes(n)` takes n and a header."""
    return [bytes(size - BYTES_OBJECT) for size in sizes]


def one_run(sizes: Sequence[int]) -> Estimate:
    """Plant, read, and add up the rows of the line that planted."""
    from leakprobe.capture._native import _sampler

    _sampler.start(SAMPLE_BYTES, 4, None)
    try:
        kept = plant(sizes)
        rows = _sampler.read()
        stacks, live = array.array("I", rows.stacks), array.array("d", rows.live_bytes)
        variances = array.array("d", rows.live_bytes_variance)
        planted = [i for i, number in enumerate(stacks) if _is_planted(_sampler.stack(number))]
    finally:
        _sampler.stop()
    # The list of the blocks was allocated at the same line.
    truth = sum(sizes) + sys.getsizeof(kept)
    estimate = sum(live[i] for i in planted)
    return Estimate(truth, estimate, math.sqrt(sum(variances[i] for i in planted)))


def _is_planted(stack: tuple[tuple[str, int, str], ...]) -> bool:
    return any(name in {"plant", "plant.<locals>.<listcomp>"} for _, _, name in stack[:2])


def measure(runs: int) -> dict[str, list[Estimate]]:
    """Every plant, so many times."""
    return {name: [one_run(sizes) for _ in range(runs)] for name, sizes in PLANTS.items()}


def report(found: dict[str, list[Estimate]]) -> str:
    """The table."""
    lines = [f"{'planted':<16}{'ratio':>8}{'mean z':>8}{'sd z':>7}{'|z|<1.96':>10}{'seen':>9}"]
    for name, estimates in found.items():
        scores = [e.z for e in estimates if e.error]
        ratio = statistics.fmean(e.estimate / e.truth for e in estimates)
        within = sum(abs(z) < WITHIN_95_PERCENT for z in scores)
        seen = sum(e.estimate > 0 for e in estimates)
        lines.append(
            f"{name:<16}{ratio:8.3f}{statistics.fmean(scores):8.2f}{statistics.stdev(scores):7.2f}"
            f"{f'{within}/{len(scores)}':>10}{f'{seen}/{len(estimates)}':>9}"
        )
    return "\n".join(lines)


@needs_sampler
@pytest.mark.benchmark
def test_estimates_beside_the_truth(capsys: pytest.CaptureFixture[str]) -> None:
    found = measure(runs=RUNS)
    with capsys.disabled():
        print(f"\n{report(found)}")  # noqa: T201 - the figures are what it is for
    assert all(len(estimates) == RUNS for estimates in found.values())


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}, {SAMPLE_BYTES} bytes between samples")  # noqa: T201
    print(report(measure(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS)))  # noqa: T201
