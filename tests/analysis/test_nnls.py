import random
from collections.abc import Sequence
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.nnls import estimate, least_squares, nnls

NUMBER = st.integers(-20, 20).map(float)
PROBLEM = st.integers(1, 5).flatmap(
    lambda columns: st.lists(
        st.tuples(st.lists(NUMBER, min_size=columns, max_size=columns), NUMBER),
        min_size=1,
        max_size=12,
    )
)


def dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def residuals(
    rows: Sequence[Sequence[float]], targets: Sequence[float], found: Sequence[float]
) -> list[float]:
    return [target - dot(row, found) for row, target in zip(rows, targets, strict=True)]


@pytest.mark.parametrize(
    ("rows", "targets", "expected"),
    [
        ([[1, 0], [0, 1]], [3, 4], [3, 4]),
        ([[1, 0], [0, 1]], [3, -4], [3, 0]),
        ([[1, 1], [1, 2], [1, 3]], [1, 2, 3], [0, 1]),
        # Unbounded: 4 and -1. Without the second column the best is 10 / 4 for all rows.
        ([[1, 0], [1, 1], [1, 2], [1, 3]], [4, 3, 2, 1], [2.5, 0]),
        ([[-1], [-2]], [5, 5], [0]),
        ([[0, 1], [0, 2]], [2, 4], [0, 2]),
        ([[1, 1], [2, 2]], [3, 6], [3, 0]),
        ([[1e6, 1], [2e6, 1], [5e6, 1]], [1e6 + 7, 2e6 + 7, 5e6 + 7], [1, 7]),
    ],
)
def test_known_answers(
    rows: Sequence[Sequence[float]], targets: Sequence[float], expected: Sequence[float]
) -> None:
    assert least_squares(rows, targets) == pytest.approx(expected)


def test_nothing_to_fit() -> None:
    assert nnls([], []) == []


def test_a_column_that_entered_may_leave_again() -> None:
    # The first column pulls hardest; the other two explain everything without it.
    rows = [[1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.9, 0.0, 0.0]]
    assert least_squares(rows, [5.0, 5.0, 0.0]) == pytest.approx([0, 5, 5])


def test_a_column_that_rounding_cannot_tell_from_another_stays_out() -> None:
    # Once the first and the last are in, the second pulls, by a millionth of the first.
    rows = [[1.0, 1.0, 0.0], [0.0, 1e-6, -1.0], [0.0, 0.0, 1.0]]
    assert least_squares(rows, [10, -1, 5]) == pytest.approx([10, 0, 3])


@given(PROBLEM)
@settings(deadline=None, max_examples=200)
def test_no_choice_of_columns_does_better(problem: list[tuple[list[float], float]]) -> None:
    rows, targets = [row for row, _ in problem], [target for _, target in problem]
    found = least_squares(rows, targets)
    assert all(value >= 0 for value in found)
    left = residuals(rows, targets, found)
    # Karush-Kuhn-Tucker: no column pulls upward, and those in use do not pull at all.
    scale = 1 + dot(targets, targets)
    for k, value in enumerate(found):
        pull = dot([row[k] for row in rows], left)
        assert pull <= 1e-6 * scale
        assert value == 0 or abs(pull) <= 1e-6 * scale


@given(PROBLEM, st.integers(1, 1_000_000), st.integers(1, 1_000_000))
@settings(deadline=None)
def test_units_change_nothing(
    problem: list[tuple[list[float], float]], column_unit: int, target_unit: int
) -> None:
    rows, targets = [row for row, _ in problem], [target for _, target in problem]
    found = residuals(rows, targets, least_squares(rows, targets))
    rescaled = [[row[0] * column_unit, *row[1:]] for row in rows]
    raised = [target * target_unit for target in targets]
    other = residuals(rescaled, raised, least_squares(rescaled, raised))
    for one, two in zip(found, other, strict=True):
        assert two == pytest.approx(one * target_unit, abs=1e-5 * target_unit)


def test_many_columns_of_which_few_count() -> None:
    drawn = random.Random(1)
    rows = [[float(drawn.randrange(20)) for _ in range(14)] for _ in range(60)]
    targets = [100 * row[3] + 7 * row[9] for row in rows]
    found = least_squares(rows, targets)
    assert found[3] == pytest.approx(100)
    assert found[9] == pytest.approx(7)
    assert sum(found) == pytest.approx(107)


def noisy(seed: int, size: float) -> tuple[list[list[float]], list[float]]:
    drawn = random.Random(seed)
    rows = [[float(drawn.randrange(20)), float(drawn.randrange(20))] for _ in range(40)]
    return rows, [5 * row[0] + drawn.gauss(0, size) for row in rows]


def test_what_is_exact_has_no_interval() -> None:
    leaky, innocent = estimate(*noisy(0, 0))
    assert (leaky.value, leaky.low, leaky.high) == pytest.approx((5, 5, 5))
    assert (innocent.low, innocent.high) == pytest.approx((0, 0), abs=1e-9)


def test_the_interval_holds_the_truth() -> None:
    found = [estimate(*noisy(seed, 20)) for seed in range(200)]
    assert sum(leaky.low <= 5 <= leaky.high for leaky, _ in found) >= 0.88 * 200
    assert all(leaky.low > 0 for leaky, _ in found)
    assert sum(innocent.low > 0 for _, innocent in found) <= 0.06 * 200


def test_the_same_rows_give_the_same_answer() -> None:
    assert estimate(*noisy(1, 20)) == estimate(*noisy(1, 20))


def test_few_rows_make_the_interval_wider() -> None:
    rows, targets = noisy(2, 20)
    many, few = estimate(rows, targets)[0], estimate(rows[:6], targets[:6])[0]
    assert few.high - few.low > 2 * (many.high - many.low)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_every_subset_of_unit_columns_is_found(size: int) -> None:
    for chosen in combinations(range(4), size):
        rows = [[float(i == k) for k in range(4)] for i in range(4)]
        targets = [10.0 if i in chosen else -10.0 for i in range(4)]
        assert least_squares(rows, targets) == [10.0 * (k in chosen) for k in range(4)]


@given(PROBLEM, st.sets(st.integers(0, 5)))
@settings(deadline=None)
def test_a_guess_of_what_counts_changes_the_time_only(
    problem: list[tuple[list[float], float]], likely: set[int]
) -> None:
    rows, targets = [row for row, _ in problem], [target for _, target in problem]
    size = len(rows[0])
    gram = [[sum(row[i] * row[j] for row in rows) for j in range(size)] for i in range(size)]
    goal = [sum(row[i] * t for row, t in zip(rows, targets, strict=True)) for i in range(size)]
    plain = residuals(rows, targets, nnls(gram, goal))
    guessed = residuals(rows, targets, nnls(gram, goal, likely=sorted(likely)))
    assert dot(guessed, guessed) == pytest.approx(dot(plain, plain), abs=1e-6)
