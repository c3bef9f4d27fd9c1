"""What finds leaks in tests: our plugin and decorator, psleak, pytest-memray, tracemalloc.

    python -m tests.benchmarks.bench_test_peers

All run the planted suite (`tests/planted`), each way in a process of its own, as its manual
says. The first table is a suite of which each test runs once: the leaks keep 6 MB or more,
the allowance is 5 MB. The second is functions that are called 200 times or more; a loop
with one limit for all of it has to choose that limit, so two are shown.

They are for different questions. psleak proves that functions of a C extension leave no
memory, thread or descriptor, and calls each many times; so of the first suite it gets what
is such a function. pytest-memray limits what one call stack of a test's body may leave, and
shows that stack, native frames included. A threshold on tracemalloc is what teams write first.

A test that fails is a finding: without any of them all pass ("bare"). Seconds, and those of
CPU, are of the whole process, the best of `ROUNDS`.
"""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.planted.calls import LEAKY_CALLS
from tests.planted.running import DETECT, INNOCENTS, LEAKS, Outcomes, run_planted

ROUNDS = 2
PSLEAK = {"PYTHONMALLOC": "malloc", "PYTHONUNBUFFERED": "1", "PLANTED_CYCLES": "allowed"}
MEMRAY = ("-p", "pytest_memray.plugin", "-p", "tests.planted.with_memray", "--hide-memray-summary")


@dataclass(frozen=True, slots=True)
class Way:
    """How a suite is run: files, further options of pytest, further environment."""

    files: tuple[str, ...]
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Score:
    """What one way found of the leaks that it was given, and what it said of the innocents."""

    found: int
    missed: int
    false_alarms: int
    innocents: int
    seconds: float
    cpu_s: float


SUITE = (*LEAKS, *INNOCENTS)
ONCE = {
    "bare": Way(SUITE),
    "leakprobe --detect-leaks": Way(SUITE, DETECT),
    "psleak": Way(SUITE, ("-p", "tests.planted.with_psleak"), PSLEAK),
    "pytest-memray limit_leaks": Way(SUITE, MEMRAY),
    "tracemalloc threshold": Way(SUITE, ("-p", "tests.planted.with_tracemalloc")),
}
AGAIN_AND_AGAIN = {
    "leakprobe memory_leak_test": Way(("with_leakprobe.py",)),
    "psleak": Way(("with_psleak.py",), environment=PSLEAK),
    "pytest-memray, 100 KB": Way(("with_memray.py",), MEMRAY, {"PLANTED_LIMIT": "100 KB"}),
    "pytest-memray, 10 KB": Way(("with_memray.py",), MEMRAY, {"PLANTED_LIMIT": "10 KB"}),
    "tracemalloc, 5 MB": Way(("with_tracemalloc.py",)),
    "tracemalloc, 0.1 MB": Way(("with_tracemalloc.py",), environment={"PLANTED_LIMIT": "0.1"}),
}


def scores(ways: Mapping[str, Way], leaks: frozenset[str]) -> dict[str, Score]:
    """Run each; `leaks` are the names of the tests that leak."""
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.xml"
        return {
            name: score(
                [
                    run_planted(way.files, *way.options, report=report, environment=way.environment)
                    for _ in range(ROUNDS)
                ],
                leaks,
            )
            for name, way in ways.items()
        }


def score(runs: list[Outcomes], leaks: frozenset[str]) -> Score:
    """The last run's findings, the best run's seconds."""
    last = runs[-1]
    given = frozenset(last.ran) - frozenset(last.not_given)
    flagged = given.intersection(last.flagged)
    return Score(
        found=len(flagged & leaks),
        missed=len((given & leaks) - flagged),
        false_alarms=len(flagged - leaks),
        innocents=len(given - leaks),
        seconds=min(run.seconds for run in runs),
        cpu_s=min(run.cpu_s for run in runs),
    )


def names_of_leaks() -> frozenset[str]:
    """Names of all planted tests and calls that leak."""
    with tempfile.TemporaryDirectory() as directory:
        ran = run_planted(LEAKS, report=Path(directory) / "report.xml").ran
    return frozenset(ran) | {f"test_call[{name}]" for name in LEAKY_CALLS}


def table(title: str, found: Mapping[str, Score]) -> str:
    """Text, one line for each way."""
    head = f"{title:34}{'found':>7}{'missed':>8}{'false alarms':>15}{'seconds':>9}{'CPU s':>8}"
    rows = [
        f"{name:34}{score.found:7}{score.missed:8}"
        f"{f'{score.false_alarms} of {score.innocents}':>15}{score.seconds:9.1f}{score.cpu_s:8.1f}"
        for name, score in found.items()
    ]
    return "\n".join([head, *rows])


def report() -> str:
    """Both tables."""
    leaks = names_of_leaks()
    return "\n\n".join(
        [
            table("each test once", scores(ONCE, leaks)),
            table("functions called again and again", scores(AGAIN_AND_AGAIN, leaks)),
        ]
    )


@pytest.mark.benchmark
@pytest.mark.timeout(900)
def test_peers(capsys: pytest.CaptureFixture[str]) -> None:
    text = report()
    with capsys.disabled():
        print(f"\n{text}")  # noqa: T201 - the figures are what it is for


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}\n{report()}")  # noqa: T201 - as above
