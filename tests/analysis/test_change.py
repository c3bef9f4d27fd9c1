"""Differences of live memory, and above all their errors."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.change import Change, stack_changes, stacks_of, sums
from leakprobe.errors import NotAvailable
from leakprobe.model import LiveStack, Snapshot
from leakprobe.model.growth import within_error
from tests.analysis.sampling import Cohort, Past
from tests.making import a_snapshot, a_stack, live, live_stacks

STACK = a_stack(("/srv/app/main.py", 42, "keep"))
OTHER = a_stack(("/srv/app/main.py", 43, "keep"))

HUGE = (Cohort(1024, 200_000), Cohort(100, 200_000))
SMALL = (Cohort(100, 25_000),)
PASTS = {
    "a leak of 100 bytes": Past(leaked=(Cohort(100, 40_000),)),
    "a leak of 1 KiB": Past(leaked=(Cohort(1024, 4_000),)),
    "a leak of 100 KB": Past(leaked=(Cohort(100_000, 300),)),
    "a mixed leak": Past(leaked=(Cohort(100, 20_000), Cohort(1024, 2_000), Cohort(100_000, 20))),
    "a leak while other memory is freed": Past(leaked=SMALL, freed=(Cohort(5_000, 600),)),
    "a small leak in a huge stable heap": Past(stable=HUGE, leaked=SMALL),
    "as much new as freed": Past(stable=HUGE, leaked=SMALL, freed=SMALL),
}


def changes(past: Past, runs: int, *, ages: bool = True) -> list[Change]:
    """What is said of the past, each time sampled anew."""
    chance = random.Random(20)
    found = [stack_changes(*past.ends(chance, ages=ages)) for _ in range(runs)]
    return [change.change for (change,) in found]


@pytest.mark.parametrize("name", PASTS)
def test_two_errors_around_an_estimate_hold_the_truth_in_19_cases_of_20(name: str) -> None:
    past, runs = PASTS[name], 300
    found = changes(past, runs)
    holding = [c for c in found if abs(c.bytes_diff - past.bytes_diff) <= 2 * c.bytes_error]
    assert 0.92 <= len(holding) / runs <= 0.98
    mean = sum(change.bytes_diff for change in found) / runs
    error = math.sqrt(sum(change.bytes_error**2 for change in found)) / runs
    assert abs(mean - past.bytes_diff) <= 3 * error, "the estimate is biased"


@pytest.mark.parametrize("name", PASTS)
def test_the_stated_error_is_the_one_that_is_made(name: str) -> None:
    past, runs = PASTS[name], 300
    found = changes(past, runs)
    made = math.sqrt(sum((c.bytes_diff - past.bytes_diff) ** 2 for c in found) / runs)
    stated = math.sqrt(sum(c.bytes_error**2 for c in found) / runs)
    assert stated == pytest.approx(made, rel=0.15)


def test_the_error_of_a_leak_is_not_that_of_the_heap_around_it() -> None:
    past = PASTS["a small leak in a huge stable heap"]
    with_ages, without = changes(past, 20), changes(past, 20, ages=False)
    assert all(not within_error(c.bytes_diff, c.bytes_error) for c in with_ages)
    assert all(within_error(c.bytes_diff, c.bytes_error) for c in without)
    alone = changes(replace(past, stable=()), 20)
    errors = [sum(c.bytes_error for c in found) / 20 for found in (with_ages, alone)]
    assert errors[0] == pytest.approx(errors[1], rel=0.15)


def test_a_heap_that_only_changes_its_blocks_is_noise() -> None:
    found = changes(PASTS["as much new as freed"], 300)
    noise = [c for c in found if within_error(c.bytes_diff, c.bytes_error)]
    assert len(noise) / 300 >= 0.92


@pytest.mark.parametrize(
    ("before", "after", "error"),
    [
        ([(9, 60.0)], [(9, 60.0)], 0),
        ([(9, 60.0)], [(9, 60.0), (4, 61.0)], 4),
        ([(9, 60.0)], [(9, 59.0), (4, 120.0), (3, 70.0)], 5),
        ([(5, 60.0)], [(4, 60.0)], 3),
        ([(5, 60.0)], [], 5),
        ([(3, 10.0), (4, 60.0)], [(5, 60.0), (7, 90.0)], 7),
        # Nobody knows which samples are the same.
        ([(3, None)], [(4, None)], 5),
        ([(3, 60.0)], [(4, None)], 5),
        # Merged with what came after the start: taken as new, which overstates.
        ([(3, 60.0)], [(4, 61.0)], 5),
        # The start has lost what the end still has, or a tracer took over from another.
        ([], [(5, 60.0)], 5),
    ],
)
def test_the_error_is_that_of_what_was_freed_and_of_what_is_new(
    before: Sequence[tuple[int, float | None]],
    after: Sequence[tuple[int, float | None]],
    error: int,
) -> None:
    def rows(ages: Sequence[tuple[int, float | None]]) -> list[LiveStack]:
        return [live(STACK, 100, 1, error, None, born_by_s) for error, born_by_s in ages]

    start = a_snapshot(uptime_s=60.0, stacks=rows(before))
    end = a_snapshot(uptime_s=120.0, stacks=rows(after))
    for ends in ((start, end), (end, start)):
        (found,) = stack_changes(*ends)
        assert found.change.bytes_error == error


def test_stacks_and_routes_are_kept_apart_and_ages_are_not() -> None:
    start = a_snapshot(uptime_s=60.0, stacks=[live(STACK, 100, 1, 3, "GET /", 60.0)])
    end = a_snapshot(
        uptime_s=120.0,
        stacks=[
            live(STACK, 90, 1, 3, "GET /", 60.0),
            live(STACK, 30, 2, 4, "GET /", 120.0),
            live(STACK, 7, 1, 2, None, 120.0),
            live(OTHER, 5, 1, 0, None, 120.0),
        ],
    )
    found = stack_changes(start, end)
    assert [(f.stack, f.route) for f in found] == [(STACK, "GET /"), (STACK, None), (OTHER, None)]
    assert [f.change.bytes_diff for f in found] == [20, 7, 5]
    assert [f.change.objects_diff for f in found] == [2, 1, 1]
    assert [f.change.bytes for f in found] == [120, 7, 5]
    assert [f.change.bytes_error for f in found] == [4, 2, 0]
    assert found[0].number == found[1].number != found[2].number


lists_of_stacks = st.lists(live_stacks, max_size=10)


@given(lists_of_stacks, lists_of_stacks)
@settings(deadline=None)
def test_without_ages_the_errors_of_both_ends_add_up_as_squares(
    before: list[LiveStack], after: list[LiveStack]
) -> None:
    start, end = (
        a_snapshot(stacks=[replace(row, stack=STACK, route=None, born_by_s=None) for row in rows])
        for rows in (before, after)
    )
    for found in stack_changes(start, end):
        squares = sum(row.bytes_error**2 for row in (*before, *after))
        assert found.change.variance == squares
        assert found.change.bytes_error == round(math.sqrt(squares))


@given(lists_of_stacks, lists_of_stacks, st.floats(0, 1e6), st.floats(0, 1e6))
@settings(deadline=None)
def test_ages_only_ever_narrow_the_error(
    before: list[LiveStack], after: list[LiveStack], start_s: float, end_s: float
) -> None:
    def total(*, ages: bool) -> Change:
        start, end = (
            a_snapshot(
                uptime_s=uptime_s,
                stacks=rows if ages else [replace(row, born_by_s=None) for row in rows],
            )
            for rows, uptime_s in ((before, start_s), (after, end_s))
        )
        return sums((0, found.change) for found in stack_changes(start, end)).get(0, Change())

    with_ages, without = total(ages=True), total(ages=False)
    assert 0 <= with_ages.variance <= without.variance
    assert replace(with_ages, variance=0) == replace(without, variance=0)


@given(lists_of_stacks, st.floats(0, 1e6))
@settings(deadline=None)
def test_between_a_snapshot_and_itself_there_is_no_error_in_what_has_an_age(
    stacks: list[LiveStack], uptime_s: float
) -> None:
    aged = [replace(row, born_by_s=min(row.born_by_s or 0.0, uptime_s)) for row in stacks]
    same = a_snapshot(uptime_s=uptime_s, stacks=aged)
    assert {found.change.bytes_error for found in stack_changes(same, same)} <= {0}


@pytest.mark.parametrize(
    ("snapshot", "why"),
    [
        (a_snapshot("s7"), "snapshot s7 has no allocation stacks: they were not read"),
        (a_snapshot("s7", tracer="off"), "tracer=off"),
    ],
)
def test_a_snapshot_without_stacks_says_why(snapshot: Snapshot, why: str) -> None:
    with pytest.raises(NotAvailable, match=why):
        stacks_of(snapshot)
