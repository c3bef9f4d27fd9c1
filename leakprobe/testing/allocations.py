"""Which lines allocated what is still there, as tracemalloc knows it."""

import sys
import tracemalloc
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from leakprobe.capture.heap.own import FILE_PREFIX
from leakprobe.errors import NotAvailable
from leakprobe.model.application import application_frame, is_library
from leakprobe.model.memory import Frame
from leakprobe.render.units import decimal_text, source_text

__all__ = ["FRAMES", "Allocation", "AllocationTrace", "read_allocations", "worth_showing"]

# Deep enough to get from a library's line to the application's. Before 3.13 CPython never
# frees a stack that was recorded, 12 bytes a frame (Modules/_tracemalloc.c, table of
# tracebacks): with fewer frames little of that is counted as growth.
FRAMES = 12 if sys.version_info >= (3, 13) else 6
EXAMPLES = f"{FILE_PREFIX}examples/"
# Of the largest row: what is less explains nothing.
LEAST_SHARE = 0.01

RawFrame = tuple[str, int]
RawStack = tuple[RawFrame, ...]
Lines = dict[RawFrame, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Allocation:
    """Memory of one line that is still there, or by how much that grew.

    Attributes:
        file: as its code object names it; of the application, where a library allocated.
        line: in that file.
        bytes: live bytes, or growth.
        objects: live blocks, or growth.
    """

    file: str
    line: int
    bytes: int
    objects: int

    def __str__(self) -> str:
        return f"{decimal_text(self.bytes, sign=True)}: {source_text(self.file, self.line, None)}"


class AllocationTrace:
    """Traces from `start` to `stop`; a tracemalloc that runs already is used, and left running."""

    def __init__(self) -> None:
        self._ours = False
        self._before: Lines = {}

    def start(self) -> None:
        """Begin to trace; what somebody has traced until now is remembered."""
        if tracemalloc.is_tracing():
            self._before = _lines()
        else:
            self._ours = True
            tracemalloc.start(FRAMES)

    def stop(self) -> None:
        """Trace no more, unless somebody else had begun it."""
        if self._ours:
            tracemalloc.stop()
        self._ours, self._before = False, {}

    def peak_above_now(self) -> int:
        """How much more was allocated at the peak since the start than is now; 0: not known.

        The peak of a tracemalloc that somebody else has started is theirs.
        """
        if not self._ours or not tracemalloc.is_tracing():
            return 0
        traced, peak = tracemalloc.get_traced_memory()
        return peak - traced

    def growth(self, limit: int) -> tuple[Allocation, ...]:
        """The lines that allocated most of what is here and was not at the start.

        Raises:
            NotAvailable: somebody has stopped tracemalloc meanwhile.
        """
        grown = {
            place: (size - before[0], objects - before[1])
            for place, (size, objects) in _lines().items()
            for before in [self._before.get(place, (0, 0))]
            if size > before[0]
        }
        return _ranked(grown, limit)


def worth_showing(rows: Sequence[Allocation]) -> tuple[Allocation, ...]:
    """The rows that explain something: at least a hundredth of the largest."""
    least = LEAST_SHARE * max((row.bytes for row in rows), default=0)
    return tuple(row for row in rows if row.bytes >= least)


def read_allocations(limit: int) -> tuple[Allocation, ...]:
    """The lines that allocated most of what lives now.

    Raises:
        NotAvailable: tracemalloc is off.
    """
    return _ranked(_lines(), limit)


def _lines() -> Lines:
    """Bytes and blocks by line of the application, without what leakprobe allocated."""
    if not tracemalloc.is_tracing():
        raise NotAvailable("tracemalloc is off, and only it knows which lines allocated")
    sizes: defaultdict[RawStack, list[int]] = defaultdict(list)
    # Not take_snapshot(): one object for each trace would be traced in its turn.
    for _, size, stack, _ in tracemalloc._get_traces():  # type: ignore[attr-defined]  # noqa: SLF001  # as above
        sizes[stack].append(size)
    lines: Lines = {}
    for stack, found in sizes.items():
        place = _place(stack)
        if place is not None:
            size, objects = lines.get(place, (0, 0))
            lines[place] = (size + sum(found), objects + len(found))
    return lines


def _place(stack: RawStack) -> RawFrame | None:
    """The line to show for a stack, the allocating frame first; None where it is ours.

    It is ours where one of our frames comes before any of the application's.
    """
    for file, line in stack:
        if file.startswith(FILE_PREFIX) and not file.startswith(EXAMPLES):
            return None
        if not is_library(file):
            return file, line
    frame = application_frame(tuple(Frame(*raw) for raw in stack))
    return None if frame is None else (frame.file, frame.line)


def _ranked(lines: Lines, limit: int) -> tuple[Allocation, ...]:
    most = sorted(lines.items(), key=lambda item: -item[1][0])[:limit]
    return tuple(Allocation(*place, *amounts) for place, amounts in most)
