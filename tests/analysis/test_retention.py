import math
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.retention import most_kept, thin
from leakprobe.settings import RetentionRule, parse_retention

DEFAULT = parse_retention("10m@10s,2h@1m,24h@10m")

durations = st.integers(1, 60).map(float)
rules = st.lists(
    st.builds(
        lambda every, times: RetentionRule(age_s=every * times, every_s=every),
        durations,
        st.integers(1, 12),
    ),
    max_size=3,
).map(tuple)
moments = st.lists(st.floats(0, 600), max_size=60)


def kept(times: list[float], some_rules: tuple[RetentionRule, ...], now: float) -> list[float]:
    return [times[position] for position in thin(times, some_rules, now)]


def thinned_at_every_step(times: list[float], some_rules: tuple[RetentionRule, ...]) -> list[float]:
    album: list[float] = []
    for time in times:
        album.append(time)
        album = kept(album, some_rules, time)
    return album


def test_nothing_stays_nothing() -> None:
    assert thin([], DEFAULT, 0.0) == ()


def test_a_day_at_ten_seconds_keeps_fine_near_now_and_coarse_further_back() -> None:
    times = [10.0 * step for step in range(8641)]
    album = kept(times, DEFAULT, times[-1])
    ages = [times[-1] - time for time in album]
    assert [age for age in ages if age <= 600] == [10.0 * step for step in range(60, -1, -1)]
    assert {a - b for a, b in pairwise(ages) if b > 600 and a <= 7200} == {60.0}
    assert {a - b for a, b in pairwise(ages) if b > 7200} == {600.0}
    assert len(album) == 61 + 110 + 132


def test_of_a_bucket_the_oldest_stays() -> None:
    assert thin([61.0, 60.5, 62.0, 119.0, 121.0], (RetentionRule(600, 60),), 130.0) == (1, 4)


def test_what_is_older_than_every_rule_goes() -> None:
    assert thin([0.0, 100.0, 200.0], (RetentionRule(100, 10),), 201.0) == (2,)


@given(moments, rules)
@settings(deadline=None)
def test_the_newest_stays_even_without_rules(
    times: list[float], some: tuple[RetentionRule, ...]
) -> None:
    assert max(times, default=None) == max(kept(times, some, 1e9), default=None)


@given(moments, rules, st.floats(600, 2000))
@settings(deadline=None)
def test_thinning_twice_is_thinning_once(
    times: list[float], some: tuple[RetentionRule, ...], now: float
) -> None:
    once = kept(times, some, now)
    assert kept(once, some, now) == once


@given(moments, rules, st.floats(600, 2000), st.floats(0, 1000), moments)
@settings(deadline=None)
def test_what_was_dropped_is_never_wanted_again(
    times: list[float],
    some: tuple[RetentionRule, ...],
    now: float,
    later: float,
    newer: list[float],
) -> None:
    afterwards = [now + time for time in newer]
    wanted_later = kept(times + afterwards, some, now + later)
    dropped = set(times) - set(kept(times, some, now))
    assert dropped.isdisjoint(wanted_later)


@given(moments.map(sorted), rules)
@settings(deadline=None)
def test_thinning_at_every_step_loses_nothing_that_thinning_at_the_end_would_keep(
    times: list[float], some: tuple[RetentionRule, ...]
) -> None:
    at_every_step = thinned_at_every_step(times, some)
    at_the_end = kept(times, some, times[-1]) if times else []
    assert set(at_the_end) <= set(at_every_step)
    assert len(at_every_step) <= most_kept(some)


@given(st.floats(0.1, 10), rules)
@settings(deadline=None)
def test_regular_snapshots_leave_no_gap_of_twice_the_rule(
    interval: float, some: tuple[RetentionRule, ...]
) -> None:
    times = [step * interval for step in range(300)]
    now = times[-1]
    album = thinned_at_every_step(times, some)
    for rule in some:
        if interval <= rule.every_s:
            inside = [time for time in album if now - time <= rule.age_s]
            gaps = [b - a for a, b in pairwise(inside)]
            assert max(gaps, default=0) < 2 * rule.every_s
            assert now - inside[0] > min(now, rule.age_s) - 2 * rule.every_s


@given(st.lists(st.floats(0, 600), max_size=200), rules)
@settings(deadline=None)
def test_the_count_is_bounded_whatever_comes(
    times: list[float], some: tuple[RetentionRule, ...]
) -> None:
    bound = 1 + sum(math.floor(rule.age_s / rule.every_s) + 2 for rule in some)
    assert len(thin(times, some, 600.0)) <= bound == most_kept(some)
