"""The same work in several ways, as lines for people."""

from collections.abc import Iterator, Sequence

from leakprobe.model.calls import BYTES_PER_MB
from leakprobe.model.comparison import WayDifference, WayGrowth
from leakprobe.render.plain import plain
from leakprobe.render.units import count_text, decimal_text, number_text

__all__ = ["comparison_text"]

# Garbage that waits for the collector is worth a word from here on.
WAITING_MB = 0.01


def comparison_text(ways: Sequence[WayGrowth], differences: Sequence[WayDifference]) -> str:
    """A line for each way, and one for each difference; no line feed at the end.

    What is said per call is the median over windows: a list that is made longer now and then
    counts in what all calls took, and not in that.
    """
    return "\n".join([*map(_way, ways), *map(_difference, differences)])


def _way(way: WayGrowth) -> str:
    growth = f"{_size(way.growth_mb)} for {count_text(way.iterations, 'call')}"
    each = decimal_text(way.growth_bytes_per_call)
    return f"{plain(way.label)}: " + ", ".join([f"{growth} ({each} per call)", *_beside(way)])


def _beside(way: WayGrowth) -> Iterator[str]:
    """What else there is to say, where there is something."""
    if way.growth_before_collection_mb - way.growth_mb >= WAITING_MB:
        yield f"{_size(way.growth_before_collection_mb)} before a collection"
    if way.threads:
        yield f"{number_text(way.threads, sign=True)} {'thread' if way.threads == 1 else 'threads'}"
    if way.measured_by != "allocators":
        yield f"measured by the {way.measured_by}"


def _difference(difference: WayDifference) -> str:
    low, high = difference.bytes_per_call_low, difference.bytes_per_call_high
    each = number_text(round(difference.bytes_per_call))
    between = f"[{number_text(round(low))} to {number_text(round(high))}]"
    said = "real" if difference.is_real else "no real difference"
    to = f"Difference to {plain(difference.second)}"
    return f"{to}: {_size(difference.mb)}, {each} bytes per call {between}: {said}"


def _size(megabytes: float) -> str:
    return decimal_text(megabytes * BYTES_PER_MB)
