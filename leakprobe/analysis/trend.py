"""Whether a series grows for good, how fast, and whether its growth goes on.

A gauge of a living service goes up and down: the collector makes a saw-tooth, a large
request a peak. What is never given back shows in the floors: the axis is cut into equal
windows, and of each window the least value is judged. No distribution is assumed:

- The slope is the median of the slopes of all pairs of floors, with the interval that
  belongs to it (Theil, 1950; Sen, "Estimates of the regression coefficient based on
  Kendall's tau", JASA 63, 1968).
- Whether the floors rise is asked of the order of their values alone (Mann,
  "Nonparametric tests against trend", Econometrica 13, 1945; Kendall, 1948).

Neither changes with the unit or the origin of an axis.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import NormalDist, median

__all__ = ["Trend", "after_warm_up", "trend_of"]

LEAST_FLOORS = 4
EXACT_UP_TO = 10
NORMAL = NormalDist()
QUANTILE_95 = NORMAL.inv_cdf(0.975)

# Of the equal windows, how many must have a value for them to be used.
FILLED_SHARE = 0.75

# Early and late growth are compared on finer windows: in thirds there are few coarse ones.
FINE_WINDOWS = 24
FEWEST_LATE = 3

WARM_UP_SHARE = 0.2
WARM_UP_REQUESTS = 20
WARM_UP_S = 5.0
LEFT_AT_LEAST = 8

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Trend:
    """How the floors of a series lie.

    Attributes:
        slope: growth per unit of the axis.
        low: the lower end of its 95 % interval; with four floors, of 92 %.
        high: and the upper end.
        total: the last floor less the first.
        span: of the axis, from the first floor to the last.
        windows: how many windows have a floor.
        grown: how many floors are above the one before.
        p: how likely floors in random order would rise as much (one-sided).
        fall: the largest fall from a floor to any later one, as a share of the range
            of all floors; 0 to 1.
        steadiness: the mean step from floor to floor, in its own standard errors. Equal
            steps are infinitely steady. What drifts at random rises over long stretches
            too, but seldom with a steadiness above 2.5.
        early: growth per unit of the axis in its first two thirds.
        late: and in its last third.
    """

    slope: float
    low: float
    high: float
    total: float
    span: float
    windows: int
    grown: int
    p: float
    fall: float
    steadiness: float
    early: float
    late: float

    @property
    def lasting(self) -> float:
        """The late growth as a share of the early one.

        1 for a steady leak, 0 for what has ended; infinite where growth began late.
        """
        if self.early > 0:
            return self.late / self.early
        return math.inf if self.late > 0 else 0.0


def trend_of(xs: Sequence[float], ys: Sequence[float], *, windows: int = 8) -> Trend | None:
    """How a series grows along an axis.

    Args:
        xs: places on the axis, never falling; it may stand still.
        ys: the values there.
        windows: how many equal windows to cut the axis into.

    Where observations became rare, nearly all of them lie in a few of the equal windows:
    then each window gets as many observations as the others.

    Returns:
        None where fewer than four windows have a value.
    """
    floors = _floors(xs, ys, windows)
    if floors and len(floors) < FILLED_SHARE * windows <= FILLED_SHARE * len(xs):
        floors = max(floors, _floors_of_equal_counts(xs, ys, windows), key=len)
    if len(floors) < LEAST_FLOORS:
        return None
    values = [y for _, y in floors]
    slope, low, high = _theil_sen(floors)
    early, late = _early_and_late(xs, ys)
    return Trend(
        slope=slope,
        low=low,
        high=high,
        total=values[-1] - values[0],
        span=floors[-1][0] - floors[0][0],
        windows=len(floors),
        grown=sum(after > before for before, after in pairwise(values)),
        p=_mann_kendall(values),
        fall=_largest_fall(values),
        steadiness=_steadiness([after - before for before, after in pairwise(values)]),
        early=early,
        late=late,
    )


def after_warm_up(times: Sequence[float], requests_total: Sequence[float]) -> int:
    """The index of the first observation that is no longer warm-up.

    Modules that are imported at first use and first connections grow once. Warm-up is the
    first fifth of the requests, and no less than the first 20 of them and the first 5
    seconds with requests; where there are no requests, the first fifth of the time and no
    less than 5 seconds. At least the last 8 observations are always left.

    Args:
        times: of the observations, in seconds.
        requests_total: finished until then; never falling.
    """
    if not times:
        return 0
    first, served = requests_total[0], requests_total[-1] - requests_total[0]
    if served > WARM_UP_REQUESTS:
        begun = bisect_right(requests_total, first) - 1
        enough = first + max(WARM_UP_REQUESTS, WARM_UP_SHARE * served)
        until = times[begun] + WARM_UP_S
    else:
        begun, enough = 0, first
        until = times[0] + max(WARM_UP_S, WARM_UP_SHARE * (times[-1] - times[0]))
    latest = max(len(times) - LEFT_AT_LEAST, 0)
    warm = (
        index
        for index in range(begun, latest)
        if times[index] >= until and requests_total[index] >= enough
    )
    return next(warm, latest)


def _floors(xs: Sequence[float], ys: Sequence[float], windows: int) -> list[Point]:
    """The least value of each window that has one, where it was first seen."""
    if not xs or xs[-1] <= xs[0]:
        return []
    start, span = xs[0], xs[-1] - xs[0]
    lowest: dict[int, Point] = {}
    for x, y in zip(xs, ys, strict=True):
        window = min(int((x - start) * windows / span), windows - 1)
        known = lowest.get(window)
        if known is None or y < known[1]:
            lowest[window] = (x, y)
    return list(lowest.values())


def _floors_of_equal_counts(xs: Sequence[float], ys: Sequence[float], windows: int) -> list[Point]:
    """The least value of each of so many windows with as many observations each.

    Of those at one place of the axis, where it stood still, the first.
    """
    floors: dict[float, Point] = {}
    for window in range(windows):
        part = range(window * len(xs) // windows, (window + 1) * len(xs) // windows)
        lowest = min(part, key=ys.__getitem__)
        floors.setdefault(xs[lowest], (xs[lowest], ys[lowest]))
    return list(floors.values())


def _slopes(points: Sequence[Point]) -> list[float]:
    """Of all pairs, in ascending order."""
    return sorted((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2))


def _theil_sen(points: Sequence[Point]) -> tuple[float, float, float]:
    """The slope and the ends of its 95 % interval (Sen, 1968)."""
    slopes = _slopes(points)
    pairs = len(slopes)
    spread = QUANTILE_95 * math.sqrt(_variance([y for _, y in points]))
    outside = max(math.floor((pairs - spread) / 2) - 1, 0)
    return median(slopes), slopes[outside], slopes[pairs - 1 - outside]


def _early_and_late(xs: Sequence[float], ys: Sequence[float]) -> tuple[float, float]:
    """The slopes of the first two thirds of the axis and of the last.

    Where the last has few observations, it begins with the one before.
    """
    points = _floors(xs, ys, FINE_WINDOWS)
    start, span = xs[0], xs[-1] - xs[0]
    early = [point for point in points if 3 * (point[0] - start) <= 2 * span]
    late = [point for point in points if 3 * (point[0] - start) >= 2 * span]
    if len(late) < FEWEST_LATE and late[0] != early[-1]:
        late.insert(0, early[-1])
    return _slope(early), _slope(late)


def _slope(points: Sequence[Point]) -> float:
    return median(_slopes(points)) if len(points) > 1 else 0.0


def _largest_fall(values: Sequence[float]) -> float:
    extent = max(values) - min(values)
    if extent <= 0:
        return 0.0
    highest = values[0]
    fall = 0.0
    for value in values:
        highest = max(highest, value)
        fall = max(fall, highest - value)
    return fall / extent


def _steadiness(steps: Sequence[float]) -> float:
    """Student's t of the steps."""
    middle = sum(steps) / len(steps)
    squares = sum((step - middle) ** 2 for step in steps)
    if squares > 0:
        return middle * math.sqrt(len(steps) * (len(steps) - 1) / squares)
    return math.copysign(math.inf, middle) if middle else 0.0


