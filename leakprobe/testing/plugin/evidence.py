"""What is shown of a leak beyond its size: allocations, holders and a flame graph."""

from typing import TYPE_CHECKING, Protocol

import pytest

from leakprobe.testing.plugin.outcome import Outcome, failure_text, report_text

if TYPE_CHECKING:
    from pathlib import Path

    from leakprobe.testing.plugin.allocations import AllocationTrace

__all__ = ["Evidence", "Graphs"]

MOST_ROWS = 10
MOST_HOLDERS = 10
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

    def start(self) -> None:
        """The first test is about to run."""
        if self._trace is not None:
            self._trace.start()

    def stop(self) -> None:
        """The last one has run."""
        if self._trace is not None:
            self._trace.stop()

    def begin(self, item: pytest.Item) -> None:
        """A test begins."""
        if self._trace is not None:
            self._trace.mark()
        if self._graphs is not None:
            self._graphs.start(item)

    def end(self, item: pytest.Item, outcome: Outcome | None) -> str | None:
        """A test is over.

        Returns:
            Why it fails; None: it does not.
        """
        leaked = outcome is not None and outcome.leaked
        graph = None if self._graphs is None else self._graphs.finish(item, leaked)
        if outcome is None or not outcome.leaked:
            return None
        text = self._text(item, outcome)
        return text if graph is None else f"{text}\nFlame graph: {graph}"

    def _text(self, item: pytest.Item, outcome: Outcome) -> str:
        if self._trace is None:
            return failure_text(outcome, [HINT])
        rows = self._trace.lines_since_mark(MOST_ROWS)
        shown = [f"+{row.bytes / 1e6:.2f} MB: {row.file}:{row.line}" for row in rows]
        return report_text(item.nodeid, outcome, shown, self._trace.holders(MOST_HOLDERS))
