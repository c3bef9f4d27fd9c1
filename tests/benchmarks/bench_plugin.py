"""What `--detect-leaks` costs over 500 fast tests.

    python -m tests.benchmarks.bench_plugin [RUNS]

Runs take turns: without, with, without, with. `tests` is the time that pytest itself says
it took, from collection to the last test; `process` is the CPU time of the whole process,
which with detection imports what measures.
"""

import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

TESTS = 500
RUNS = 7
ROOT = Path(__file__).parents[2]
MODES = {"without": (), "--detect-leaks": ("--detect-leaks",)}
TOOK = re.compile(r"passed in ([\d.]+)s")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of all tests, in seconds."""

    tests_s: float
    process_s: float


def write_tests(directory: Path) -> None:
    """Tests that do next to nothing, in one file."""
    bodies = (f"def test_{n}():\n    assert {n} == {n}\n" for n in range(TESTS))
    (directory / "test_fast.py").write_text("\n\n".join(bodies), encoding="utf-8")


def one_run(directory: Path, options: tuple[str, ...]) -> Run:
    """Run them all, with no other plugin than ours."""
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, *options]
    environment = {
        **os.environ,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_PLUGINS": "leakprobe.testing.pytest_plugin",
        "PYTHONPATH": str(ROOT),
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = TOOK.search(ended.stdout)
    if took is None:
        raise RuntimeError(ended.stdout)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(tests_s=float(took[1]), process_s=cpu_s)


def measure(runs: int) -> dict[str, list[Run]]:
    """Both modes in turns; the first run of each fills the caches of bytecode."""
    found: dict[str, list[Run]] = {mode: [] for mode in MODES}
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write_tests(directory)
        for number in range(runs + 1):
            for mode, options in MODES.items():
                run = one_run(directory, options)
                if number:
                    found[mode].append(run)
    return found


def report(found: dict[str, list[Run]]) -> str:
    """The table of medians, and how many times the time it takes."""
    lines = [f"{f'{TESTS} tests':<16}{'tests':>10}{'process':>10}"]
    columns = {
        mode: [
            statistics.median(run.tests_s for run in runs),
            statistics.median(run.process_s for run in runs),
        ]
        for mode, runs in found.items()
    }
    for mode, (tests_s, process_s) in columns.items():
        lines.append(f"{mode:<16}{tests_s:>8.2f} s{process_s:>8.2f} s")
    without, detecting = columns.values()
    ratios = [after / before for before, after in zip(without, detecting, strict=True)]
    lines.append(f"{'times':<16}{ratios[0]:>9.2f}x{ratios[1]:>9.2f}x")
    return "\n".join(lines)


@pytest.mark.benchmark
def test_what_detection_costs_over_fast_tests(capsys: pytest.CaptureFixture[str]) -> None:
    found = measure(runs=RUNS)
    with capsys.disabled():
        print(f"\n{report(found)}")  # noqa: T201 - the figures are what it is for
    assert all(len(runs) == RUNS for runs in found.values())


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}")  # noqa: T201
    print(report(measure(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS)))  # noqa: T201