def _mann_kendall(values: Sequence[float]) -> float:
    """How likely an order at random would rise at least as much as these values."""
    score = sum((later > sooner) - (later < sooner) for sooner, later in combinations(values, 2))
    if len(values) <= EXACT_UP_TO:
        return _exact_p(score, _ties(values))
    variance = _variance(values)
    if variance <= 0:
        return 1.0
    # The score goes in steps of 2: half a step is what the normal distribution lacks.
    return 1 - NORMAL.cdf((score - 1) / math.sqrt(variance))


def _ties(values: Sequence[float]) -> list[int]:
    """How often each value occurs."""
    counts: dict[float, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return list(counts.values())


def _variance(values: Sequence[float]) -> float:
    """Of the score of Mann and Kendall, of these values in random order (Kendall, 1948)."""
    count = len(values)
    tied = sum(size * (size - 1) * (2 * size + 5) for size in _ties(values))
    return (count * (count - 1) * (2 * count + 5) - tied) / 18


def _exact_p(score: int, ties: Sequence[int]) -> float:
    """The share of all orders of values with these ties that score at least `score`.

    An order with i inversions scores the pairs of different values less 2 i. How many
    orders of a multiset have i inversions is the coefficient of q^i in the Gaussian
    multinomial: the product of 1 - q^k for k up to n, divided by the same product of each
    tie (MacMahon, 1913). Only the first coefficients are needed, the fewer the more the
    values rise.
    """
    count = sum(ties)
    pairs = (count * count - sum(size * size for size in ties)) // 2
    most = (pairs - score) // 2
    orders = [1] + [0] * most
    for power in range(1, count + 1):
        for degree in range(most, power - 1, -1):
            orders[degree] -= orders[degree - power]
    for power in (power for size in ties for power in range(1, size + 1)):
        for degree in range(power, most + 1):
            orders[degree] += orders[degree - power]
    return sum(orders) * math.prod(map(math.factorial, ties)) / math.factorial(count)
