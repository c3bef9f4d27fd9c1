"""Runs CPython's own tests (`python -m test`) and reads what they said."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

HERE = Path(__file__).parent
LONGEST_TEST_S = 120
INHERITED = {k: v for k, v in os.environ.items() if not k.startswith(("LEAKPROBE_", "PYTHON"))}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of tests came to.

    Attributes:
        exit_code: of regrtest; negative: the signal that ended it.
        passed: names of the tests that passed.
        said: what it wrote.
        sampled: samples taken by interpreters that ended in order.
    """

    exit_code: int
    passed: frozenset[str]
    said: str
    sampled: int


class Run:
    """Tests that run, with every interpreter sampling, or with none.

    Args:
        folder: where to put what it writes; must not exist.
        sampler_file: the extension, which is loaded in both cases.
        sample_bytes: the sample interval; 0: nothing is sampled.
        modules: names of test modules; what follows are more arguments for regrtest.
    """

    def __init__(
        self, folder: Path, sampler_file: str, sample_bytes: int, modules: Sequence[str]
    ) -> None:
        self._counters, self._results = folder / "counters", folder / "results.xml"
        self._counters.mkdir(parents=True)
        self._log = folder / "log"
        where = [f"--timeout={LONGEST_TEST_S}", f"--junit-xml={self._results}"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "test", *where, *modules],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env={
                    **INHERITED,
                    "PYTHONPATH": str(HERE / "sampled_interpreter"),
                    "SAMPLER_FILE": sampler_file,
                    "SAMPLE_BYTES": str(sample_bytes),
                    "COUNTERS_FOLDER": str(self._counters),
                },
            )

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def outcome(self, longest_s: float) -> Outcome:
        """Wait for the end."""
        code = self._process.wait(longest_s)
        return Outcome(
            exit_code=code,
            passed=frozenset(_passed(self._results)) if self._results.exists() else frozenset(),
            said=self._log.read_text(errors="replace"),
            sampled=sum(int(file.read_text() or 0) for file in self._counters.iterdir()),
        )


def _passed(results: Path) -> list[str]:
    """Names of the tests that ran to their end and were not skipped."""
    return [
        case.get("name", "")
        for case in ET.parse(results).iter("testcase")
        if case.get("result") == "completed" and len(case.findall("*")) == _outputs(case)
    ]


def _outputs(case: ET.Element) -> int:
    """How many of its elements only keep what it wrote."""
    return len(case.findall("system-out")) + len(case.findall("system-err"))
