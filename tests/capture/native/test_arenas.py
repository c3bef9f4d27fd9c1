"""Pymalloc's own report, below every hook and without disturbing one."""

import subprocess
import sys

import pytest

from tests.native import needs_sampler

pytestmark = needs_sampler

SAMPLED = """
import sys
from leakprobe.capture._native import _sampler

def used():
    report = _sampler.pymalloc_report()
    line = next(line for line in report.splitlines() if "allocated blocks" in line)
    return int(line.rpartition("=")[2].replace(",", ""))

_sampler.start(1, 8, None)  # every allocation is a sample
held = [bytearray(200) for _ in range(1000)]
before = _sampler.counters()
reports = [used() for _ in range(50)]
after = _sampler.counters()
del held
freed = _sampler.counters().freed - after.freed
print(_sampler.is_hooked(), after.lost, max(reports) - min(reports) < 100_000, freed >= 1000)
"""

UNKNOWN = """
from leakprobe.capture._native import _sampler
print(_sampler.pymalloc_report())
"""

SUB_INTERPRETER = """
import importlib
from leakprobe.capture._native import _sampler
interpreters = importlib.import_module(
    "_interpreters" if importlib.util.find_spec("_interpreters") else "_xxsubinterpreters"
)
before = _sampler.pymalloc_report()
sub = interpreters.create()
during = _sampler.pymalloc_report()
interpreters.destroy(sub)
print(before is None, during is None, _sampler.pymalloc_report() is None)
"""


def run(script: str, *options: str, allocator: str = "pymalloc") -> str:
    """What a script prints, with that allocator, whichever these tests run with."""
    command = [sys.executable, *options, "-c", "import importlib.util\n" + script]
    done = subprocess.run(
        ["env", f"PYTHONMALLOC={allocator}", *command],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


def test_samples_stay_whole_while_the_hook_steps_aside() -> None:
    assert run(SAMPLED) == "True 0 True True"


@pytest.mark.parametrize("allocator", ["malloc", "malloc_debug"])
def test_without_pymalloc_there_is_no_report(allocator: str) -> None:
    assert run(UNKNOWN, allocator=allocator) == "None"


def test_the_debug_allocator_has_pymalloc_below_it() -> None:
    assert "# bytes in allocated blocks" in run(UNKNOWN, allocator="pymalloc_debug")


def test_below_a_hook_that_was_there_first_it_is_not_known() -> None:
    assert run(UNKNOWN, "-X", "tracemalloc") == "None"


def test_beside_a_sub_interpreter_nobody_steps_aside() -> None:
    assert run(SUB_INTERPRETER) == "False True False"
