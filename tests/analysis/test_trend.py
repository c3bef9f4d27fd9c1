import math
import random
from collections.abc import Sequence
from itertools import permutations
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.trend import Trend, after_warm_up, trend_of

VALUE = st.integers(-1_000_000, 1_000_000)
SERIES = st.lists(st.tuples(st.integers(0, 100_000), VALUE), min_size=1, max_size=80).map(
    lambda pairs: (sorted(x for x, _ in pairs), [y for _, y in pairs])
)


def trend(ys: Sequence[float]) -> Trend:
    """Of values a second apart."""
    found = trend_of(range(len(ys)), ys)
    assert found is not None
    return found


def floors(ys: Sequence[float]) -> Trend:
    """Of values that are the floors themselves: one in each window."""
    found = trend_of(range(len(ys)), ys, windows=len(ys))
    assert found is not None
    assert found.windows == len(ys)
    return found


def noise(size: float, seed: int, count: int = 64) -> list[float]:
    drawn = random.Random(seed)
    return [drawn.gauss(0, size) for _ in range(count)]


def saw(count: int, tooth: int, height: float) -> list[float]:
    """Garbage that piles up until it is collected, again and again."""
    return [height * (k % tooth) / tooth for k in range(count)]


STEADY = [1000 + 3 * k for k in range(64)]
HALF_TIME = 32


def test_steady_growth_is_measured_exactly() -> None:
    found = trend(STEADY)
    assert (found.slope, found.low, found.high) == (3, 3, 3)
    assert (found.windows, found.grown) == (8, 7)
    assert found.p == pytest.approx(1 / math.factorial(8))
    assert found.total == found.span * 3
    assert (found.early, found.late, found.lasting) == (3, 3, 1)
    assert found.fall == 0


@pytest.mark.parametrize(
    ("name", "ys", "grown", "p_at_most", "p_above", "fall"),
    [
        ("constant", [7] * 64, 0, 1, 0.99, 0),
        ("falling", STEADY[::-1], 0, 1, 0.99, 1),
        ("step", [0] * HALF_TIME + [100] * HALF_TIME, 1, 0.05, 0.01, 0),
        ("spike", [0] * 30 + [1000] * 4 + [0] * 30, 0, 1, 0.5, 0),
        ("plateau that falls", [0] * 20 + [100] * 20 + [0] * 24, 1, 1, 0.3, 1),
        ("saw-tooth", saw(64, 7, 50), 0, 1, 0.5, 0),
        ("saw-tooth over a leak", [a + b for a, b in zip(saw(64, 7, 50), STEADY, strict=True)],
         7, 1e-4, 0, 0),
        ("peak within a leak", [*STEADY[:20], *[9999] * 4, *STEADY[24:]], 7, 1e-4, 0, 0),
    ],
)  # fmt: skip
def test_shapes(
    name: str, ys: Sequence[float], grown: int, p_at_most: float, p_above: float, fall: float
) -> None:
    found = trend(ys)
    assert found.grown == grown, name
    assert p_above < found.p <= p_at_most or found.p == p_at_most, name
    assert found.fall == pytest.approx(fall), name


def test_a_saw_tooth_hides_no_slope() -> None:
    tooth = trend([a + b for a, b in zip(saw(64, 7, 50), STEADY, strict=True)])
    assert tooth.slope == pytest.approx(3, rel=0.02)
    assert tooth.low <= 3 <= tooth.high


@pytest.mark.parametrize("seed", range(10))
def test_a_slow_leak_shows_through_noise_of_its_own_size(seed: int) -> None:
    leak = [k * 3.0 for k in range(64)]
    found = trend([a + b for a, b in zip(leak, noise(10, seed), strict=True)])
    assert found.p < 0.01
    assert 0 < found.low < 3 < found.high
    assert found.slope == pytest.approx(3, rel=0.25)


def test_noise_alone_seldom_looks_like_growth() -> None:
    found = [trend(noise(10, seed)) for seed in range(300)]
    assert sum(one.p < 0.01 for one in found) <= 0.02 * 300
    assert sum(one.low > 0 for one in found) <= 0.05 * 300


def test_the_interval_holds_the_slope() -> None:
    leak = [k * 3.0 for k in range(8)]
    found = [
        floors([a + b for a, b in zip(leak, noise(2, seed, 8), strict=True)]) for seed in range(400)
    ]
    assert sum(one.low <= 3 <= one.high for one in found) >= 0.93 * 400
    assert median(one.high - one.low for one in found) < 3


@pytest.mark.parametrize(
    ("late", "lasting"),
    [(3.0, 1.0), (1.53, 0.51), (1.47, 0.49), (0.48, 0.16), (0.42, 0.14), (0, 0)],
)
def test_growth_that_slows_down(late: float, lasting: float) -> None:
    ys = [3.0 * min(k, 48) + late * max(k - 48, 0) for k in range(73)]
    found = trend(ys)
    assert found.early == pytest.approx(3)
    assert found.late == pytest.approx(late)
    assert found.lasting == pytest.approx(lasting)


