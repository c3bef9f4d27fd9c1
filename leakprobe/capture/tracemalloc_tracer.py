"""The exact tracer: the standard library's tracemalloc, read with care.

Three properties of tracemalloc decide the form of this file (CPython
Modules/_tracemalloc.c and Python/tracemalloc.c):

- Copying the traces is one uninterrupted hold of the GIL that grows with their number,
  so its length is predicted before and measured after.
- Whatever an analysis allocates while tracing is on is traced itself, which makes it
  many times slower. So the copy is grouped without creating one object per trace: each
  size, which exists already, is appended to a list per stack, and the lists are summed
  in C. Reference counts of recycled objects count too (`_PyTraceMalloc_NewReference`),
  so arithmetic inside the loop would not do.
- A trace's cost grows with the length of the function that allocates: these are short.
"""

import sys
import tracemalloc
from collections import defaultdict, deque
from collections.abc import Callable

from leakprobe.capture.functions import FunctionNames
from leakprobe.capture.pace import Pace
from leakprobe.capture.pointers import SampledPointers
from leakprobe.errors import NotAvailable, NotEnoughMemory
from leakprobe.model import Frame, LiveStack, Price, Stack

__all__ = ["TracemallocTracer"]

RawFrame = tuple[str, int]
RawStack = tuple[RawFrame, ...]
RawTrace = tuple[int, int, RawStack, int]

# Measured on CPython 3.11 to 3.13; replaced by what the first read of a process takes.
SECONDS_PER_TRACE = 0.5e-6
BYTES_PER_TRACE = 160
TRACES_PER_STRETCH = 2000
STOPPED = "tracemalloc was stopped by the application; POST trace starts it"


