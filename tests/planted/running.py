"""Runs the planted suite, or a part of it, in a process of its own."""

import os
import resource
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DETECT", "INNOCENTS", "LEAKS", "NOT_GIVEN", "Outcomes", "run_planted"]

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LEAKS = ("leaks.py",)
INNOCENTS = ("innocents.py", "innocent_fixtures.py")
# None of the settings of the tests around them, and of plugins only what the suite needs.
OPTIONS = (
    *("-c", os.devnull, f"--rootdir={HERE}", f"--confcutdir={HERE}"),
    *("-o", "python_files=*.py", "-o", "asyncio_mode=strict"),
    *("-o", "asyncio_default_fixture_loop_scope=function"),
    *("-q", "-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin"),
)
DETECT = ("-p", "leakprobe.testing.pytest_plugin", "--detect-leaks")
TIMEOUT_S = 600
NOT_GIVEN = "not given"


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What a run said.

    Attributes:
        ran: names of all tests, as `test_x` or `test_x[parameter]`.
        flagged: those that failed or had an error, each with what was said about it.
        not_given: those that were left out, with their reason (property `NOT_GIVEN`).
        seconds: from the start of the process to its end.
        cpu_s: its CPU time, and that of its children.
        text: what the run printed.
    """

    ran: tuple[str, ...]
    flagged: Mapping[str, str]
    not_given: Mapping[str, str]
    seconds: float
    cpu_s: float
    text: str


def run_planted(
    files: Iterable[str],
    *options: str,
    report: Path,
    environment: Mapping[str, str] | None = None,
) -> Outcomes:
    """Run these files with these further options of pytest; `report` is a file to write to.

    Raises:
        RuntimeError: the run was no run of tests.
    """
    command = [
        *(sys.executable, "-m", "pytest", *OPTIONS, f"--junit-xml={report}", *options),
        *(str(HERE / file) for file in files),
    ]
    own = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        **(environment or {}),
    }
    began, cpu_s = time.perf_counter(), _cpu_of_children_s()
    done = subprocess.run(
        command, env=own, cwd=HERE, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
    )
    seconds = time.perf_counter() - began
    if done.returncode not in {0, 1}:
        raise RuntimeError(f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    cases = list(ET.parse(report).iter("testcase"))
    said = {case.attrib["name"]: _said(case) for case in cases}
    return Outcomes(
        ran=tuple(said),
        flagged={name: text for name, text in said.items() if text},
        not_given={
            case.attrib["name"]: one.attrib["value"]
            for case in cases
            for one in case.iter("property")
            if one.get("name") == NOT_GIVEN
        },
        seconds=seconds,
        cpu_s=_cpu_of_children_s() - cpu_s,
        text=done.stdout,
    )


def _cpu_of_children_s() -> float:
    """Of those that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _said(case: ET.Element) -> str:
    wrong = [*case.findall("failure"), *case.findall("error")]
    return "\n".join(f"{one.get('message')}\n{one.text}" for one in wrong)