def test_a_cache_that_fills_ends() -> None:
    assert trend([min(k, 30) for k in range(64)]).lasting == 0
    filling = trend([1000 * (1 - math.exp(-k / 12)) for k in range(64)])
    assert filling.p < 0.01
    assert filling.lasting < 0.15


def test_growth_lasts_though_it_is_looked_at_less_often() -> None:
    """Thirty values a second apart, and one 15 s later: alone in the last third."""
    found = trend_of([*range(30), 45], [20 * x for x in (*range(30), 45)])
    assert found is not None
    assert found.lasting == pytest.approx(1)
    ended = trend_of([*range(30), 45], [*range(0, 600, 20), 580])
    assert ended is not None
    assert ended.lasting == 0


def test_growth_that_began_late_lasts() -> None:
    assert trend([max(k - 48, 0) for k in range(64)]).lasting == math.inf
    assert trend([5] * 64).lasting == 0


@pytest.mark.parametrize(
    ("ys", "fall"),
    [
        ([0, 20, 40, 60, 31, 70, 80, 100], 0.29),
        ([0, 20, 40, 60, 29, 70, 80, 100], 0.31),
        ([0, 60, 50, 40, 29, 70, 80, 100], 0.31),
        ([100, 0, 40, 60, 70, 80, 80, 100], 1.0),
    ],
)
def test_the_largest_fall_counts_from_any_floor_to_any_later(
    ys: Sequence[float], fall: float
) -> None:
    assert floors(ys).fall == pytest.approx(fall)


def test_steadiness() -> None:
    assert floors([1, 2, 3, 4, 5]).steadiness == math.inf
    assert floors([5, 4, 3, 2, 1]).steadiness == -math.inf
    assert floors([5, 5, 5, 5, 5]).steadiness == 0
    # Steps 1, 3, 1, 3: mean 2, standard deviation sqrt(4/3), four of them.
    assert floors([0, 1, 4, 5, 8]).steadiness == pytest.approx(2 / math.sqrt(4 / 3) * 2)


def test_what_drifts_at_random_is_seldom_steady() -> None:
    drifted = []
    for seed in range(300):
        level, ys = 0.0, []
        for step in noise(1, seed):
            level += step
            ys.append(level)
        drifted.append(trend(ys))
    assert sum(one.p < 0.01 for one in drifted) > 0.1 * 300
    assert sum(one.steadiness > 2.5 and one.grown >= 6 for one in drifted) < 0.05 * 300


def exact_p(ys: Sequence[int]) -> float:
    """By trying every order."""

    def score(order: Sequence[int]) -> int:
        return sum((b > a) - (b < a) for k, a in enumerate(order) for b in order[k + 1 :])

    orders = list(permutations(ys))
    return sum(score(order) >= score(ys) for order in orders) / len(orders)


@given(st.lists(st.integers(0, 4), min_size=4, max_size=6))
@settings(deadline=None, max_examples=60)
def test_p_is_exact_for_few_floors_with_ties_too(ys: list[int]) -> None:
    assert floors(ys).p == pytest.approx(exact_p(ys))


@pytest.mark.parametrize(
    ("ys", "p"),
    [
        ([1, 2, 3, 4], 1 / 24),
        ([1, 2, 3, 4, 5], 1 / 120),
        ([2, 1, 3, 4, 5], 5 / 120),
        ([1, 2, 3, 5, 4, 6, 7, 8], 8 / 40320),
    ],
)
def test_p_on_both_sides_of_what_is_believed(ys: Sequence[float], p: float) -> None:
    assert floors(ys).p == pytest.approx(p)


@pytest.mark.parametrize(
    ("score", "p"),
    # Kendall, "Rank Correlation Methods" (1948), appendix table 1: ten values.
    [(45, 1 / math.factorial(10)), (21, 0.036), (23, 0.023), (25, 0.014), (27, 0.0083), (1, 0.500)],
)
def test_p_of_ten_values_is_that_of_the_tables(score: int, p: float) -> None:
    left, ys = list(range(10)), []
    inversions = (45 - score) // 2
    while left:
        passed = min(inversions, len(left) - 1)
        inversions -= passed
        ys.append(left.pop(passed))
    assert floors(ys).p == pytest.approx(p, rel=0.06)


def test_above_ten_floors_the_normal_distribution_will_do() -> None:
    ys = [3, 1, 2, 5, 4, 6, 9, 7, 8, 11, 10]
    # Score 43 of 55; variance 11 * 10 * 27 / 18 = 165: z = 42 / 12.85.
    assert floors(ys).p == pytest.approx(0.00054, rel=0.02)
    assert floors([5] * 12).p == 1


