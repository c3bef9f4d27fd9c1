"""Which route a gauge grows with, from requests per route and the gauge alone.

Between two observations each route had so many requests, and the gauge rose by so much.
Where the mix of routes varies, the rise per request of each route follows by least
squares, with no rate below zero and something per second beside for what goes on without
requests. It needs no tracing: any gauge will do, native memory too.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import mean, pstdev

from leakprobe.analysis.nnls import Coefficient, estimate, least_squares

__all__ = ["RouteRate", "RouteRates", "route_rates"]

FEWEST_STEPS = 8
MOST_STEPS = 60
STEPS_PER_ROUTE = 3
MOST_ROUTES = 12

# Steps are widened until falls take back at most this share of the rises.
FALLS_BORNE = 0.2

# Of a route with fewer nothing is certain.
FEWEST_REQUESTS = 5

SURELY_ERRORS = 4.0

# What a route's requests must vary by beside the others', in units of what requests that
# come at random vary by; less: the mix stays the same.
LEAST_VARIATION = 0.1

# Of the growth, what an explanation may take that explains nothing.
NO_WEIGHT = 0.05

# Of the growth, what must be charged with certainty for the routes to be told apart.
CHARGED_AT_LEAST = 0.5


@dataclass(frozen=True, slots=True)
class RouteRate:
    """What one route costs.

    Attributes:
        route: its name.
        per_request: growth of the gauge with each request.
        low: the lower end of its 95 % interval, above zero.
        high: the upper end.
        share: of all growth that routes and background explain, 0 to 1.
    """

    route: str
    per_request: float
    low: float
    high: float
    share: float


@dataclass(frozen=True, slots=True)
class RouteRates:
    """Who makes a gauge grow.

    Attributes:
        rows: routes whose interval is clear of zero, the largest share first.
        background_per_s: growth per second that goes on without requests; 0 where its
            interval is not clear of zero.
        told_apart: False where the gauge grew and less than half of the growth could be
            charged with certainty: the mix of routes stayed the same, or a single one was
            asked for at a steady rate, as time goes by, or there were too few
            observations. There are no rows then.
    """

    rows: tuple[RouteRate, ...]
    background_per_s: float
    told_apart: bool


@dataclass(frozen=True, slots=True)
class _Step:
    """From one floor of the gauge to the next."""

    seconds: float
    requests: Mapping[str, int]
    rise: float


@dataclass(frozen=True, slots=True)
class _Column:
    """One explanation of the growth: a route, all routes that are not fitted, or time.

    Attributes:
        route: its name; None: one of the others.
        amounts: requests or seconds of each step.
        clear: other explanations do not make this one up.
    """

    route: str | None
    amounts: tuple[float, ...]
    clear: bool


def route_rates(
    times: Sequence[float], requests: Sequence[Mapping[str, int]], values: Sequence[float]
) -> RouteRates:
    """Charge the growth of a gauge to routes.

    Args:
        times: of the observations, in seconds, rising.
        requests: of each route until then.
        values: of the gauge.
    """
    steps = _steps(times, requests, values)
    routes = _most_telling(steps, min(MOST_ROUTES, len(steps) // STEPS_PER_ROUTE))
    if len(steps) < FEWEST_STEPS or not routes:
        return RouteRates((), 0.0, told_apart=False)
    return _charged(_columns(steps, routes), [step.rise for step in steps])


def _steps(
    times: Sequence[float], requests: Sequence[Mapping[str, int]], values: Sequence[float]
) -> list[_Step]:
    """Steps from floor to floor, widened while falls take back too much of the rises."""
    width = max(1, math.ceil(len(values) / MOST_STEPS))
    while True:
        floors = [
            min(range(start, min(start + width, len(values))), key=values.__getitem__)
            for start in range(0, len(values), width)
        ]
        steps = [
            _Step(times[b] - times[a], _more(requests[a], requests[b]), values[b] - values[a])
            for a, b in pairwise(floors)
        ]
        rises = sum(step.rise for step in steps if step.rise > 0)
        falls = -sum(step.rise for step in steps if step.rise < 0)
        wider = math.ceil(len(values) / (width + 1)) - 1
        if falls <= FALLS_BORNE * rises or wider < FEWEST_STEPS:
            return steps
        width += 1


def _more(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """The requests of each route that had any between two counts."""
    more = {route: count - before.get(route, 0) for route, count in after.items()}
    return {route: count for route, count in more.items() if count > 0}


def _most_telling(steps: Sequence[_Step], most: int) -> list[str]:
    """The routes to fit: the busiest, and those with whose requests the gauge rose most.

    Of hundreds of routes some go with the growth by chance, as far as the square root of
    their requests: so much is asked of one that is not busy that none of them does.
    """
    totals: dict[str, int] = {}
    rises: dict[str, float] = {}
    usual = mean(step.rise for step in steps) if steps else 0.0
    for step in steps:
        for route, count in step.requests.items():
            totals[route] = totals.get(route, 0) + count
            rises[route] = rises.get(route, 0.0) + count * (step.rise - usual)
    busiest = sorted(totals, key=totals.__getitem__, reverse=True)
    if len(busiest) <= most:
        return busiest
    chance = SURELY_ERRORS * pstdev(step.rise for step in steps)
    surely = {route: rises[route] / math.sqrt(totals[route]) for route in busiest[most // 2 :]}
    telling = sorted((r for r in surely if surely[r] > chance), key=lambda r: -surely[r])
    telling = telling[: most - most // 2]
    return telling + [route for route in busiest if route not in telling][: most - len(telling)]


def _columns(steps: Sequence[_Step], routes: Sequence[str]) -> list[_Column]:
    """The routes, all other routes together, and time."""
    rows = [
        [
            *(float(step.requests.get(route, 0)) for route in routes),
            float(sum(n for route, n in step.requests.items() if route not in routes)),
            step.seconds,
        ]
        for step in steps
    ]
    *named, others, seconds = zip(*rows, strict=True)
    columns = [
        _Column(route, amounts, clear=sum(amounts) >= FEWEST_REQUESTS and _varies(rows, k))
        for k, (route, amounts) in enumerate(zip(routes, named, strict=True))
    ]
    # Nothing tells routes that are all asked for at a steady rate from time.
    time = _Column(None, seconds, clear=any(column.clear for column in columns))
    return [*columns, _Column(None, others, clear=False), time]


def _varies(rows: Sequence[Sequence[float]], column: int) -> bool:
    """Whether the other columns do not make this one up, and would explain the same growth.

    Requests at random vary by their own number (Poisson): what the others leave of the
    column, squared and summed, is then about its sum.
    """
    own = [row[column] for row in rows]
    others = [[*row[:column], *row[column + 1 :]] for row in rows]
    rates = least_squares(others, own)
    left = (
        value - sum(rate * other for rate, other in zip(rates, row, strict=True))
        for value, row in zip(own, others, strict=True)
    )
    return sum(value * value for value in left) >= LEAST_VARIATION * sum(own)


def _charged(columns: Sequence[_Column], rises: Sequence[float]) -> RouteRates:
    """The rates that are certain.

    Explanations that carry no weight take a little of the growth each, since their rates
    cannot err below zero. So the others are fitted once more without them.
    """
    first = _fitted(_explaining(columns, rises), rises)
    growth = _growth(first)
    kept = [
        replace(column, clear=column.clear and rate.low > 0)
        for column, rate in first
        if rate.low > 0 or _growth([(column, rate)]) > NO_WEIGHT * growth
    ]
    second = _fitted(kept, rises)
    growth = _growth(second)
    certain = [(column, rate) for column, rate in second if column.clear and rate.low > 0]
    if _growth(certain) < CHARGED_AT_LEAST * growth:
        return RouteRates((), 0.0, told_apart=False)
    rows = [
        RouteRate(column.route, rate.value, rate.low, rate.high, _growth([(column, rate)]) / growth)
        for column, rate in certain
        if column.route is not None
    ]
    return RouteRates(
        rows=tuple(sorted(rows, key=lambda row: -row.share)),
        background_per_s=sum(rate.value for column, rate in certain if column.route is None),
        told_apart=True,
    )


def _explaining(columns: Sequence[_Column], rises: Sequence[float]) -> list[_Column]:
    """Those that explain some of the growth: to ask how sure that is takes most of the time."""
    rates = least_squares(list(zip(*(column.amounts for column in columns), strict=True)), rises)
    return [column for column, rate in zip(columns, rates, strict=True) if rate > 0]


def _fitted(
    columns: Sequence[_Column], rises: Sequence[float]
) -> list[tuple[_Column, Coefficient]]:
    if not columns:
        return []
    rows = list(zip(*(column.amounts for column in columns), strict=True))
    return list(zip(columns, estimate(rows, rises), strict=True))


def _growth(fitted: Sequence[tuple[_Column, Coefficient]]) -> float:
    return sum(rate.value * sum(column.amounts) for column, rate in fitted)
