"""What is shown of a leak beyond its size: allocations, holders and a flame graph."""

import traceback
from typing import TYPE_CHECKING, Protocol

import pytest

from leakprobe.errors import LeakprobeError
from leakprobe.model.calls import BYTES_PER_MB
from leakprobe.testing.plugin.outcome import Outcome, failure_text, report_text

if TYPE_CHECKING:
    from pathlib import Path

    from leakprobe.testing.allocations import Allocation
    from leakprobe.testing.plugin.allocations import AllocationTrace

__all__ = ["Evidence", "Graphs"]

MOST_ROWS = 10
MOST_HOLDERS = 10
LEAST_BYTES = 5000  # reads as 0.01 MB
# Of the growth: lines of Python that have allocated less do not explain it.
LEAST_SHARE = 0.1
HINT = "Run with --leak-report for details."


class Graphs(Protocol):
    """Makes flame graphs, as `memray_graph.MemrayGraphs`."""

    def start(self, item: pytest.Item) -> None:
        """The test begins."""

    def finish(self, item: pytest.Item, guilty: bool) -> "Path | None":
        """The test is over; the graph's file where there is one."""


class Evidence:
    """Collects evidence while each test runs, and words the failure of one that leaks.

    Args:
        trace: traces allocations; None: they are not asked for.
        graphs: makes flame graphs; None: as above.
    """

    def __init__(self, trace: "AllocationTrace | None", graphs: Graphs | None) -> None:
        self._trace = trace
        self._graphs = graphs
        self._allocations: tuple[str, ...] = ()
        self._allocated_bytes = 0
        self._holders: tuple[str, ...] = ()
        self._missing: str | None = None

    def start(self) -> None:
        """The first test is about to run: what tracing needs only once is there before it."""
        if self._trace is not None:
            self._trace.start()
            self._trace.mark()
            self._trace.lines_since_mark(MOST_ROWS)

    def stop(self) -> None:
        """The last one has run."""
        if self._trace is not None:
            self._trace.stop()

    def begin(self, item: pytest.Item) -> None:
        """A test begins."""
        self._allocations, self._holders, self._missing = (), (), None
        self._allocated_bytes = 0
        if self._trace is not None:
            self._trace.mark()
        if self._graphs is not None:
            self._graphs.start(item)

    @property
    def traces(self) -> bool:
        """Whether allocations are traced."""
        return self._trace is not None

    def look(self) -> None:
        """The test seems to leak: read its lines and who holds what they allocated."""
        if self._trace is None:
            return
        try:
            rows = self._trace.lines_since_mark(MOST_ROWS)
            self._allocated_bytes = sum(row.bytes for row in rows)
            self._allocations = tuple(_row(row) for row in rows if row.bytes >= LEAST_BYTES)
            self._holders = self._trace.holders(MOST_HOLDERS)
        except Exception as error:  # noqa: BLE001  # a leak is not lost because its evidence is
            self._missing = _reason(error)

    def forget(self) -> None:
        """Drop what was traced: its tables take more than they say, as if it were growth."""
        if self._trace is not None:
            self._trace.mark()

    def end(self, item: pytest.Item, outcome: Outcome | None) -> str | None:
        """A test is over.

        Returns:
            Why it fails; None: it does not.
        """
        leaked = outcome is not None and outcome.leaked
        graph = self._graph(item, leaked=leaked)
        if outcome is None or not leaked:
            return None
        return "\n".join([self._text(item, outcome), *graph])

    def _graph(self, item: pytest.Item, *, leaked: bool) -> list[str]:
        """Where the flame graph is, or why there is none."""
        if self._graphs is None:
            return []
        try:
            file = self._graphs.finish(item, leaked)
        except Exception as error:  # noqa: BLE001  # as above
            return [f"There is no flame graph: {_reason(error)}"]
        return [] if file is None else [f"Flame graph: {file}"]

    def _text(self, item: pytest.Item, outcome: Outcome) -> str:
        if self._trace is None:
            return failure_text(outcome, HINT)
        if self._missing is not None:
            return failure_text(outcome, f"There is no report: {self._missing}")
        if self._allocated_bytes < outcome.growth_mb * BYTES_PER_MB * LEAST_SHARE:
            return report_text(item.nodeid, outcome, (), ())
        return report_text(item.nodeid, outcome, self._allocations, self._holders)


def _row(allocation: "Allocation") -> str:
    size = f"{allocation.bytes / BYTES_PER_MB:.2f}"
    return f"+{size} MB: {allocation.file}:{allocation.line}"


def _reason(error: Exception) -> str:
    """What went wrong: the one line of an error of ours, the type as well of any other."""
    if isinstance(error, LeakprobeError):
        return str(error)
    return "".join(traceback.format_exception_only(error)).strip()
