"""The example tests: red with the leaky service, green with the fixed one, and only so."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples" / "tests"


def outcomes(report: Path, *options: str) -> dict[str, set[str]]:
    """Parts of the tests' names in brackets, by outcome, of a run as a reader starts it."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "examples/tests", f"--junit-xml={report}"),
            *("-p", "leakprobe.testing.pytest_plugin", "-p", "pytest_asyncio.plugin"),
            *("-p", "no:cacheprovider", *options),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found: dict[str, set[str]] = {"passed": set(), "failed": set()}
    for case in ET.parse(report).iter("testcase"):
        bad = case.find("failure") is not None or case.find("error") is not None
        found["failed" if bad else "passed"].add(case.attrib["name"])
    return found


def assert_red_and_green(found: dict[str, set[str]], tests: int) -> None:
    assert len(found["failed"]) == len(found["passed"]) == tests
    assert all(name.endswith("[leaky]") for name in found["failed"])
    assert all(name.endswith("[fixed]") for name in found["passed"])


def test_unit_tests_are_red_with_the_leak_and_green_without(tmp_path: Path) -> None:
    assert_red_and_green(outcomes(tmp_path / "unit.xml", "-m", "unit"), tests=4)


@pytest.mark.slow
def test_all_are_red_with_the_leak_and_green_without(tmp_path: Path) -> None:
    assert_red_and_green(outcomes(tmp_path / "all.xml"), tests=7)


@pytest.mark.slow
@pytest.mark.parametrize(("marker", "tests"), [("leak1", 3), ("leak2", 2), ("leak3", 2)])
def test_each_leak_has_its_marker(tmp_path: Path, marker: str, tests: int) -> None:
    assert_red_and_green(outcomes(tmp_path / "leak.xml", "-m", marker), tests)