class TracemallocTracer:
    """Live bytes by stack from tracemalloc.

    A tracemalloc that runs already is used as it is, and left running by `stop`.

    Args:
        frames: depth of a recorded stack.
        reason: why this tracer was chosen.
        make_pace: measures a read and sets its stretches.
    """

    name = "tracemalloc"
    sample_bytes = 0

    def __init__(self, frames: int, reason: str, make_pace: Callable[[], Pace] = Pace) -> None:
        self.frames = frames
        self.reason = reason
        self._make_pace = make_pace
        self._ours = False
        self._started = False
        self._names = FunctionNames()
        self._known: dict[RawStack, Stack] = {}
        self.seconds_per_trace = SECONDS_PER_TRACE
        self._measured: deque[float] = deque(maxlen=5)
        self._blocks_at_read = 0
        self._traces_at_read = 0

    def start(self) -> None:
        """Begin to trace, or take over what traces already."""
        self._started = True
        if tracemalloc.is_tracing():
            self.frames = tracemalloc.get_traceback_limit()
            self.reason = "tracemalloc was running already and is used as it is"
            return
        self._names.learn(self._make_pace())  # now, while it is not yet traced
        tracemalloc.start(self.frames)
        self._ours = True
        self._blocks_at_read = sys.getallocatedblocks()

    def stop(self) -> None:
        """Stop tracing, unless somebody else had started it."""
        if self._ours and tracemalloc.is_tracing():
            tracemalloc.stop()
        self._ours = self._started = False
        self._known.clear()

    def after_fork(self) -> None:
        """In a forked child: tracemalloc traces on, as it did."""

    def set_sample_bytes(self, sample_bytes: int) -> None:
        """Nothing to change: every allocation is recorded."""

    def follow_recycled(self, *, wanted: bool) -> None:
        """Nothing to change: tracemalloc follows them by itself."""

    def trouble(self) -> str | None:
        """Why nothing is recorded; None: it is."""
        if self._started and not tracemalloc.is_tracing():
            return STOPPED
        return None

    def self_bytes(self) -> int:
        """Nothing of ours: tracemalloc's tables are its own (`get_tracemalloc_memory`)."""
        return 0

    def traced_bytes(self) -> int | None:
        """Live bytes on record."""
        return tracemalloc.get_traced_memory()[0] if tracemalloc.is_tracing() else None

    def expected_traces(self) -> int:
        """The traces of the last read, and one for each block allocated since."""
        born = sys.getallocatedblocks() - self._blocks_at_read
        return self._traces_at_read + max(0, born)

    def read(
        self, available_bytes: int | None = None, uptime_s: float = 0.0
    ) -> tuple[tuple[LiveStack, ...], Price]:
        """Copy the traces in one hold of the GIL, then group them in short stretches.

        Args:
            available_bytes: memory to spare.
            uptime_s: not needed: tracemalloc does not know the age of a block.

        Raises:
            NotAvailable: somebody stopped tracemalloc.
            NotEnoughMemory: the copy would take more than half of the memory to spare.
        """
        del uptime_s
        return self._read(available_bytes, after_copy=lambda: None)

    def pointers(self) -> SampledPointers:
        """Always refuses: the blocks are far too many.

        Raises:
            NotAvailable: always.
        """
        raise NotAvailable(
            "tracer=tracemalloc does not sample, so there are no sampled blocks to find the "
            "owners of; LEAKPROBE_TRACER=sampled samples where the native core is built"
        )

    def read_and_stop(
        self, available_bytes: int | None = None
    ) -> tuple[tuple[LiveStack, ...], Price]:
        """Copy the traces, stop tracing, and only then analyse: for a window that ends.

        Raises:
            NotAvailable: somebody stopped tracemalloc.
            NotEnoughMemory: as `read`; tracing goes on then.
        """
        return self._read(available_bytes, after_copy=self.stop)

    def _read(
        self, available_bytes: int | None, after_copy: Callable[[], None]
    ) -> tuple[tuple[LiveStack, ...], Price]:
        self._refuse_where_hopeless(available_bytes)
        pace = self._make_pace()
        # take_snapshot() would keep the raw list alive.
        traces = pace.hold(tracemalloc._get_traces)  # type: ignore[attr-defined]  # noqa: SLF001
        self._learn(len(traces), pace.price().pause_ms / 1e3)
        after_copy()
        stacks = self._live_stacks(self._grouped(traces, pace), pace)
        return stacks, pace.price()

    def _refuse_where_hopeless(self, available_bytes: int | None) -> None:
        if not tracemalloc.is_tracing():
            raise NotAvailable(STOPPED)
        needed = self.expected_traces() * BYTES_PER_TRACE
        if available_bytes is not None and needed > available_bytes // 2:
            raise NotEnoughMemory(
                f"reading {self.expected_traces():,} traces takes about {needed >> 20} MiB, "
                f"and only {available_bytes >> 20} MiB are to spare"
            )

    def _learn(self, traces: int, pause_s: float) -> None:
        self._blocks_at_read = sys.getallocatedblocks()
        self._traces_at_read = traces
        if traces >= TRACES_PER_STRETCH:
            # The wall clock also runs while the thread waits for a core: the least of
            # the last few is nearest to what copying takes.
            self._measured.append(pause_s / traces)
            self.seconds_per_trace = min(self._measured)

    def _grouped(self, traces: list[RawTrace], pace: Pace) -> dict[RawStack, list[int]]:
        """Sizes by stack. Empties `traces` as it goes, so that no long release ends it."""
        groups: dict[RawStack, list[int]] = defaultdict(list)
        while traces:
            _group_last(traces, groups)
            pace.rest()
        return groups

    def _live_stacks(self, groups: dict[RawStack, list[int]], pace: Pace) -> tuple[LiveStack, ...]:
        known = self._known
        if len(known) > 2 * len(groups):
            self._known = known = {raw: known[raw] for raw in groups if raw in known}
        new = [raw for raw in groups if raw not in known]
        if new:
            self._names.learn(pace)
        for raw in new:
            known[raw] = Stack(tuple(map(self._frame, raw)))
        return tuple(LiveStack(known[raw], sum(s), len(s)) for raw, s in groups.items())

    def _frame(self, raw: RawFrame) -> Frame:
        return Frame(raw[0], raw[1], self._names.get(raw))


def _group_last(traces: list[RawTrace], groups: dict[RawStack, list[int]]) -> None:
    for _, size, stack, _ in traces[-TRACES_PER_STRETCH:]:
        groups[stack].append(size)
    del traces[-TRACES_PER_STRETCH:]
