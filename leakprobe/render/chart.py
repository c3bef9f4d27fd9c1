"""A series as the points of a line, or as one line of block characters."""

import math
from collections.abc import Sequence
from itertools import pairwise

__all__ = ["chart_points", "finite", "sparkline"]

BLOCKS = "▁▂▃▄▅▆▇█"

Point = tuple[float, float]


def finite(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points that can be drawn: both numbers finite."""
    return tuple(p for p in points if math.isfinite(p[0]) and math.isfinite(p[1]))


def chart_points(points: Sequence[Point], width: float, height: float) -> str:
    """The `points` attribute of an SVG polyline that fills a box of that size.

    The lowest value lies on the lower edge and the highest on the upper; a series that
    never changes lies in the middle. Fewer than two points draw nothing.
    """
    drawn = finite(points)
    if len(drawn) < 2:  # noqa: PLR2004 (a line has two ends)
        return ""
    across, up = (_scaled([p[axis] for p in drawn]) for axis in (0, 1))
    pairs = zip(across, up, strict=True)
    return " ".join(f"{x * width:.1f},{(1 - y) * height:.1f}" for x, y in pairs)


def sparkline(points: Sequence[Point], columns: int) -> str:
    """The series as one line of at most so many block characters, each a mean."""
    values = [value for _, value in finite(points)]
    if not values:
        return ""
    count = min(columns, len(values))
    edges = [i * len(values) // count for i in range(count + 1)]
    means = [_mean(values[a:b]) for a, b in pairwise(edges)]
    return "".join(BLOCKS[min(int(part * len(BLOCKS)), len(BLOCKS) - 1)] for part in _scaled(means))


def _mean(values: Sequence[float]) -> float:
    return sum(value / len(values) for value in values)


def _scaled(values: Sequence[float]) -> list[float]:
    """The values as shares of the way from the least to the greatest, without overflow."""
    least, most = min(values), max(values)
    span = most / 2 - least / 2
    return [(v / 2 - least / 2) / span if span else 0.5 for v in values]
