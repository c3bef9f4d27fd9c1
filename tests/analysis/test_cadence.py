from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.cadence import (
    HURRY_SHARE,
    LONGEST_SCHEDULED_PAUSE_S,
    MOST_CREDIT_S,
    credit_left,
    traces_due,
    traces_postponed,
    walk_due,
    walks_postponed,
)

HOUR_S = 3600


def test_the_first_walk_is_due_and_with_no_budget_none_is() -> None:
    assert walk_due(None, None, 0.01)
    assert not walk_due(None, None, 0)
    assert not walk_due(1e9, 0.001, 0)


@pytest.mark.parametrize(("since_s", "due"), [(9.9, False), (10.1, True)])
def test_a_walk_of_a_tenth_of_a_second_is_due_ten_seconds_later(since_s: float, due: bool) -> None:
    assert walk_due(since_s, 0.1, 0.01) is due


@given(
    st.lists(st.floats(0.001, 20), min_size=1, max_size=30),
    st.floats(0.001, 1),
    st.integers(1, 60),
)
@settings(deadline=None, max_examples=50)
def test_walks_stay_within_their_share_over_an_hour(
    costs: list[float], budget: float, interval_s: int
) -> None:
    walks: list[tuple[int, float]] = []
    for now in range(0, HOUR_S, interval_s):
        last = walks[-1] if walks else None
        if walk_due(last and now - last[0], last and last[1], budget):
            walks.append((now, costs[len(walks) % len(costs)]))
    spent = sum(cost for _, cost in walks[:-1])
    assert spent <= budget * (walks[-1][0] - walks[0][0]) + 1e-6


def test_an_idle_process_is_walked_at_half_the_pace() -> None:
    assert not walk_due(19.9, 0.1, 0.01, busy=False, credit_s=MOST_CREDIT_S)
    assert walk_due(20.1, 0.1, 0.01, busy=False)


@pytest.mark.parametrize(("since_s", "due"), [(0.66, False), (0.67, True)])
def test_credit_lets_a_busy_process_be_walked_sooner(since_s: float, due: bool) -> None:
    assert walk_due(since_s, 0.1, 0.01, credit_s=MOST_CREDIT_S) is due
    assert not walk_due(since_s, 0.1, 0.01, credit_s=MOST_CREDIT_S / 2)


@pytest.mark.parametrize(
    ("credit_s", "due_after_s"), [(2.0, 1.25), (0.4, 4.17), (0.09, 7.6), (0.0, 10.0)]
)
def test_walks_thin_out_with_the_credit(credit_s: float, due_after_s: float) -> None:
    assert not walk_due(due_after_s * 0.99, 0.1, 0.01, credit_s=credit_s)
    assert walk_due(due_after_s * 1.01, 0.1, 0.01, credit_s=credit_s)


@pytest.mark.parametrize("cost_s", [0.05, 0.2, 0.4])
def test_no_walk_comes_much_later_than_the_one_before(cost_s: float) -> None:
    credit_s, gaps_s = MOST_CREDIT_S, list[float]()
    for _ in range(100):
        gap_s = cost_s / 0.01
        while walk_due(gap_s * 0.99, cost_s, 0.01, credit_s=credit_s):
            gap_s *= 0.99
        gaps_s.append(gap_s)
        credit_s = credit_left(credit_s, gap_s, cost_s, 0.01)
    assert gaps_s[0] < gaps_s[-1] / 10
    assert max(later / sooner for sooner, later in pairwise(gaps_s)) < 2.5


def test_credit_fills_up_to_its_bound_and_never_falls_below_nothing() -> None:
    assert credit_left(1.0, 100.0, 0.5, 0.01) == pytest.approx(1.5)
    assert credit_left(MOST_CREDIT_S, 1e9, 0.5, 0.01) == MOST_CREDIT_S - 0.5
    assert credit_left(0.0, 1.0, 20.0, 0.01) == 0.0


@given(
    st.lists(st.floats(0.001, 2), min_size=1, max_size=30),
    st.floats(0.001, 1),
    st.integers(1, 30),
)
@settings(deadline=None, max_examples=50)
def test_with_credit_walks_stay_within_their_share_and_the_credit(
    costs: list[float], budget: float, interval_s: int
) -> None:
    walks: list[tuple[int, float]] = []
    credit = MOST_CREDIT_S
    for now in range(0, HOUR_S, interval_s):
        last = walks[-1] if walks else None
        since_s = last and float(now - last[0])
        if walk_due(since_s, last and last[1], budget, credit_s=credit):
            cost = costs[len(walks) % len(costs)]
            credit = credit_left(credit, since_s or 0.0, cost, budget)
            walks.append((now, cost))
    spent = sum(cost for _, cost in walks[:-1])
    elapsed = walks[-1][0] - walks[0][0]
    assert spent <= max(budget, HURRY_SHARE) * elapsed + 1e-6
    # A walk may cost more than the one before it, by which its price is guessed.
    guessed_wrong = sum(max(0.0, b - a) for (_, a), (_, b) in pairwise(walks))
    assert spent <= MOST_CREDIT_S + budget * elapsed + guessed_wrong + max(costs) + 1e-6


@given(st.integers(0, 2_000_000), st.floats(1e-9, 1e-6), st.integers(1, 60))
@settings(deadline=None, max_examples=50)
def test_traces_hold_the_application_for_a_hundredth_of_an_hour_at_most(
    traces: int, seconds_per_trace: float, interval_s: int
) -> None:
    hold_s = traces * seconds_per_trace
    readings: list[int] = []
    for now in range(0, HOUR_S, interval_s):
        if traces_due(traces, seconds_per_trace, now - readings[-1] if readings else None):
            readings.append(now)
    if hold_s > LONGEST_SCHEDULED_PAUSE_S:
        assert readings == []
    else:
        assert (len(readings) - 1) * hold_s <= 0.01 * (readings[-1] - readings[0]) + 1e-6


def test_a_pause_that_would_be_felt_is_never_scheduled_and_says_how_to_ask() -> None:
    assert traces_postponed(100_000, 1e-6) is None
    assert not traces_due(100_001, 1e-6, None)
    assert traces_postponed(400_000, 1e-6) == (
        "allocation stacks: reading about 400000 traces would hold the application for 0.40 s, "
        "and 0.1 s is the most that is done unasked; POST /snapshots reads them now"
    )


@pytest.mark.parametrize(
    ("pauses_s", "postponed"),
    [
        ((), False),
        ((5.0, 5.0), False),
        ((5.0, 0.1, 5.0), False),
        ((0.11, 0.2, 0.3), True),
        ((0.01, 0.11, 0.2, 0.3), True),
        ((0.2, 0.3, 0.4, 0.05), False),
    ],
)
def test_walks_that_are_felt_again_and_again_are_postponed(
    pauses_s: tuple[float, ...], postponed: bool
) -> None:
    assert (walks_postponed(pauses_s) is not None) is postponed


def test_a_postponed_walk_says_how_long_it_holds_and_how_to_ask() -> None:
    assert walks_postponed((0.25, 0.3, 0.5)) == (
        "types: each of the last 3 heap walks held the application for 0.25 s or longer, "
        "and 0.1 s is the most that is done unasked; GET /types walks the heap now"
    )
