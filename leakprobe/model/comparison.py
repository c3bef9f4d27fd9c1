"""What becomes of memory when the same work is done in several ways."""

from dataclasses import dataclass

__all__ = ["WayDifference", "WayGrowth"]


@dataclass(frozen=True, slots=True)
class WayGrowth:
    """What one way of doing the work left behind. A megabyte is 1,000,000 bytes.

    Attributes:
        label: what the way is called.
        iterations: how many calls were measured.
        growth_mb: of memory in use over these calls, after a collection; negative where
            it shrank.
        growth_before_collection_mb: the same before the collection: what only waits for
            the collector is in it.
        growth_bytes_per_call: median over the windows of calls.
        growth_bytes_per_call_low: lower end of its 95 % interval; the interval covers
            less where there are fewer than 6 windows.
        growth_bytes_per_call_high: and the upper end.
        threads: so many more threads.
        seconds: wall time of the calls.
        measured_by: `allocators`, or `resident set` where those do not say.
    """

    label: str
    iterations: int
    growth_mb: float
    growth_before_collection_mb: float
    growth_bytes_per_call: float
    growth_bytes_per_call_low: float
    growth_bytes_per_call_high: float
    threads: int
    seconds: float
    measured_by: str


@dataclass(frozen=True, slots=True)
class WayDifference:
    """How much more the first of two ways leaves behind than the second.

    Attributes:
        first: label of the first way.
        second: label of the second.
        mb: growth of the first less that of the second, over all calls.
        bytes_per_call: median difference of a window of the one and a window of the other.
        bytes_per_call_low: lower end of its interval.
        bytes_per_call_high: and the upper end.
        level: what share of such intervals contains the truth: 0.999, less where there
            were fewer than 7 windows.
        is_real: the interval leaves zero out, and its level is at least 0.99.
    """

    first: str
    second: str
    mb: float
    bytes_per_call: float
    bytes_per_call_low: float
    bytes_per_call_high: float
    level: float
    is_real: bool
