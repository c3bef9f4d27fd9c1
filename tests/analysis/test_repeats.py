"""Growth that repeats is told from what comes once: the rule as a table of numbers."""

from collections.abc import Sequence
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.repeats import LEAST_BYTES, Repeats, judge_repeats

MANY = 4 * LEAST_BYTES
START = 30_000_000


def judged(*steps: float) -> Repeats:
    """What is said of iterations that grow by so much."""
    return judge_repeats(list(accumulate(steps, initial=START)))


@pytest.mark.parametrize(
    ("steps", "state", "size", "grown"),
    [
        # a leak, of as many iterations as there may be
        ([MANY] * 2, "leak", MANY, 1),
        ([MANY] * 3, "leak", MANY, 2),
        ([MANY] * 4, "leak", MANY, 3),
        ([MANY] * 10, "leak", MANY, 9),
        ([MANY] * 17, "leak", MANY, 16),
        ([MANY] * 200, "leak", MANY, 199),
        # both sides of the least
        ([LEAST_BYTES] * 10, "leak", LEAST_BYTES, 9),
        ([LEAST_BYTES - 1] * 10, "levels off", LEAST_BYTES - 1, 0),
        ([40] * 10, "no growth", 40, 0),
        # a leak beside imports at first
        ([9_000_000] + [MANY] * 9, "leak", MANY, 9),
        # and beside one large step later
        ([MANY] * 5 + [900_000] + [MANY] * 4, "leak", MANY, 9),
        # a leak every second time, every third time
        ([MANY, 0] * 5, "leak", MANY / 2, 4),
        ([0, MANY] * 5, "leak", MANY / 2, 5),
        ([0, 0, MANY] * 4, "leak", MANY * 4 / 11, 4),
        ([MANY, 0, 0] * 10, "leak", MANY / 3, 9),
        # a leak that begins late
        ([0] * 5 + [MANY] * 5, "leak", MANY * 0.55, 5),
        # what comes once
        ([9_000_000] + [0] * 9, "levels off", 0, 0),
        ([0] * 5 + [900_000] + [0] * 4, "levels off", 100_000, 1),
        ([0] * 9 + [900_000], "levels off", 100_000, 1),
        # what comes twice, early
        ([0, MANY, MANY] + [0] * 7, "levels off", MANY * 2 / 9, 2),
        # a cache that is full after two, after half of them, after most
        ([MANY] * 2 + [0] * 8, "levels off", MANY / 9, 1),
        ([MANY] * 5 + [0] * 5, "levels off", MANY * 4 / 9, 4),
        ([MANY] * 7 + [0] * 3, "levels off", MANY * 6 / 9, 6),
        ([MANY] * 100 + [0] * 100, "levels off", MANY * 99 / 199, 99),
        # growth that slows down, on both sides of a half
        ([MANY] * 7 + [MANY * 0.6] * 3, "leak", MANY, 9),
        ([MANY] * 7 + [MANY * 0.4] * 3, "levels off", MANY * 7.2 / 9, 9),
        # two iterations, three: growth must be alike
        ([MANY, 0], "levels off", 0, 0),
        ([0, MANY], "levels off", MANY, 1),
        ([9_000_000, MANY], "levels off", MANY, 1),
        ([0, MANY, 0], "levels off", MANY / 2, 1),
        ([0, MANY, MANY], "leak", MANY, 2),
        ([0, MANY, 5 * MANY], "levels off", 3 * MANY, 2),
        ([0, MANY, MANY * 0.4], "levels off", 0.7 * MANY, 2),
        # what is given back again
        ([MANY, -MANY] * 5, "levels off", 0, 0),
        ([0, 900_000, -900_000] + [0] * 7, "no growth", 0, 0),
        ([0, MANY, MANY, MANY, -3 * MANY, MANY, MANY, MANY, -3 * MANY], "no growth", 0, 0),
        ([-MANY] * 10, "no growth", 0, 0),
    ],
)
def test_the_rule(steps: Sequence[float], state: str, size: float, grown: int) -> None:
    found = judged(*steps)
    assert (found.state, found.grown, found.judged) == (state, grown, len(steps) - 1)
    assert found.bytes_per_iteration == pytest.approx(size, rel=0.15, abs=1)


@pytest.mark.parametrize("readings", [[], [START], [START, START + MANY]])
def test_of_one_iteration_nothing_is_said(readings: list[float]) -> None:
    assert judge_repeats(readings) == Repeats("no growth", 0.0, 0, 0)


def test_the_least_is_the_callers() -> None:
    readings = list(accumulate([MANY] * 9, initial=START))
    assert judge_repeats(readings, least=MANY).state == "leak"
    assert judge_repeats(readings, least=MANY + 1).state == "levels off"


sizes = st.integers(min_value=LEAST_BYTES, max_value=10**7)
counts = st.integers(min_value=4, max_value=60)


@given(sizes, counts, st.lists(st.floats(0, 1), min_size=60, max_size=60), sizes)
@settings(deadline=None)
def test_a_leak_is_found_in_unrest_below_its_size(
    size: int, count: int, unrest: list[float], first: int
) -> None:
    clean = accumulate([first, *[2 * size] * count], initial=START)
    readings = [level + 0.2 * size * wave for level, wave in zip(clean, unrest, strict=False)]
    found = judge_repeats(readings)
    assert found.state == "leak"
    assert found.bytes_per_iteration == pytest.approx(2 * size, rel=0.15)


@given(st.lists(st.integers(0, 10**7), min_size=4, max_size=30), st.integers(2, 4))
@settings(deadline=None)
def test_what_ends_before_the_last_third_is_no_leak(steps: list[int], times: int) -> None:
    assert judged(*steps, *[0] * (times * len(steps))).state != "leak"


@given(st.lists(st.integers(-(10**7), 0), max_size=40))
@settings(deadline=None)
def test_what_never_grows_is_no_leak(steps: list[int]) -> None:
    assert judged(*steps).state == "no growth"


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=40), st.integers(0, 10**12))
@settings(deadline=None)
def test_only_differences_count(steps: list[int], start: int) -> None:
    readings = list(accumulate(steps, initial=start))
    assert judge_repeats(readings) == judge_repeats([reading - start for reading in readings])
