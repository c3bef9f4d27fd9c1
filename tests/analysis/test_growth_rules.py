"""The rules, as tables of numbers: what grows like this is called so."""

import math
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.axis_rules import Series, Unit
from leakprobe.analysis.growth_rules import Growth, judge_growth
from leakprobe.analysis.trend import after_warm_up
from tests.analysis.recorded import RECORDED

STEADY_S = [4.0 * n for n in range(16)]
AT_40_RPS = [max(0, int(40 * (time - 6))) for time in STEADY_S]

Curve = Callable[[int, float], float]


def judged(
    values: Sequence[float],
    *,
    times: Sequence[float] = STEADY_S,
    totals: Sequence[int] = AT_40_RPS,
    unit: Unit = "count",
    least: float = 5,
) -> Growth | None:
    first = after_warm_up(times, totals)
    return judge_growth(Series(times, totals, values, unit, least), first)


def state(growth: Growth | None) -> str | None:
    return None if growth is None else growth.state


def along(curve: Curve) -> list[float]:
    return [curve(total, time) for total, time in zip(AT_40_RPS, STEADY_S, strict=True)]


CURVES: dict[str, tuple[Curve, str | None]] = {
    "one per request": (lambda n, _: 1000 + n, "leak"),
    "one per hundred requests": (lambda n, _: 1000 + n // 100, "leak"),
    "a saw-tooth of the collector that rises": (lambda n, _: 1000 + 2 * n + n % 300, "leak"),
    "by time, whatever the load": (lambda _, t: 1000 + 2 * int(t), "leak"),
    "nothing": (lambda _n, _t: 1000, None),
    "a step after a warm-up": (lambda n, _: 1000 + 500 * (n > 900), None),
    "a spike": (lambda n, _: 1000 + 5000 * (800 < n < 1100), None),
    "a saw-tooth that does not rise": (lambda n, _: 1000 + n % 300, None),
    "a cache that is full": (lambda n, _: 1000 + min(n, 500), None),
    "a cache that fills, nearly full": (lambda n, _: 1000 + 200 * (1 - math.exp(-n / 200)), None),
    "a cache that fills": (lambda n, _: 1000 + 1000 * (1 - math.exp(-n / 1000)), "suspect"),
    "three lazy imports": (lambda n, _: 1000 + 70 * sum(n > at for at in (300, 900, 1500)), None),
    "four objects more": (lambda n, _: 1000 + n // 500, None),
    "falling": (lambda n, _: 9000 - n, None),
}


@pytest.mark.parametrize("name", CURVES)
def test_what_grows_like_this_is_called_so(name: str) -> None:
    curve, truth = CURVES[name]
    assert state(judged(along(curve))) == truth


@pytest.mark.parametrize("name", RECORDED)
def test_what_real_services_had_is_called_so(name: str) -> None:
    one = RECORDED[name]
    found = judged(one.values, times=one.times, totals=one.totals, unit=one.unit, least=one.least)
    assert state(found) == one.truth


def test_growth_is_counted_after_the_warm_up() -> None:
    growth = judged(along(lambda n, _: 1000 + 3 * n))
    assert growth is not None
    assert growth.by_request
    assert growth.amount == pytest.approx(3 * growth.requests, rel=0.01)
    assert growth.requests == AT_40_RPS[-1] - AT_40_RPS[growth.first]
    assert growth.seconds == STEADY_S[-1] - STEADY_S[growth.first]
    assert (growth.windows, growth.grown, growth.ended) == (8, 7, False)
    assert growth.confidence == pytest.approx(0.99)


def test_a_leak_is_judged_by_its_requests_after_the_load_is_gone() -> None:
    times = [4.0 * n for n in range(40)]
    totals = [int(40 * min(max(0.0, time - 6), 50)) for time in times]
    growth = judged([1000 + n for n in totals], times=times, totals=totals)
    assert state(growth) == "leak"
    assert growth is not None
    assert growth.by_request


def test_what_grows_while_nobody_asks_is_judged_by_the_clock() -> None:
    growth = judged([1000.0 + 3 * time for time in STEADY_S], totals=[0] * len(STEADY_S))
    assert state(growth) == "leak"
    assert growth is not None
    assert not growth.by_request
    assert growth.amount == pytest.approx(3 * growth.seconds)


@pytest.mark.parametrize("power", [2, 5])
def test_what_grows_with_a_rising_load_is_not_a_leak(power: int) -> None:
    """A working set that goes with the requests of the moment slows down per request."""
    totals = [int(time**power) for time in STEADY_S]
    growth = judged([1000 + 10 * time for time in STEADY_S], totals=totals)
    assert state(growth) == "suspect"


def test_time_alone_proves_nothing_where_requests_came_in_a_few_bursts() -> None:
    totals = [1000 * (5 * n // 16) for n in range(16)]
    assert state(judged([1000 + 10 * time for time in STEADY_S], totals=totals)) == "suspect"


@pytest.mark.parametrize(("kept", "truth"), [(0.25, "suspect"), (5.0, "leak")])
def test_what_rises_no_more_than_the_load_is_suspected(kept: float, truth: str) -> None:
    """Requests come more and more often; what is kept of each adds to 1000 that were there."""
    totals = [int(10 * time + 0.1 * time * time) for time in STEADY_S]
    assert state(judged([1000 + kept * n for n in totals], totals=totals)) == truth


@pytest.mark.parametrize(("observations", "truth"), [(16, "leak"), (6, "suspect"), (5, None)])
def test_few_observations_prove_nothing(observations: int, truth: str | None) -> None:
    values = along(lambda n, _: 1000 + n)[:observations]
    found = judged(values, times=STEADY_S[:observations], totals=AT_40_RPS[:observations])
    assert state(found) == truth


def test_seven_observations_in_fifteen_seconds_prove_nothing() -> None:
    times = [float(n) for n in range(15)]
    assert judged([1000.0 + 10 * n for n in range(15)], times=times, totals=[0] * 15) is None


@pytest.mark.parametrize(("least", "truth"), [(30, "leak"), (100, None)])
def test_growth_below_the_least_is_nothing(least: float, truth: str | None) -> None:
    values = [1000.0 + time for time in STEADY_S]
    assert state(judged(values, totals=[0] * 16, least=least)) == truth


@pytest.mark.parametrize(
    ("late_rate", "truth"), [(1.0, "leak"), (0.8, "leak"), (0.6, "suspect"), (0.1, None)]
)
def test_growth_that_slows_down_is_at_most_suspected(late_rate: float, truth: str | None) -> None:
    border = AT_40_RPS[11]
    found = judged(along(lambda n, _: 1000 + min(n, border) + late_rate * max(0, n - border)))
    assert state(found) == truth
    assert found is None or found.ended == (truth == "suspect")


def test_a_few_observations_of_a_starved_sampler_do_not_show_that_growth_slows_down() -> None:
    """One object for each request, but walks come up to 2 s after requests were counted."""
    times = [6.0, 10.0, 13.0, 19.0, 22.0, 26.0, 31.0, 34.0, 38.0, 44.0]
    late_s = [0.0, 0.0, 0.0, 0.2, 0.8, 1.5, 2.0, 1.8, 0.6, 0.1]
    totals = [round(40 * (time - 5)) for time in times]
    values = [1000 + 40 * (time - 5 + late) for time, late in zip(times, late_s, strict=True)]
    assert state(judged(values, times=times, totals=totals)) == "leak"


@pytest.mark.parametrize(("late_rate", "truth"), [(0.75, "leak"), (0.6, "suspect"), (0.1, None)])
def test_bytes_slow_down_without_counting_chance(late_rate: float, truth: str | None) -> None:
    border = AT_40_RPS[11]

    def curve(n: int, _: float) -> float:
        return 1e6 + 1e3 * (min(n, border) + late_rate * max(0, n - border))

    assert state(judged(along(curve), unit="bytes", least=1e5)) == truth


@pytest.mark.parametrize(("jump", "truth"), [(300, "leak"), (4000, "suspect")])
def test_growth_that_came_at_once_is_no_leak(jump: int, truth: str) -> None:
    assert state(judged(along(lambda n, _: 1000 + n + jump * (n > 1200)))) == truth


def test_chance_is_not_taken_for_a_leak() -> None:
    """Of a hundred types that go up and down in ten services, each judged all the time."""
    alarms = 0
    for seed in range(1000):
        chance = random.Random(seed)
        values = [1000.0 + chance.randrange(100) for _ in STEADY_S]
        alarms += any(
            state(judged(values[:n], times=STEADY_S[:n], totals=AT_40_RPS[:n])) == "leak"
            for n in range(8, 17)
        )
    assert alarms <= 1


def test_a_leak_under_noise_is_found() -> None:
    found = 0
    for seed in range(50):
        chance = random.Random(seed)
        found += state(judged(along(lambda n, _: 1000 + n + chance.randrange(100)))) == "leak"  # noqa: B023 - used at once
    assert found >= 45


LONG_S = [60.0 * n for n in range(64)]
LONG_TOTALS = [600 * n for n in range(64)]


def begun(at: int, rate: float = 10.0) -> list[float]:
    """A leak that begins with one of 64 observations, under a little noise."""
    return [1000.0 + max(0, n - at) * rate + n % 2 for n in range(64)]


@pytest.mark.parametrize("at", [38, 50])
def test_a_leak_that_began_lately_is_found(at: int) -> None:
    growth = judged(begun(at), times=LONG_S, totals=LONG_TOTALS)
    assert state(growth) == "leak"
    assert growth is not None
    assert growth.first >= at - 3


@pytest.mark.parametrize("peak", [range(20, 30), range(32, 37)])
def test_what_comes_back_to_where_it_was_began_no_leak(peak: range) -> None:
    values = [value + 500 * (n in peak) for n, value in enumerate(begun(40))]
    assert state(judged(values, times=LONG_S, totals=LONG_TOTALS)) != "leak"


@pytest.mark.parametrize(("cadence_s", "truth"), [(60.0, "leak"), (10.0, "suspect"), (3.0, None)])
def test_what_began_a_moment_ago_is_not_called_a_leak_yet(
    cadence_s: float, truth: str | None
) -> None:
    times = [cadence_s * n for n in range(64)]
    totals = [100 * n for n in range(64)]
    assert state(judged(begun(38), times=times, totals=totals)) == truth


def test_a_step_lately_is_no_leak_that_began_lately() -> None:
    times = [600.0 * n for n in range(24)] + [14_000.0 + 50 * n for n in range(40)]
    totals = [int(10 * time) for time in times]
    values = [1000.0 + 500 * (n > 55) + n % 2 for n in range(64)]
    assert state(judged(values, times=times, totals=totals)) is None


def test_two_observations_say_nothing() -> None:
    assert judged([1.0, 100.0], times=[0.0, 100.0], totals=[0, 0]) is None


def test_requests_are_judged_where_the_observations_lie_in_two_heaps() -> None:
    times = [*range(12), *(500.0 + n for n in range(12))]
    totals = [100 * n for n in range(24)]
    growth = judge_growth(Series(times, totals, [1000 + n for n in totals], "count", 5), 0)
    assert state(growth) == "leak"
    assert growth is not None
    assert growth.by_request


def test_a_load_that_only_begins_is_no_rising_load() -> None:
    totals = [0] * 9 + [100 * n for n in range(1, 16)]
    times = [10.0 * n for n in range(24)]
    values = [1000.0 + n for n in totals]
    assert state(judge_growth(Series(times, totals, values, "count", 5), 0)) == "leak"


series = st.lists(st.integers(0, 10_000), min_size=10, max_size=30)


@given(series, st.sampled_from([2.0, 8.0]), st.integers(-1000, 1000), st.sampled_from([0.5, 4.0]))
@settings(deadline=None)
def test_scale_shift_and_unit_do_not_change_a_verdict(
    values: list[int], scale: float, shift: int, clock: float
) -> None:
    times = [30.0 * n for n in range(len(values))]
    totals = [100 * n for n in range(len(values))]
    first = after_warm_up(times, totals)
    one = judge_growth(Series(times, totals, values, "estimate", 5), first)
    scaled = [scale * (value + shift) for value in values]
    later = [clock * time + 30.0 for time in times]
    two = judge_growth(Series(later, totals, scaled, "estimate", 5 * scale), first)
    if one is None or one.by_request:
        assert state(one) == state(two)


@given(series)
@settings(deadline=None)
def test_what_has_not_grown_is_no_leak(values: list[int]) -> None:
    times = [10.0 * n for n in range(len(values))]
    values[-1] = min(values)
    growth = judged(values, times=times, totals=[0] * len(values))
    assert growth is None
