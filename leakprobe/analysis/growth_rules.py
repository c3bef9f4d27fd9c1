"""What counts as a leak: the rules by which one series is judged.

A leak repeats: it goes on in every window, and at the same rate. A cache that fills slows
down, a peak falls, an import is a step. Growth is judged per request where enough came,
as a leak of a request handler stands still while nobody asks, and else per second.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from leakprobe.analysis.trend import Trend, trend_of

__all__ = [
    "ENOUGH_OBSERVATIONS",
    "ENOUGH_REQUESTS",
    "ENOUGH_S",
    "Growth",
    "Series",
    "Unit",
    "judge_growth",
]

ENOUGH_OBSERVATIONS = 8
ENOUGH_WINDOWS = 6
ENOUGH_REQUESTS = 30
ENOUGH_S = 20.0
# Allocators and caches of C code settle in the first half minute.
ENOUGH_S_IN_BYTES = 25.0
# Less says nothing at all.
FEWEST_OBSERVATIONS = 6

# A heap has thousands of types, some dozens of which go up and down by chance, and each is
# judged again and again: eight floors of which each is above the one before, just pass.
CERTAIN_P = 2.5e-5
LIKELY_P = 0.01
# What never fell since it is known, and rose that often, does not go up and down by chance.
CERTAIN_P_STEADY = 0.002
ENOUGH_RISES = 7
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
ENDED = 0.15

# A leak that began lately is looked for in the later part of a long time.
LATER_PARTS = (1 / 2, 1 / 4, 1 / 8)
FEWEST_LATELY = 12
SHORTEST_LATELY_S = 120.0
CERTAIN_LATELY_S = 300.0

MOST_CONFIDENCE = 0.99
CONFIDENCE_PER_EXCEPTION = 0.04

Verdict = Literal["leak", "suspect"]

# What values are: exact counts, exact bytes, or bytes estimated from samples. Chance makes
# a count vary by its square root, and leaves windows without a sample.
Unit = Literal["count", "bytes", "estimate"]


@dataclass(frozen=True, slots=True)
class Growth:
    """How a series grew over the span that was judged.

    Attributes:
        state: whether it is a leak.
        confidence: 0 to 1, in the state.
        amount: what it grew by, by its median slope.
        seconds: of the span.
        requests: finished in it.
        windows: with a value.
        grown: how many of them lay above the one before.
        ended: it slows down.
        first: index of the first observation that was judged.
        by_request: judged per request, else per second.
    """

    state: Verdict
    confidence: float
    amount: float
    seconds: float
    requests: int
    windows: int
    grown: int
    ended: bool
    first: int
    by_request: bool


@dataclass(frozen=True, slots=True)
class _Finding:
    """What one axis says; `state` None: it does not grow, or no longer."""

    state: Verdict | None
    ended: bool
    by_request: bool
    trend: Trend


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


def judge_growth(series: Series, first: int) -> Growth | None:
    """Judge a series; None: it does not grow, or no longer.

    Args:
        series: what was observed.
        first: index of the first observation that is no warm-up.
    """
    judged = series.since(first)
    whole = None
    if _may_grow(judged):
        certain_p = CERTAIN_P_STEADY if _never_falls(series.values) else CERTAIN_P
        whole = _judge_part(judged, certain_p)
    if whole is not None and whole.state == "leak":
        return _growth(whole, judged, first)
    if _may_grow_lately(judged) and (whole is None or whole.trend.lasting >= 1):
        lately = _judge_lately(judged, first)
        if lately is not None:
            return lately
    if whole is None or whole.state is None:
        return None
    return _growth(whole, judged, first)


def _may_grow(series: Series) -> bool:
    """A cheap sieve: whether the floors of the thirds rise, if only a little."""
    values = series.values
    third = len(values) // 3
    if third == 0:
        return False
    early, middle, late = min(values[:third]), min(values[third:-third]), min(values[-third:])
    return early <= middle <= late and late - early >= series.least / 2


def _may_grow_lately(series: Series) -> bool:
    """The same for what began in a later part: the latest are above all that was before it."""
    values = series.values
    before = values[: len(values) // 3]
    return len(values) >= FEWEST_LATELY and min(values[-3:]) - max(before) >= series.least


def _never_falls(values: Sequence[float]) -> bool:
    """Whether no value is below the one before, and enough are above."""
    steps = [after - before for before, after in pairwise(values)]
    return min(steps) >= 0 and sum(step > 0 for step in steps) >= ENOUGH_RISES


def _judge_lately(series: Series, first: int) -> Growth | None:
    """Growth that began lately and rose above all that was before.

    Most services go up and down in the course of hours: what only comes back to where it
    has been does not leak.
    """
    times, values = series.times, series.values
    for part in LATER_PARTS:
        start = bisect_left(times, times[-1] - part * series.seconds)
        lately = series.since(start)
        if len(lately.times) < FEWEST_LATELY or lately.seconds < SHORTEST_LATELY_S:
            return None
        finding = _judge_part(lately, CERTAIN_P)
        if finding is None or finding.state != "leak":
            continue
        if start and min(lately.values[-3:]) - max(values[:start]) < series.least:
            continue
        if lately.seconds < CERTAIN_LATELY_S:
            finding = replace(finding, state="suspect")
        return _growth(finding, lately, first + start)
    return None


def _judge_part(series: Series, certain_p: float) -> _Finding | None:
    """What the better axis says.

    Where requests count, time alone does not prove a leak: what grows with the load of
    the hour slows down per request.
    """
    if series.seconds < (ENOUGH_S_IN_BYTES if series.unit == "bytes" else ENOUGH_S):
        return None
    by_second = _on_axis(series.times, series, certain_p, by_request=False)
    if series.requests < ENOUGH_REQUESTS:
        return by_second
    by_request = _on_axis(series.totals, series, certain_p, by_request=True)
    if by_request is None:
        return by_second
    if by_request.state is None and by_second is not None and by_second.state == "leak":
        return replace(by_second, state="suspect", ended=by_request.ended)
    return by_request


def _on_axis(
    xs: Sequence[float], series: Series, certain_p: float, *, by_request: bool
) -> _Finding | None:
    """What the series says along one axis; None: too few windows have a value."""
    trend = trend_of(xs, series.values)
    if trend is None:
        return None
    span = xs[-1] - xs[0]
    if trend.slope * span < series.least or trend.p >= LIKELY_P or trend.fall > MOST_FALLEN:
        return _Finding(None, ended=False, by_request=by_request, trend=trend)
    if trend.lasting < ENDED:
        return _Finding(None, ended=True, by_request=by_request, trend=trend)
    slowing = _slows_down(trend, span, series.unit)
    state = _state_of(trend, len(series.values), series.unit)
    doubtful = slowing or _jumps(xs, series.values) or _by_chance(trend, xs, series, certain_p)
    if state == "leak" and doubtful:
        state = "suspect"
    return _Finding(state, ended=slowing, by_request=by_request, trend=trend)


def _state_of(trend: Trend, observations: int, unit: Unit) -> Verdict | None:
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


def _slows_down(trend: Trend, span: float, unit: Unit) -> bool:
    """Whether late growth is well below the early one, of counts also by more than chance."""
    if trend.lasting < (SLOWING_IN_BYTES if unit == "bytes" else SLOWING):
        return True
    expected, late = trend.early * span / 3, trend.late * span / 3
    return (
        unit == "count"
        and trend.lasting < SLOWING_SURELY
        and expected - late > SURELY_ERRORS * math.sqrt(expected)
    )


def _growth(finding: _Finding, judged: Series, first: int) -> Growth:
    trend = finding.trend
    confidence = min(MOST_CONFIDENCE, 1 - trend.p)
    confidence -= CONFIDENCE_PER_EXCEPTION * (trend.windows - 1 - trend.grown)
    return Growth(
        state=finding.state or "suspect",
        confidence=max(confidence, 0.0) / (1 if finding.state == "leak" else 2),
        amount=trend.slope * (judged.requests if finding.by_request else judged.seconds),
        seconds=judged.seconds,
        requests=judged.requests,
        windows=trend.windows,
        grown=trend.grown,
        ended=finding.ended,
        first=first,
        by_request=finding.by_request,
    )
