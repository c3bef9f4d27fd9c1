"""Intervals by ranks: exact levels, no false alarm, and nothing that depends on units."""

import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakprobe.analysis.rank_intervals import _orders, median_of, shift_of

VALUES = st.lists(st.integers(-1000, 1000), min_size=1, max_size=12)


@pytest.mark.parametrize(("first", "second"), [(1, 1), (2, 3), (3, 2), (4, 4), (1, 5)])
def test_orders_are_those_that_counting_finds(first: int, second: int) -> None:
    counted = [0] * (first * second + 1)
    for places in combinations(range(first + second), first):
        others = [place for place in range(first + second) if place not in places]
        counted[sum(other > place for place in places for other in others)] += 1
    assert _orders(first, second) == counted


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7.0], (7, 7, 7, 0.0)),
        ([3.0, 1.0, 2.0], (2, 1, 3, 0.75)),
        ([*map(float, range(10))], (4.5, 1, 8, 1 - 2 * 11 / 1024)),
    ],
)
def test_the_median_and_where_it_lies(values: list[float], expected: tuple[float, ...]) -> None:
    found = median_of(values)
    assert (found.value, found.low, found.high, found.level) == expected


@pytest.mark.parametrize(
    ("windows", "level"), [(3, 0.9), (5, 1 - 2 / 252), (7, 1 - 2 / 3432), (12, 0.999)]
)
def test_few_windows_reach_a_lower_level_only(windows: int, level: float) -> None:
    found = shift_of([10.0] * windows, [0.0] * windows, level=0.999)
    assert (found.value, found.low, found.high, found.excludes_zero) == (10, 10, 10, True)
    assert found.level >= level
    assert found.level == pytest.approx(level, abs=0.0005)


@given(VALUES, VALUES, st.integers(-50, 50), st.sampled_from([2, 10, 1024]))
def test_neither_unit_nor_origin_matters(
    first: list[int], second: list[int], more: int, unit: int
) -> None:
    plain = shift_of(first, second, level=0.95)
    moved = shift_of([unit * (x + more) for x in first], [unit * x for x in second], level=0.95)
    assert (moved.low, moved.value, moved.high) == tuple(
        unit * (x + more) for x in (plain.low, plain.value, plain.high)
    )


@given(VALUES, VALUES)
def test_what_one_has_more_the_other_has_less(first: list[int], second: list[int]) -> None:
    there, back = (shift_of(*pair, level=0.99) for pair in ((first, second), (second, first)))
    assert (there.low, there.value, there.high) == (-back.high, -back.value, -back.low)
    assert there.low <= there.value <= there.high


@given(VALUES)
def test_nothing_differs_from_itself(values: list[int]) -> None:
    assert not shift_of(values, values, level=0.999).excludes_zero


@pytest.mark.parametrize("seed", range(20))
def test_noise_alone_is_no_difference(seed: int) -> None:
    made = random.Random(seed)
    first, second = ([made.gauss(0, 100) for _ in range(12)] for _ in range(2))
    assert not shift_of(first, second, level=0.999).excludes_zero


@pytest.mark.parametrize("seed", range(20))
def test_a_difference_above_the_noise_is_found_beside_a_few_that_are_far_off(seed: int) -> None:
    made = random.Random(seed)
    first = [500 + made.gauss(0, 100) for _ in range(11)] + [-50_000.0]
    second = [made.gauss(0, 100) for _ in range(11)] + [1_000_000.0]
    found = shift_of(first, second, level=0.99)
    assert found.low > 0
    assert found.value == pytest.approx(500, abs=150)
