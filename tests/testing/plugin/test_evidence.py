"""A leak is told even where its evidence could not be had."""

from pathlib import Path
from typing import cast

import pytest

from leakprobe.errors import NotAvailable
from leakprobe.testing.allocations import Allocation
from leakprobe.testing.plugin.allocations import AllocationTrace
from leakprobe.testing.plugin.evidence import Evidence
from leakprobe.testing.plugin.outcome import Outcome

LEAK = Outcome(growth_mb=8.42, threshold_mb=5.0, leaked=True, repetition=None)
FINE = Outcome(growth_mb=0.1, threshold_mb=5.0, leaked=False, repetition=None)
FIRST = "Memory leak detected: 8.42 MB growth (threshold: 5.00 MB)."


class BrokenTrace:
    def mark(self) -> None: ...

    def lines_since_mark(self, limit: int) -> tuple[()]:
        raise NotAvailable("tracemalloc was stopped by the test")


class SmallTrace:
    """Knows a line of Python that allocated next to nothing."""

    def mark(self) -> None: ...

    def lines_since_mark(self, limit: int) -> tuple[Allocation, ...]:
        return (Allocation("/x.py", 3, 9000, 10),)

    def holders(self, limit: int) -> tuple[str, ...]:
        return ("x.kept: list holds 9.0 kB",)


class Graphs:
    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    def start(self, item: pytest.Item) -> None: ...

    def finish(self, item: pytest.Item, guilty: bool) -> Path | None:
        if self._file is None:
            raise ValueError("no space left")
        return self._file if guilty else None


def test_nothing_is_said_of_a_test_that_does_not_leak(request: pytest.FixtureRequest) -> None:
    evidence = Evidence(None, Graphs(Path("graph.html")))
    assert evidence.end(request.node, FINE) is None
    assert evidence.end(request.node, None) is None


def test_a_leak_without_a_trace_says_how_to_get_one(request: pytest.FixtureRequest) -> None:
    said = Evidence(None, Graphs(Path("graph.html"))).end(request.node, LEAK)
    assert said == f"{FIRST}\nRun with --leak-report for details.\nFlame graph: graph.html"


def test_evidence_that_fails_is_named_and_the_leak_stays(request: pytest.FixtureRequest) -> None:
    evidence = Evidence(cast("AllocationTrace", BrokenTrace()), Graphs())
    evidence.begin(request.node)
    evidence.look()
    assert evidence.end(request.node, LEAK) == (
        f"{FIRST}\n"
        "There is no report: tracemalloc was stopped by the test\n"
        "There is no flame graph: ValueError: no space left"
    )


def test_lines_that_explain_nothing_are_not_shown(request: pytest.FixtureRequest) -> None:
    evidence = Evidence(cast("AllocationTrace", SmallTrace()), None)
    evidence.begin(request.node)
    evidence.look()
    said = evidence.end(request.node, LEAK)
    assert said is not None
    assert said.endswith("Top 10 memory allocations:\n  none of Python: C code has allocated it")