@pytest.mark.parametrize(
    ("xs", "ys"),
    [
        ([], []),
        ([1], [1]),
        ([3, 3, 3, 3, 3], [1, 2, 3, 4, 5]),
        ([0, 1, 2], [1, 2, 3]),
        ([0, 1, 2, 3, 100], [1, 2, 3, 4, 5]),
    ],
)
def test_too_little(xs: Sequence[float], ys: Sequence[float]) -> None:
    assert trend_of(xs, ys) is None


def test_an_axis_that_stands_still_counts_once() -> None:
    requests = [0, 10, 20, 30, 40, 50, 60, 70, *[80] * 500]
    served = trend_of(requests, [*range(0, 700, 100), 700, *[800] * 500])
    assert served is not None
    assert (served.windows, served.grown) == (8, 7)
    assert served.slope == pytest.approx(10)
    idle = trend_of(range(508), [*range(0, 700, 100), 700, *[800] * 500])
    assert idle is not None
    assert idle.grown == 1


@given(SERIES, st.integers(1, 1000), VALUE, st.integers(1, 1000), st.integers(0, 1_000_000))
@settings(deadline=None)
def test_units_and_origins_change_nothing(
    series: tuple[list[int], list[int]], y_unit: int, y_origin: int, x_unit: int, x_origin: int
) -> None:
    xs, ys = series
    one = trend_of(xs, ys)
    other = trend_of([x_origin + x_unit * x for x in xs], [y_origin + y_unit * y for y in ys])
    if one is None or other is None:
        assert one is other
        return
    assert (one.p, one.grown, one.fall, one.windows) == (
        other.p, other.grown, other.fall, other.windows,
    )  # fmt: skip
    assert one.steadiness == pytest.approx(other.steadiness)
    assert one.lasting == pytest.approx(other.lasting)
    for mine, theirs in zip(
        (one.slope, one.low, one.high, one.early, one.late),
        (other.slope, other.low, other.high, other.early, other.late),
        strict=True,
    ):
        assert mine * y_unit == pytest.approx(theirs * x_unit, abs=1e-6)


@given(SERIES)
@settings(deadline=None)
def test_what_always_holds(series: tuple[list[int], list[int]]) -> None:
    found = trend_of(*series)
    if found is None:
        return
    assert found.low <= found.slope <= found.high
    assert 0 < found.p <= 1
    assert 0 <= found.fall <= 1
    assert 0 <= found.grown < found.windows <= 8
    assert found.span > 0


@given(SERIES)
@settings(deadline=None)
def test_only_the_order_of_the_values_says_whether_they_rise(
    series: tuple[list[int], list[int]],
) -> None:
    xs, ys = series
    plain, cubed = trend_of(xs, ys), trend_of(xs, [y**3 for y in ys])
    if plain is None or cubed is None:
        assert plain is cubed
        return
    assert (plain.p, plain.grown) == (cubed.p, cubed.grown)


def test_no_observations_need_no_warm_up() -> None:
    assert after_warm_up([], []) == 0


@pytest.mark.parametrize(
    ("name", "times", "requests", "expected"),
    [
        ("first fifth of the requests", range(60), range(0, 600, 10), 12),
        ("five seconds at least", range(20), range(0, 2000, 100), 5),
        ("twenty requests at least", range(30), range(30), 20),
        ("idle, then load", range(60), [0] * 30 + list(range(0, 300, 10)), 36),
        ("load, then idle", range(60), [*range(0, 200, 10), *[190] * 40], 5),
        ("no requests: first fifth of the time", range(60), [0] * 60, 12),
        ("no requests: five seconds", range(20), [0] * 20, 5),
        ("eight are left", range(9), range(0, 90, 10), 1),
        ("fewer than eight", range(5), range(0, 50, 10), 0),
        ("load at the very end", range(20), [0] * 18 + [10, 40], 12),
    ],
)
def test_warm_up(
    name: str, times: Sequence[float], requests: Sequence[float], expected: int
) -> None:
    assert after_warm_up(times, requests) == expected, name


def test_a_service_that_imports_at_first_is_innocent_after_warm_up() -> None:
    times, requests = range(60), range(0, 600, 10)
    values = [min(100 * k, 600) for k in times]
    start = after_warm_up(times, requests)
    found = trend_of(requests[start:], values[start:])
    assert found is not None
    assert found.total == 0


def test_observations_that_became_rare_still_count_each() -> None:
    """Thirty in the first minute, then three: all others lie in two of the equal windows."""
    xs = [2 * n for n in range(30)] + [200, 300, 400]
    found = trend_of(xs, [3 * x for x in xs])
    assert found is not None
    assert (found.windows, found.grown) == (8, 7)
    assert found.slope == pytest.approx(3)
    saw_tooth = trend_of(xs, [100 + n % 3 for n in range(len(xs))])
    assert saw_tooth is not None
    assert saw_tooth.grown < 4


def test_an_axis_that_stands_still_has_one_floor_for_each_place() -> None:
    xs = [0.0] * 20 + [1.0, 2.0, 3.0, 4.0]
    found = trend_of(xs, xs)
    assert found is not None
    assert found.windows == 5
    assert found.slope == pytest.approx(1)
