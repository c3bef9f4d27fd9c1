"""Innocent tests, in the planted suite: not one false alarm, however often they run."""

from pathlib import Path

import pytest

from tests.planted.running import DETECT, INNOCENTS, LEAKS, run_planted

RUNS = 10


def test_no_false_alarm_in_one_run(tmp_path: Path) -> None:
    # A large package is imported in the slow test only.
    few = ("-k", "not third_party")
    found = run_planted(INNOCENTS, *DETECT, *few, report=tmp_path / "report.xml")
    assert len(found.ran) >= 20
    assert found.flagged == {}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_false_alarm_in_ten_runs(tmp_path: Path) -> None:
    runs = [run_planted(INNOCENTS, *DETECT, report=tmp_path / f"{n}.xml") for n in range(RUNS)]
    assert [run.flagged for run in runs] == [{}] * RUNS


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("option", ["--detect-leaks", "--leak-iterations=5"])
def test_every_leak_between_innocents_is_found(tmp_path: Path, option: str) -> None:
    alone = run_planted(LEAKS, report=tmp_path / "alone.xml")
    assert alone.flagged == {}
    found = run_planted((*LEAKS, *INNOCENTS), *DETECT, option, report=tmp_path / "together.xml")
    assert sorted(found.flagged) == sorted(alone.ran)
    assert all("Memory leak detected" in said for said in found.flagged.values())
