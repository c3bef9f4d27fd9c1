"""Native memory and what the allocators hold, of simulated services whose truth is known."""

import random
from collections.abc import Callable, Mapping

import pytest

from leakprobe.analysis.candidates import Candidate, find_candidates
from leakprobe.analysis.evidence import Evidence
from leakprobe.model import HeapTotals, LiveStack, Stack, TypeCount
from tests.analysis.watching import LEAKY, Load, Moment, Seen, snapshot_at, watched
from tests.making import a_stack

MIB = 1 << 20
STACK = a_stack(("/srv/app/main.py", 42, "keep"))
EVERY_SECOND = (0.9, 1.1)


def gauges(moment: Moment, *, native: int = 0, objects: int = 0, free: int = 0) -> dict[str, int]:
    """Malloc with some noise; `native` and `objects` bytes leak per request of one route."""
    noise = moment.chance.randrange(MIB // 10)
    used = 50 * MIB + noise + (native + objects) * moment.leaky
    held = 30 * MIB + noise + free * moment.leaky
    return {
        "malloc_used_bytes": used,
        "malloc_free_bytes": held,
        "pymalloc_used_bytes": 20 * MIB,
        "pymalloc_free_bytes": MIB,
        "rss_bytes": 100 * MIB + used + held,
    }


def of(evidence: Evidence) -> dict[str, Candidate]:
    return {one.resource: one for one in find_candidates(evidence)}


@pytest.mark.parametrize("seed", range(3))
def test_a_native_leak_is_found_and_charged_to_its_route(seed: int) -> None:
    evidence = watched(
        lambda moment: Seen(gauges=gauges(moment, native=10_000)), gaps_s=EVERY_SECOND, seed=seed
    )
    found = of(evidence)
    assert set(found) == {"native"}
    assert found["native"].state == "leak"
    assert found["native"].bytes_per_request == pytest.approx(5_000, rel=0.15)
    rates = found["native"].rates
    assert rates is not None
    (row,) = rates.rows
    assert row.route == LEAKY
    assert row.low <= 10_000 * 1.05
    assert row.high >= 10_000 * 0.95


def test_what_python_objects_take_from_malloc_is_not_native() -> None:
    """A tracer without errors says how much they are; other memory is native as before."""

    def look(native: int) -> Callable[[Moment], Seen]:
        def seen(moment: Moment) -> Seen:
            live = LiveStack(STACK, 2_000 * moment.leaky, 2 * moment.leaky)
            small = LiveStack(Stack(()), 100 * moment.leaky, 5 * moment.leaky)
            stacks = [live, small]
            return Seen(gauges=gauges(moment, objects=2_000, native=native), stacks=stacks)

        return seen

    explained = of(watched(look(0), gaps_s=EVERY_SECOND))
    assert "native" not in explained
    mixed = of(watched(look(8_000), gaps_s=EVERY_SECOND))
    assert mixed["native"].bytes_per_request == pytest.approx(4_000, rel=0.2)


def test_walks_of_before_say_nothing_of_now() -> None:
    def look(moment: Moment) -> Seen:
        totals = HeapTotals(9, 9, 9, 25 * MIB, 0, 0, 0, 0, 0, 0)
        walked = moment.uptime_s < 8
        types = [TypeCount("app.A", 1, 1, 1)] if walked else None
        return Seen(gauges=gauges(moment, native=8_000), totals=totals, types=types)

    assert set(of(watched(look, gaps_s=EVERY_SECOND))) == {"native"}


@pytest.mark.parametrize(("native", "found"), [(0, set()), (8_000, {"native"})])
def test_walks_say_what_python_objects_take_from_malloc(native: int, found: set[str]) -> None:
    def look(moment: Moment) -> Seen:
        totals = HeapTotals(9, 9, 9, 25 * MIB + 2_000 * moment.leaky, 0, 0, 0, 0, 0, 0)
        seen = gauges(moment, objects=2_000, native=native)
        return Seen(gauges=seen, totals=totals, types=[TypeCount("app.A", 1, 1, 1)])

    assert set(of(watched(look, gaps_s=EVERY_SECOND))) == found


@pytest.mark.parametrize(
    ("rss_bytes", "native", "state"),
    [(100, 9_000, "leak"), (100, 3_000, "suspect"), (1_000, 9_000, "suspect")],
)
def test_bytes_alone_are_a_leak_only_where_they_are_much(
    rss_bytes: int, native: int, state: str
) -> None:
    """9 MB and 3 MB, of 100 MiB or 1000 MiB."""

    def look(moment: Moment) -> Seen:
        return Seen(gauges={**gauges(moment, native=native), "rss_bytes": rss_bytes * MIB})

    assert of(watched(look, gaps_s=EVERY_SECOND))["native"].state == state


@pytest.mark.parametrize(("per_thread_s", "state"), [(20, "leak"), (2, "suspect")])
def test_what_more_threads_work_on_is_at_most_suspected(per_thread_s: int, state: str) -> None:
    """Handlers become slower, so that more of them run at a time."""

    def look(moment: Moment) -> Seen:
        threads = 4 + int(moment.uptime_s / per_thread_s)
        return Seen(gauges={**gauges(moment, native=9_000), "threads": threads})

    assert of(watched(look, gaps_s=EVERY_SECOND))["native"].state == state


def at_a_perfectly_steady_load(native: Callable[[float], float], seconds: int) -> Candidate:
    """Ten requests of each route in every second: nothing tells one from the other, or time."""
    evidence, chance = Evidence(), random.Random(1)
    for second in range(1, seconds):
        moment = Moment(float(second), 10 * second, 10 * second, chance)
        held = gauges(moment)
        used = held["malloc_used_bytes"] + int(native(second))
        evidence.observe(snapshot_at(moment, Seen(gauges={**held, "malloc_used_bytes": used})))
    return of(evidence)["native"]


@pytest.mark.parametrize(("seconds", "state"), [(36, "suspect"), (60, "leak")])
def test_what_goes_with_any_route_or_time_is_a_leak_where_it_goes_on_evenly(
    seconds: int, state: str
) -> None:
    native = at_a_perfectly_steady_load(lambda second: 400_000 * second, seconds)
    assert native.state == state
    assert native.rates is not None
    assert not native.rates.told_apart


def test_what_goes_with_any_route_or_time_is_suspected_where_it_slows_down() -> None:
    """A little less each time, as a working set that comes to its end."""
    native = at_a_perfectly_steady_load(lambda s: 600_000 * s - 2_400 * s * s, 60)
    assert native.state == "suspect"


def test_bytes_that_grow_while_nobody_asks_are_a_leak() -> None:
    def look(moment: Moment) -> Seen:
        held = gauges(moment)
        used = held["malloc_used_bytes"] + int(300_000 * moment.uptime_s)
        return Seen(gauges={**held, "malloc_used_bytes": used})

    idle = Load(begins_s=1e9)
    assert of(watched(look, load=idle, gaps_s=EVERY_SECOND))["native"].state == "leak"


def test_what_the_samples_cannot_exclude_is_not_native() -> None:
    def look(moment: Moment) -> Seen:
        live = LiveStack(STACK, 900 * moment.leaky, moment.leaky, 20 * MIB)
        return Seen(gauges=gauges(moment, objects=2_000), stacks=[live])

    assert "native" not in of(watched(look, gaps_s=EVERY_SECOND))


def test_little_is_not_native() -> None:
    evidence = watched(lambda moment: Seen(gauges=gauges(moment, native=300)), gaps_s=EVERY_SECOND)
    assert of(evidence) == {}


def test_memory_that_nobody_uses_is_found() -> None:
    evidence = watched(lambda moment: Seen(gauges=gauges(moment, free=20_000)), gaps_s=EVERY_SECOND)
    found = of(evidence)
    assert set(found) == {"allocator"}
    assert found["allocator"].state == "leak"
    assert found["allocator"].bytes_per_request == pytest.approx(10_000, rel=0.15)


@pytest.mark.parametrize(("free", "state"), [(10_000, "suspect"), (4_000, None)])
def test_memory_that_nobody_uses_beside_a_larger_leak_is_no_leak_of_its_own(
    free: int, state: str | None
) -> None:
    evidence = watched(
        lambda moment: Seen(gauges=gauges(moment, free=free, native=40_000)), gaps_s=EVERY_SECOND
    )
    found = of(evidence)
    assert found["native"].state == "leak"
    assert (found["allocator"].state if "allocator" in found else None) == state


def test_little_that_nobody_uses_is_nothing() -> None:
    def look(moment: Moment) -> Seen:
        return Seen(gauges={**gauges(moment, free=20_000), "rss_bytes": 10_000 * MIB})

    assert of(watched(look, gaps_s=EVERY_SECOND)) == {}


def test_what_is_only_no_longer_used_is_nothing() -> None:
    """It was resident before, as memory in use."""

    def look(moment: Moment) -> Seen:
        return Seen(gauges={**gauges(moment, free=20_000), "rss_bytes": 100 * MIB})

    assert of(watched(look, gaps_s=EVERY_SECOND)) == {}


@pytest.mark.parametrize("seed", range(5))
def test_memory_that_goes_up_and_down_is_innocent(seed: int) -> None:
    assert of(watched(lambda m: Seen(gauges=gauges(m)), gaps_s=EVERY_SECOND, seed=seed)) == {}


def test_an_exact_tracer_that_is_seldom_read_says_what_is_python_s() -> None:
    """Its sum is known at any moment."""

    def look(
        native: int, traced: int | None, more: Mapping[str, None] | None = None
    ) -> Callable[[Moment], Seen]:
        def seen(moment: Moment) -> Seen:
            known = gauges(moment, objects=20_000, native=native)
            total = None if traced is None else 20 * MIB + traced * moment.leaky
            return Seen(gauges={**known, "traced_bytes": total, **(more or {})})

        return seen

    python = of(watched(look(0, 20_000), gaps_s=EVERY_SECOND))
    assert "native" not in python
    pymalloc_unknown = of(watched(look(0, 20_000, {"pymalloc_used_bytes": None})))
    assert "native" not in pymalloc_unknown
    both = of(watched(look(20_000, 20_000), gaps_s=EVERY_SECOND))
    assert both["native"].state == "leak"
    assert both["native"].bytes_per_request == pytest.approx(10_000, rel=0.25)
    unknown = of(watched(look(0, None), gaps_s=EVERY_SECOND))
    assert unknown["native"].state == "suspect"
