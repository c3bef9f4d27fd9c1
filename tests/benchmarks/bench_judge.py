"""CPU that the judge takes, as seconds a minute at the default interval.

    python -m tests.benchmarks.bench_judge

A day of a service with 10,000 live stacks, 5,000 types of which a tenth goes up and down,
20,000 long containers and 200 requests a second on ten routes; one reading of the tracer
every 10 s, one walk a minute, which is what the budget of heap walks pays for at that size,
and a judgement after each snapshot, though the agent judges less often. `leaking` is the same
with a container, its type and its line growing, routes regressed once a minute.
"""

import random
import sys
import time

import pytest

from leakprobe.analysis.candidates import find_candidates
from leakprobe.analysis.evidence import Evidence
from leakprobe.model import Container, LiveStack, Snapshot, TypeCount
from tests.making import a_snapshot, a_stack

STACKS, TYPES, CONTAINERS, ROUTES = 10_000, 5_000, 20_000, 10
INTERVAL_S, STEPS, STEPS_PER_WALK = 10.0, 8640, 6
BUDGET = 0.005
FRAMES = 30
# The evidence of a day is full after so many; only the last minutes are measured.
HISTORY, MEASURED_STEPS = 100, 30


class Service:
    """What it looks like at each step; what does not change is shared between snapshots."""

    def __init__(self, *, leaking: bool) -> None:
        self.leaking = leaking
        self.chance = random.Random(0)
        library = tuple(("/usr/lib/python3.11/json/decoder.py", n, "f") for n in range(FRAMES))
        self.stacks = [
            LiveStack(a_stack(*library, (f"/srv/app/{n % 50}.py", n, "g")), 65_536, 9, 65_536)
            for n in range(STACKS)
        ]
        self.types = [TypeCount(f"app.T{n}", 100 + n, 5000, 9000) for n in range(TYPES)]
        self.containers = [Container(64 * n, "list", 32 + n % 500) for n in range(CONTAINERS)]

    def snapshot(self, step: int) -> Snapshot:
        """Step 0 is the start, each is 10 s long."""
        kept = 200 * step if self.leaking else 0
        first = self.stacks[0]
        self.stacks[0] = LiveStack(first.stack, 65_536 + 100 * kept, 9, 65_536)
        walked = step % STEPS_PER_WALK == 0
        if walked:
            for n in range(0, TYPES, 10):
                count = 100 + n + self.chance.randrange(50)
                self.types[n] = TypeCount(f"app.T{n}", count, 5000, 90 * count)
            self.types[1] = TypeCount("app.T1", 100 + kept, 5000, 9000 + 500 * kept)
            self.containers[1] = Container(64, "list", 40 + kept)
        return a_snapshot(
            f"s{step}",
            uptime_s=INTERVAL_S * step,
            requests={f"GET /{n}": 200 * step + n for n in range(ROUTES)},
            stacks=self.stacks,
            types=self.types if walked else None,
            containers=self.containers if walked else None,
            tracer="sampled",
        )


def cpu_s_per_minute(*, leaking: bool) -> tuple[float, float, int]:
    """CPU of observing and of judging, and what the evidence takes, after a day."""
    service, evidence = Service(leaking=leaking), Evidence()
    for step in range(0, STEPS - MEASURED_STEPS, STEPS // HISTORY // 6 * 6):
        evidence.observe(service.snapshot(step))
    observing = judging = 0.0
    for step in range(STEPS - MEASURED_STEPS, STEPS):
        snapshot = service.snapshot(step)
        began = time.process_time()
        evidence.observe(snapshot)
        between = time.process_time()
        find_candidates(evidence, rates=step % STEPS_PER_WALK == 0)
        judging += time.process_time() - between
        observing += between - began
    minutes = MEASURED_STEPS * INTERVAL_S / 60
    return observing / minutes, judging / minutes, evidence.size_bytes


def report(*, leaking: bool) -> str:
    """One line of figures."""
    observing, judging, size = cpu_s_per_minute(leaking=leaking)
    return (
        f"{'leaking' if leaking else 'innocent':9} observing {observing * 1e3:5.0f} ms/min, "
        f"judging {judging * 1e3:5.0f} ms/min: {(observing + judging) / 60:.2%} of a core "
        f"(budget {BUDGET:.1%}); evidence {size / 2**20:.1f} MiB"
    )


@pytest.mark.benchmark
@pytest.mark.timeout(300)
@pytest.mark.parametrize("leaking", [False, True])
def test_cpu_of_the_judge(leaking: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{report(leaking=leaking)}")  # noqa: T201 - the figures are what it is for


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}")  # noqa: T201 - the figures are what it is for
    print(report(leaking=False))  # noqa: T201
    print(report(leaking=True))  # noqa: T201
