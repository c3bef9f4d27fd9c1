"""CPython's own tests pass while every interpreter that they start is sampled at 4 KiB.

A test counts that passes without the sampler, too. One that fails may fail for other
reasons (some of them are about time): it is run again by itself, and has failed if it
never passes. An interpreter that dies is not run again.
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from leakprobe.capture.native import PACKAGE
from tests.native import needs_sampler
from tests.nothing_breaks.regression_tests import Outcome, Run

SAMPLE_BYTES = 4096
LONGEST_S = 300.0
MORE_TRIES = 2
# The rest of test_asyncio takes longer than all of these.
ASYNCIO = [
    "test_asyncio",
    "-m",
    "*.test_tasks.*",
    "-m",
    "*.test_base_events.*",
    "-m",
    "*.test_queues.*",
]
MODULES = {
    "collector and containers": ["test_gc", "test_dict", "test_list", "test_set", "test_weakref"],
    "threads": ["test_threading"],
    "asyncio": ASYNCIO,
    "json and io": ["test_json", "test_io"],
    "processes": ["test_fork1", "test_subprocess"],
    "tracemalloc": ["test_tracemalloc"],
}

pytestmark = [
    needs_sampler,
    pytest.mark.slow,
    pytest.mark.timeout(2 * LONGEST_S),
    pytest.mark.skipif(
        importlib.util.find_spec("test.test_gc") is None,
        reason="this build of Python has no tests of its own",
    ),
]


@pytest.fixture
def sampler_file() -> str:
    spec = importlib.util.find_spec(f"{PACKAGE}._sampler")
    assert spec is not None
    assert spec.origin is not None
    return spec.origin


@pytest.mark.parametrize("modules", MODULES.values(), ids=MODULES)
def test_what_passes_without_the_sampler_passes_with_it(
    modules: list[str], sampler_file: str, tmp_path: Path
) -> None:
    with (
        Run(tmp_path / "control", sampler_file, 0, modules) as control_run,
        Run(tmp_path / "sampled", sampler_file, SAMPLE_BYTES, modules) as sampled_run,
    ):
        control, sampled = control_run.outcome(LONGEST_S), sampled_run.outcome(LONGEST_S)
    assert len(control.passed) > 10, control.said
    assert control.sampled == 0
    assert sampled.sampled > 1000
    assert sampled.exit_code >= 0, sampled.said
    failed = control.passed - sampled.passed
    for again in _again(modules, failed, sampler_file, tmp_path):
        failed -= again.passed
    assert not failed, sampled.said


def _again(
    modules: list[str], failed: frozenset[str], sampler_file: str, folder: Path
) -> Iterator[Outcome]:
    names = [name for name in modules if name.startswith("test_")]
    names += [part for name in sorted(failed) for part in ("-m", name)]
    for number in range(MORE_TRIES if failed else 0):
        with Run(folder / f"again {number}", sampler_file, SAMPLE_BYTES, names) as run:
            yield run.outcome(LONGEST_S)
