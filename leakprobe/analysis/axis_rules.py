"""What one series says along one axis, of seconds or of requests.

It grows if the floors of its windows rise, in nearly all of them, more than chance makes
them; if the growth did not come at once; and if it does not slow down.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from leakprobe.analysis.trend import Trend, trend_of

__all__ = ["CERTAIN_P", "ENOUGH_OBSERVATIONS", "Finding", "Growing", "Series", "Unit", "on_axis"]

ENOUGH_OBSERVATIONS = 8
ENOUGH_WINDOWS = 6
# Less says nothing at all.
FEWEST_OBSERVATIONS = 6

# A heap has thousands of types, some dozens of which go up and down by chance, and each is
# judged again and again: eight floors of which each is above the one before, just pass.
CERTAIN_P = 2.5e-5
LIKELY_P = 0.01
MOST_FALLEN = 0.3
# What drifts at random seldom rises in steps as equal as that.
STEADY = 2.5
# Of all growth, what one step between two observations may bring beyond its share.
LARGEST_JUMP = 0.4
FINEST_WINDOWS = 64
# Windows that may stay behind: one of them for a leak, a third for a suspicion.
EXCEPTIONS = 1
SUSPECTED_STEPS = 2 / 3

# Late growth as a share of the early one. Bytes that are counted show it well; of what is
# counted it must be more than chance makes (2.5 standard deviations of a Poisson count).
SLOWING = 0.5
SLOWING_IN_BYTES = 0.7
SLOWING_SURELY = 0.75
SURELY_ERRORS = 2.5
# Of a handful of observations the last third is two or three, each a little late.
ENOUGH_TO_SLOW_SURELY = 10
ENDED = 0.15

Growing = Literal["leak", "suspect"]

# What values are: exact counts, exact bytes, or bytes estimated from samples. Chance makes
# a count vary by its square root, and leaves windows without a sample.
Unit = Literal["count", "bytes", "estimate"]


@dataclass(frozen=True, slots=True)
class Series:
    """Values at observations, along both axes.

    Attributes:
        times: of the observations, in seconds, rising.
        totals: requests finished until then.
        values: at the observations.
        unit: what the values are.
        least: smaller growth is nothing.
    """

    times: Sequence[float]
    totals: Sequence[int]
    values: Sequence[float]
    unit: Unit
    least: float

    def since(self, first: int) -> "Series":
        """The part from one observation on."""
        if first == 0:
            return self
        parts = self.times[first:], self.totals[first:], self.values[first:]
        return Series(*parts, self.unit, self.least)

    @property
    def seconds(self) -> float:
        """Of the whole span."""
        return self.times[-1] - self.times[0]

    @property
    def requests(self) -> int:
        """Finished in it."""
        return self.totals[-1] - self.totals[0]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one axis says.

    Attributes:
        state: what the growth is called at most; None: there is none, or no longer.
        ended: it slows down.
        by_request: which axis it was.
        trend: along it.
    """

    state: Growing | None
    ended: bool
    by_request: bool
    trend: Trend


def on_axis(
    xs: Sequence[float], series: Series, certain_p: float, *, by_request: bool
) -> Finding | None:
    """What the series says along one axis; None: too few windows have a value."""
    trend = trend_of(xs, series.values)
    if trend is None:
        return None
    span = xs[-1] - xs[0]
    if trend.slope * span < series.least or trend.p >= LIKELY_P or trend.fall > MOST_FALLEN:
        return Finding(None, ended=False, by_request=by_request, trend=trend)
    if trend.lasting < ENDED:
        return Finding(None, ended=True, by_request=by_request, trend=trend)
    slowing = _slows_down(trend, span, series)
    state = _state_of(trend, len(series.values), series.unit)
    doubtful = slowing or _jumps(xs, series.values) or _by_chance(trend, xs, series, certain_p)
    if state == "leak" and doubtful:
        state = "suspect"
    return Finding(state, ended=slowing, by_request=by_request, trend=trend)


def _state_of(trend: Trend, observations: int, unit: Unit) -> Growing | None:
    """What growth that goes on is called at most; None: it comes in too few steps."""
    steps = trend.windows - 1
    if (
        trend.low > 0
        and trend.steadiness >= STEADY
        and trend.grown >= steps - EXCEPTIONS
        and trend.windows >= ENOUGH_WINDOWS
        and observations >= ENOUGH_OBSERVATIONS
    ):
        return "leak"
    often = unit == "estimate" or trend.grown >= SUSPECTED_STEPS * steps
    return "suspect" if often and observations >= FEWEST_OBSERVATIONS else None


def _by_chance(trend: Trend, xs: Sequence[float], series: Series, certain_p: float) -> bool:
    """Whether values in random order would rise like that now and then.

    Either the floors alone are sure, or all values are: without a saw-tooth there are
    more of them.
    """
    if trend.p <= certain_p:
        return False
    finely = trend_of(xs, series.values, windows=FINEST_WINDOWS)
    return finely is None or finely.p > CERTAIN_P


def _jumps(xs: Sequence[float], ys: Sequence[float]) -> bool:
    """Whether most of the growth came at once: a peak, an import, a cache that was loaded."""
    span, total = xs[-1] - xs[0], max(ys) - min(ys)
    return any(
        (y2 - y1) / total - (x2 - x1) / span > LARGEST_JUMP
        for (x1, y1), (x2, y2) in pairwise(zip(xs, ys, strict=True))
    )


def _slows_down(trend: Trend, span: float, series: Series) -> bool:
    """Whether late growth is well below the early one, of counts also by more than chance."""
    if trend.lasting < (SLOWING_IN_BYTES if series.unit == "bytes" else SLOWING):
        return True
    expected, late = trend.early * span / 3, trend.late * span / 3
    return (
        series.unit == "count"
        and len(series.values) >= ENOUGH_TO_SLOW_SURELY
        and trend.lasting < SLOWING_SURELY
        and expected - late > SURELY_ERRORS * math.sqrt(expected)
    )
