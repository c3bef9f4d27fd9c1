"""Tests that leak are found, and no other: planted among all that looks like a leak."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

KINDS = Path(__file__).with_name("kinds_of_tests.py")
PLANTED_MB = 8.42
GROWTH = re.compile(r"Memory leak detected: ([\d.]+) MB growth \(threshold: ([\d.]+) MB\)\.")


@dataclass(frozen=True, slots=True)
class Judged:
    """What a run said about one test."""

    properties: dict[str, str]
    failure: str | None


def read_report(report: Path) -> dict[str, Judged]:
    """A JUnit file, by test."""
    found: dict[str, Judged] = {}
    for case in ET.parse(report).iter("testcase"):
        errors = [*case.findall("error"), *case.findall("failure")]
        properties = [(one.attrib["name"], one.attrib["value"]) for one in case.iter("property")]
        assert len(properties) == len(dict(properties)), "each property stands once"
        name = case.attrib["name"]
        assert name not in found
        found[name] = Judged(dict(properties), errors[0].text if errors else None)
    return found


def run(pytester: pytest.Pytester, *options: str) -> tuple[pytest.RunResult, dict[str, Judged]]:
    shutil.copy(KINDS, pytester.path / "test_kinds.py")
    result = pytester.runpytest_subprocess(
        *("-q", "-p", "leakprobe", "-p", "no:cacheprovider", "--junitxml=report.xml"),
        *("-W", "ignore", "--detect-leaks", *options),
        timeout=100,
    )
    return result, read_report(pytester.path / "report.xml")


@pytest.fixture(autouse=True)
def _no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def leaks(judged: dict[str, Judged]) -> dict[str, float]:
    """Tests that failed as leaks, with their growth in MB."""
    found = {name: GROWTH.search(one.failure) for name, one in judged.items() if one.failure}
    others = [name for name, match in found.items() if match is None]
    assert others == []
    return {name: float(match[1]) for name, match in found.items() if match is not None}


def test_leaks_are_found_and_nothing_else(pytester: pytest.Pytester) -> None:
    result, judged = run(pytester)
    found = leaks(judged)
    planted = {name for name in judged if name.startswith("test_leak")}
    assert len(planted) == 10
    assert set(found) == planted
    assert found == {name: pytest.approx(PLANTED_MB, abs=0.2) for name in planted}
    assert result.ret == 1
    assert result.parseoutcomes()["errors"] == len(planted)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_leak*",
            "Memory leak detected: 8.4? MB growth (threshold: 5.00 MB).",
            "Run with --leak-report for details.",
            "*= memory growth =*",
            "LEAK *+8.4? MB (threshold: 5.00 MB)  test_kinds.py::*test_leak*",
            "and 2 tests more",
            "30 tests watched, 10 leaks (memory in use, from allocators)",
            "ERROR test_kinds.py::test_leak - Failed: Memory leak detected: 8.4*",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    of_leak = judged["test_leak"].properties
    assert float(of_leak["leak_growth_mb"]) == pytest.approx(PLANTED_MB, abs=0.2)
    assert (of_leak["leak_threshold_mb"], of_leak["leak_detected"]) == ("5.0", "True")
    assert float(judged["test_empty"].properties["leak_growth_mb"]) < 0.05
    assert judged["test_empty"].properties["leak_detected"] == "False"
    for name in ("test_not_judged", "test_of_a_marked_class", "test_skips"):
        assert judged[name].properties == {}
    assert judged["test_below_its_own_threshold"].properties["leak_threshold_mb"] == "10.0"


@pytest.mark.slow
def test_the_same_at_a_threshold_of_half_a_megabyte_in_two_processes(
    pytester: pytest.Pytester,
) -> None:
    result, judged = run(pytester, "-p", "xdist", "-n", "2", "--leak-threshold-mb=0.5")
    assert set(leaks(judged)) == {name for name in judged if name.startswith("test_leak")}
    result.stdout.fnmatch_lines(["*= memory growth =*", "30 tests watched, 10 leaks (*"])
