"""The resident set in parts that add up to it, and how each of them grows.

What a part means decides what to do about it: Python objects are hunted here, native
memory with a native profiler, what the allocators hold is handed back, and file pages are
the kernel's own affair.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence

from leakprobe.analysis.axis_rules import Series
from leakprobe.analysis.growth_rules import judge_growth
from leakprobe.analysis.in_malloc import series_in_malloc
from leakprobe.analysis.memory_advice import LEAST_BYTES, LEAST_SHARE_OF_RSS, advise
from leakprobe.analysis.trend import Trend, after_warm_up, trend_of
from leakprobe.model import Gauges, Snapshot
from leakprobe.model.verdict import MemoryGrowth, MemorySplit

__all__ = ["memory_split", "split_memory"]

JUDGED_S = 3600.0
ENOUGH_SNAPSHOTS = 8
S_PER_HOUR = 3600.0

NOT_KNOWN = MemoryGrowth(None, None, None, None, None, None)
PARTS: dict[str, Callable[[MemorySplit], int | None]] = {
    "rss": lambda split: split.rss_bytes,
    "python": lambda split: split.python_bytes,
    "native": lambda split: split.native_bytes,
    "allocator_free": lambda split: split.allocator_free_bytes,
    "file": lambda split: split.file_bytes,
    "unassigned": lambda split: split.unassigned_bytes,
}


def split_memory(
    gauges: Gauges,
    in_malloc_bytes: int | None,
    growth: MemoryGrowth = NOT_KNOWN,
    advice: tuple[str, ...] = (),
) -> MemorySplit:
    """The resident set in its parts, which add up to it.

    Allocators know what they hold, not what of it is resident: pages that were never
    touched, handed back (`malloc_trim`) or swapped out are not. Where the parts are more
    than the whole, what nobody uses is reduced first, then native memory, then Python's.

    Args:
        gauges: the process now.
        in_malloc_bytes: what Python objects take from malloc; None: not known, and then
            it counts as native.
        growth: of the parts.
        advice: what to do about it.
    """
    left = gauges.rss_bytes

    def take(wanted: int | None) -> int | None:
        nonlocal left
        if wanted is None:
            return None
        taken = min(max(wanted, 0), left)
        left -= taken
        return taken

    in_malloc = in_malloc_bytes or 0
    if gauges.malloc_used_bytes is not None:
        in_malloc = min(in_malloc, gauges.malloc_used_bytes)
    file_bytes = take(gauges.file_bytes)
    python_bytes = take(_python_bytes(gauges, in_malloc))
    native_bytes = take(_native_bytes(gauges, in_malloc))
    free_bytes = take(_free_bytes(gauges))
    return MemorySplit(
        rss_bytes=gauges.rss_bytes,
        python_bytes=python_bytes,
        native_bytes=native_bytes,
        allocator_free_bytes=free_bytes,
        file_bytes=file_bytes,
        unassigned_bytes=left,
        growth_bytes_per_hour=growth,
        advice=advice,
    )


def memory_split(snapshots: Sequence[Snapshot]) -> MemorySplit:
    """The newest snapshot's memory in parts, with the growth of each and what to do.

    The growth is that of the last hour, warm-up left out (after Theil and Sen, on the
    floors of the windows); 0 where its 95 % interval reaches both sides of zero. Advice is
    given on what would be called a leak.

    Args:
        snapshots: outlines suffice; oldest first, at least one.
    """
    in_malloc = series_in_malloc(snapshots)
    first = _first_judged(snapshots)
    judged = snapshots[first:]
    splits = [
        split_memory(snapshot.gauges, size)
        for snapshot, size in zip(judged, in_malloc[first:], strict=True)
    ]
    series = {name: [part(split) for split in splits] for name, part in PARTS.items()}
    times = [snapshot.uptime_s for snapshot in judged]
    trends = {name: _trend(times, values) for name, values in series.items()}
    growth = MemoryGrowth(**{name: _per_hour(trend) for name, trend in trends.items()})
    leaking = {
        name: amount
        for name, values in series.items()
        if name != "rss" and (amount := _leaking(judged, values)) is not None
    }
    advice = advise(leaking, [snapshot.gauges for snapshot in judged])
    return split_memory(snapshots[-1].gauges, in_malloc[-1], growth, advice)


def _python_bytes(gauges: Gauges, in_malloc_bytes: int) -> int | None:
    if gauges.pymalloc_used_bytes is None:
        return gauges.traced_bytes
    return gauges.pymalloc_used_bytes + in_malloc_bytes


def _native_bytes(gauges: Gauges, in_malloc_bytes: int) -> int | None:
    """None without pymalloc's numbers: objects then cannot be told from what is native."""
    if gauges.malloc_used_bytes is None or gauges.pymalloc_used_bytes is None:
        return None
    return gauges.malloc_used_bytes - in_malloc_bytes


def _free_bytes(gauges: Gauges) -> int | None:
    known = (gauges.malloc_free_bytes, gauges.pymalloc_free_bytes)
    if all(size is None for size in known):
        return None
    return sum(size for size in known if size is not None)


def _first_judged(snapshots: Sequence[Snapshot]) -> int:
    """The first snapshot of the last hour that is no warm-up."""
    times = [snapshot.uptime_s for snapshot in snapshots]
    warm = after_warm_up(times, [_served(snapshot) for snapshot in snapshots])
    recent = bisect_right(times, times[-1] - JUDGED_S)
    return min(max(warm, recent), max(len(times) - ENOUGH_SNAPSHOTS, warm))


def _served(snapshot: Snapshot) -> int:
    return sum(snapshot.requests.values())


def _trend(times: Sequence[float], values: Sequence[int | None]) -> Trend | None:
    known = [(time, value) for time, value in zip(times, values, strict=True) if value is not None]
    return trend_of([time for time, _ in known], [value for _, value in known])


def _per_hour(trend: Trend | None) -> float | None:
    if trend is None:
        return None
    return trend.slope * S_PER_HOUR if trend.low > 0 or trend.high < 0 else 0.0


def _leaking(snapshots: Sequence[Snapshot], values: Sequence[int | None]) -> float | None:
    """By how many bytes a part has grown, where that would be called a leak and matters."""
    seen = [(s, value) for s, value in zip(snapshots, values, strict=True) if value is not None]
    series = Series(
        times=[snapshot.uptime_s for snapshot, _ in seen],
        totals=[_served(snapshot) for snapshot, _ in seen],
        values=[value for _, value in seen],
        unit="bytes",
        least=max(LEAST_BYTES, LEAST_SHARE_OF_RSS * snapshots[-1].gauges.rss_bytes),
    )
    growth = judge_growth(series, 0)
    return growth.amount if growth is not None and growth.state == "leak" else None
