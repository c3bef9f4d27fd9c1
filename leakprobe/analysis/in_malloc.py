"""What Python objects take from malloc: those that are too large for pymalloc.

Everything else that malloc has handed out is native memory, so this is what tells the two
apart.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leakprobe.model import Gauges, LiveStack, Snapshot

__all__ = ["Estimate", "python_in_malloc", "series_in_malloc", "walked_in_malloc"]

# Objects/obmalloc.c: SMALL_REQUEST_THRESHOLD. What is larger, pymalloc leaves to malloc.
LARGEST_IN_PYMALLOC = 512
# Its blocks are multiples of 16 bytes, and most objects multiples of 8: half of them have 8 to
# spare, which no walk counts.
SPARE_BYTES_PER_BLOCK = 4

Point = tuple[float, int]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number of bytes and its standard error; 0 where it is exact."""

    bytes: int
    error: int


def python_in_malloc(stacks: Iterable[LiveStack]) -> Estimate:
    """By what the tracer has seen: the stacks whose objects are above 512 bytes on average.

    A stack that allocates both small and large counts as one or the other.
    """
    large = [live for live in stacks if live.bytes > LARGEST_IN_PYMALLOC * live.objects]
    variance = sum(live.bytes_error**2 for live in large)
    return Estimate(sum(live.bytes for live in large), round(variance**0.5))


def walked_in_malloc(snapshot: Snapshot) -> int | None:
    """By a walk of the heap: what of all objects pymalloc does not have; None without one."""
    totals, in_pymalloc = snapshot.totals, snapshot.gauges.pymalloc_used_bytes
    if totals is None or in_pymalloc is None:
        return None
    spare = SPARE_BYTES_PER_BLOCK * snapshot.gauges.python_blocks
    return max(0, totals.bytes + totals.own_bytes - (in_pymalloc - spare))


def series_in_malloc(snapshots: Sequence[Snapshot]) -> list[int | None]:
    """In each of the snapshots, oldest first; None where nothing tells.

    Between two walks it is interpolated. Without walks it is what the tracer has seen since
    the first snapshot, less what pymalloc has handed out since then.
    """
    walked = [
        (snapshot.uptime_s, size)
        for snapshot in snapshots
        if (size := walked_in_malloc(snapshot)) is not None
    ]
    if walked:
        return [_between(walked, snapshot.uptime_s) for snapshot in snapshots]
    beyond = [_traced_beyond(snapshot.gauges) for snapshot in snapshots]
    base = next((size for size in beyond if size is not None), 0)
    return [None if size is None else max(0, size - base) for size in beyond]


def _traced_beyond(gauges: Gauges) -> int | None:
    """What the tracer has seen more than pymalloc has handed out; negative at the start."""
    if gauges.traced_bytes is None or gauges.pymalloc_used_bytes is None:
        return None
    return gauges.traced_bytes - gauges.pymalloc_used_bytes


def _between(points: Sequence[Point], moment: float) -> int:
    """The value at a moment, on the straight line between its neighbours."""
    after = bisect_right(points, moment, key=lambda point: point[0])
    if after in {0, len(points)}:
        return points[min(after, len(points) - 1)][1]
    (start, low), (end, high) = points[after - 1], points[after]
    return round(low + (high - low) * (moment - start) / (end - start))
