"""Columns of the evidence under the rules: a series with what the judge says of it."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from leakprobe.analysis.axis_rules import Series, Unit
from leakprobe.analysis.candidate import Candidate, Counts, Kind
from leakprobe.analysis.growth_rules import Growth, judge_growth
from leakprobe.analysis.observation import Column, Timeline
from leakprobe.analysis.route_rates import route_rates
from leakprobe.analysis.trend import after_warm_up, trend_of
from leakprobe.model.verdict import Resource

__all__ = ["Found", "Judged", "Steps", "Watch"]

# When, after how many requests, and how much more than at first.
Steps = tuple[tuple[float, ...], tuple[int, ...], tuple[float, ...]]

# What grew has changed at least that often.
FEWEST_CHANGES = 3


@dataclass(frozen=True, slots=True)
class Judged:
    """A series that grows, from the first observation that was judged.

    Attributes:
        growth: what the judge says of it.
        series: the values that were judged.
        requests: finished until each of them, by route.
        serials: numbers of the observations.
    """

    growth: Growth
    series: Series
    requests: Sequence[Mapping[str, int]]
    serials: Sequence[int]

    @property
    def steps(self) -> Steps:
        """What the growth is charged by: the same for series that grew alike."""
        series = self.series
        first = series.values[0]
        more = tuple(value - first for value in series.values)
        return tuple(series.times), tuple(series.totals), more

    def amount_of(self, column: Column | None) -> int | None:
        """By how much something else that the same observations saw has grown meanwhile.

        None: nothing of the kind was seen.
        """
        xs = self.series.totals if self.growth.by_request else self.series.times
        trend = None if column is None else trend_of(xs, column.values(self.serials))
        return None if trend is None else round(trend.slope * (xs[-1] - xs[0]))

    def growth_beside(self, timeline: Timeline, column: Column) -> float:
        """By how much something grew meanwhile that other observations saw; never below 0."""
        judged = self.series
        since = bisect_left(timeline.times, judged.times[0])
        axis = timeline.totals if self.growth.by_request else timeline.times
        xs, ys = axis[since:], column.values(timeline.serials[since:])
        if not xs or xs[-1] <= xs[0]:
            return 0.0
        trend = trend_of(xs, ys)
        slope = (ys[-1] - ys[0]) / (xs[-1] - xs[0]) if trend is None else trend.slope
        return max(0.0, slope * (judged.requests if self.growth.by_request else judged.seconds))

    def most_beside(self, timeline: Timeline, column: Column) -> float:
        """The most of something that other observations saw meanwhile; 0 without any."""
        since = bisect_left(timeline.times, self.series.times[0])
        return max(column.values(timeline.serials[since:]), default=0.0)

    def candidate(
        self, resource: Resource, kind: Kind, name: str, counts: Counts, size: int | None = None
    ) -> Candidate:
        """The candidate that it is.

        Args:
            resource: what it is memory of, or counts.
            kind: what was watched.
            name: its name.
            counts: what the values are.
            size: growth in bytes, where objects are counted.
        """
        growth, amount = self.growth, round(self.growth.amount)
        return Candidate(
            resource=resource,
            kind=kind,
            name=name,
            state=growth.state,
            confidence=growth.confidence,
            objects=amount if counts == "objects" else None,
            bytes=amount if counts == "bytes" else size,
            seconds=growth.seconds,
            requests=growth.requests,
            windows=growth.windows,
            grown=growth.grown,
            ended=growth.ended,
            counts=counts,
            routes=_finished(self.requests[0], self.requests[-1]),
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate and the series that it comes from."""

    candidate: Candidate
    judged: Judged

    def suspected(self) -> "Found":
        """The same, of which something else says that it may be no leak."""
        weaker = replace(self.candidate, state="suspect", confidence=self.candidate.confidence / 2)
        return self if self.candidate.state == "suspect" else replace(self, candidate=weaker)

    def charged(self) -> "Found":
        """The same, its growth charged to routes; without requests there are none."""
        if not self.candidate.requests or self.candidate.rates is not None:
            return self
        series = self.judged.series
        rates = route_rates(series.times, self.judged.requests, series.values)
        return replace(self, candidate=replace(self.candidate, rates=rates))


class Watch:
    """Judges the columns over one timeline.

    Args:
        timeline: when they were observed.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.first = after_warm_up(timeline.times, timeline.totals)

    def judge(
        self, column: Column | None, unit: Unit, least: float, *, from_zero: bool = True
    ) -> Judged | None:
        """Judge one column; None: it does not grow.

        Args:
            column: what was observed.
            unit: what the values are.
            least: smaller growth is nothing.
            from_zero: before it was first seen there was none; else nothing is known.
        """
        if column is None or column.changes < FEWEST_CHANGES:
            return None
        timeline, begin = self._timeline, 0
        if not from_zero and column.first_serial > timeline.serials[0]:
            begin = sum(serial < column.first_serial for serial in timeline.serials)
        serials = timeline.serials[begin:]
        series = Series(
            timeline.times[begin:], timeline.totals[begin:], column.values(serials), unit, least
        )
        growth = judge_growth(series, max(self.first - begin, 0))
        if growth is None:
            return None
        return Judged(
            growth=growth,
            series=series.since(growth.first),
            requests=timeline.requests[begin + growth.first :],
            serials=serials[growth.first :],
        )


def _finished(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Requests of each route between two moments, the most first."""
    counts = {route: count - before.get(route, 0) for route, count in after.items()}
    rows = [(route, count) for route, count in counts.items() if count > 0]
    return tuple(sorted(rows, key=lambda row: (-row[1], row[0])))
