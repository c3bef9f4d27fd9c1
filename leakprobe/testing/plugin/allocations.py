"""What a test has allocated and left behind: its lines, and who holds it.

For the time of a run tracemalloc records every allocation. At the beginning of each test
the record is thrown away, so that what stands in it at the end was allocated by that test
and no snapshot has to be compared. A tracemalloc that somebody else has started loses
nothing: there two readings are compared.
"""

import tracemalloc

from leakprobe.errors import LeakprobeError, NotAvailable
from leakprobe.testing.allocations import Allocation
from leakprobe.testing.allocations import AllocationTrace as Traced
from leakprobe.testing.plugin.holders import find_holders

__all__ = ["AllocationTrace"]

EVERY_LINE = 10**9
# Of all that has grown; what is less is what pytest keeps of a test.
LEAST_SHARE = 0.01
# As many as can have that share each.
MOST_KEPT = 100


class AllocationTrace:
    """Traces from `start` to `stop`, test by test."""

    def __init__(self) -> None:
        self._trace: Traced | None = None
        self._somebody_elses = False
        self._found: tuple[tuple[Allocation, ...], int] | None = None

    def start(self) -> None:
        """Begin to trace."""
        if self._trace is None:
            self._somebody_elses = tracemalloc.is_tracing()
            self._trace = Traced()
            self._trace.start()

    def stop(self) -> None:
        """Trace no more, unless somebody else had begun it; twice is once."""
        if self._trace is not None:
            self._trace.stop()
            self._trace = None

    def mark(self) -> None:
        """A test begins. Where the record is ours, its memory is given back."""
        self._found = None
        if self._trace is None or self._somebody_elses or not tracemalloc.is_tracing():
            self._trace = None
            self.start()
        if not self._somebody_elses:
            tracemalloc.clear_traces()

    def lines_since_mark(self, limit: int = 10) -> tuple[Allocation, ...]:
        """The lines of what was allocated since the mark and lives, the largest first.

        A line is of the user's code, where such code is on the stack. What leakprobe
        allocated is left out, and so are lines with less than a hundredth of it all. The
        record is read once for each mark.

        Raises:
            NotAvailable: nothing traces, or the test has stopped tracemalloc.
        """
        rows, grown_bytes = self._read()
        return tuple(row for row in rows[:limit] if row.bytes >= LEAST_SHARE * grown_bytes)

    def holders(self, limit: int = 3) -> tuple[str, ...]:
        """Who holds what was allocated since the mark: `test_x.cache: dict holds 8.42 MB`.

        Walks the heap in a copy of the process. Where that cannot be done, the one line
        says why.
        """
        try:
            _, grown_bytes = self._read()
            return find_holders(grown_bytes, limit=limit, traced=not self._somebody_elses)
        except LeakprobeError as error:
            return (f"not known who holds it: {error}",)

    def _read(self) -> tuple[tuple[Allocation, ...], int]:
        """The largest rows, and the bytes of all of them."""
        if self._found is None:
            if self._trace is None or not tracemalloc.is_tracing():
                raise NotAvailable("tracemalloc was stopped by the test, which loses its record")
            rows = self._trace.growth(EVERY_LINE)
            self._found = rows[:MOST_KEPT], sum(row.bytes for row in rows)
        return self._found
