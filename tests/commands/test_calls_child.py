"""What the process that runs somebody's code answers, whatever that code does."""

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from leakprobe.commands.calls_child import answer
from leakprobe.commands.child_task import ChildTask, Planned

SCRIPT = """
made = []

def count():
    made.append(len(made))

def fail():
    count()
    if len(made) > 2:
        raise ValueError("no sound")

async def fail_async():
    fail()

def quit():
    raise SystemExit(4)

HYPOTHESES = [
    ("counts", count, fail, (), 4, 0),
    ("fails", fail),
    ("fails later", fail_async),
    ("quits", quit),
    ("needs", count, "surely_not_there"),
    {"name": "noted", "call": {"only": count}, "note": 3},
]
"""


@pytest.fixture(autouse=True)
def _collections_are_short() -> Iterator[None]:
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    path = tmp_path / "planted_audit.py"
    path.write_text(SCRIPT)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield str(path)
    for name in [name for name in sys.modules if name.startswith("planted_audit")]:
        del sys.modules[name]


def test_the_hypotheses_of_a_script(script: str) -> None:
    plan = answer(ChildTask("list", script, 200, 20)).plan
    assert plan is not None
    assert plan[0] == Planned("counts", ("count", "fail"), "")
    assert plan[-1] == Planned("noted", ("only",), "3")


def test_a_way_is_called_as_often_as_its_hypothesis_says(script: str) -> None:
    report = answer(ChildTask("way", script, 200, 20)).report
    assert report is not None
    assert (report.name, report.warmup) == ("counts: count", 0)
    assert 4 <= report.calls_in_all < 100


def test_and_else_as_often_as_asked(script: str) -> None:
    report = answer(ChildTask("way", script, 5, 1, hypothesis=5, times=2)).report
    assert report is not None
    assert (report.name, report.warmup) == ("noted", 1)
    assert 11 <= report.calls_in_all < 100


@pytest.mark.parametrize("hypothesis", [1, 2])
def test_what_the_code_raises_is_told_with_the_call_and_the_line(
    script: str, hypothesis: int
) -> None:
    found = answer(ChildTask("way", script, 5, 1, hypothesis=hypothesis))
    assert found.failed == "raised ValueError: no sound (call 3, planted_audit.py:10)"
    assert "in fail" in found.traceback
    assert "leakprobe/testing" not in found.traceback


def test_code_that_ends_the_process(script: str) -> None:
    found = answer(ChildTask("way", script, 5, 1, hypothesis=3))
    assert found.failed == "raised SystemExit: 4 (call 1, planted_audit.py:16)"


def test_what_is_missing(script: str) -> None:
    found = answer(ChildTask("way", script, 5, 1, hypothesis=4))
    assert found.missing is not None
    assert "surely_not_there" in found.missing


def test_a_target_from_a_directory_of_its_own(script: str) -> None:
    directory = (str(Path(script).parent),)
    report = answer(ChildTask("target", "planted_audit:count", 5, 1, (), directory)).report
    assert report is not None
    assert report.name == "planted_audit:count"


def test_what_cannot_be_asked(script: str) -> None:
    assert "no file" in str(answer(ChildTask("list", f"{script}x", 5, 1)).refused)
    assert "write MODULE:CALLABLE" in str(answer(ChildTask("target", "x", 5, 1)).refused)
