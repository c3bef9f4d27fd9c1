"""What counts as a leak: the rules by which one series is judged.

A leak repeats: it goes on in every window, and at the same rate. A cache that fills slows
down, a peak falls, an import is a step. Growth is judged per request where enough came,
as a leak of a request handler stands still while nobody asks, and else per second.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from leakprobe.analysis.axis_rules import CERTAIN_P, Finding, Growing, Series, on_axis

__all__ = ["ENOUGH_REQUESTS", "ENOUGH_S", "Growth", "Series", "judge_growth"]

ENOUGH_REQUESTS = 30
ENOUGH_S = 20.0
# Allocators and caches of C code settle in the first half minute.
ENOUGH_S_IN_BYTES = 25.0

# What never fell since it is known, and rose that often, does not go up and down by chance.
CERTAIN_P_STEADY = 0.002
ENOUGH_RISES = 7

# What rises with the load of the hour, up to half as much again, may be the working set.
BUSIER = 1.15
WITH_LOAD = 1.5

# A leak that began lately is looked for in the later part of a long time.
LATER_PARTS = (1 / 2, 1 / 4, 1 / 8)
FEWEST_LATELY = 12
SHORTEST_LATELY_S = 120.0
CERTAIN_LATELY_S = 300.0

MOST_CONFIDENCE = 0.99
CONFIDENCE_PER_EXCEPTION = 0.04


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

    state: Growing
    confidence: float
    amount: float
    seconds: float
    requests: int
    windows: int
    grown: int
    ended: bool
    first: int
    by_request: bool


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


def _judge_part(series: Series, certain_p: float) -> Finding | None:
    """What the better axis says.

    Where requests count, time alone does not prove a leak: what grows with the load of
    the hour slows down per request.
    """
    if series.seconds < (ENOUGH_S_IN_BYTES if series.unit == "bytes" else ENOUGH_S):
        return None
    by_second = on_axis(series.times, series, certain_p, by_request=False)
    if series.requests < ENOUGH_REQUESTS:
        return by_second
    found = on_axis(series.totals, series, certain_p, by_request=True) or by_second
    if found is None or by_second is None:
        return found
    if found.state is None and by_second.state == "leak":
        return replace(by_second, state="suspect", ended=found.ended)
    if found.state == "leak" and _rises_with_load(series):
        return replace(found, state="suspect")
    return found


def _rises_with_load(series: Series) -> bool:
    """Whether the requests per second rose from the first to the last third about as much."""
    times, totals, values = series.times, series.totals, series.values
    third = len(values) // 3
    early_s, late_s = times[third] - times[0], times[-1] - times[-1 - third]
    early, late = totals[third] - totals[0], totals[-1] - totals[-1 - third]
    if early <= 0:
        return False
    busier = (late / late_s) / (early / early_s)
    before, after = median(values[: third + 1]), median(values[-third - 1 :])
    return busier > BUSIER and after - before <= WITH_LOAD * (busier - 1) * before


def _growth(finding: Finding, judged: Series, first: int) -> Growth:
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
