"""What grows is found in simulated services whose truth is known, and nothing else is."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from leakprobe.analysis.candidates import Candidate, find_candidates
from leakprobe.model import Container, Frame, HeapTotals, ResourceGroup, TypeCount
from tests.analysis.watching import INNOCENT, LEAKY, Load, Moment, Seen, a_type, watched

RESULT, DICT, TEXT = "app.Result", "dict", "str"
TOTALS = HeapTotals(9, 9, 9, 9, 0, 0, 0, 0, 0, 0)
RESULTS_AT, CACHE_AT, WEAK_AT = 0x1000, 0x2000, 0x3000


def heap(moment: Moment, kept: int, **more: int) -> list[TypeCount]:
    """Objects that requests leave behind, beside others that come and go."""
    working = moment.chance.randrange(40)
    rows = {
        RESULT: TypeCount(RESULT, kept, 48 * kept, 1000 * kept),
        DICT: TypeCount(DICT, 9000 + working, 64 * 9000, 200 * (9000 + working)),
        TEXT: TypeCount(TEXT, 50_000, 60 * 50_000, 60 * 50_000),
    }
    for name, count in more.items():
        rows[name] = TypeCount(name, count, 50 * count, 50 * count)
    return list(rows.values())


def names(candidates: Sequence[Candidate], state: str = "leak") -> set[tuple[str, str]]:
    return {(one.kind, one.name) for one in candidates if one.state == state}


def results_kept(moment: Moment) -> Seen:
    kept = moment.leaky
    containers = [
        Container(CACHE_AT, DICT, 400),
        Container(WEAK_AT, "set", 100 + kept, weak=True),
    ]
    if kept >= 32:
        containers.append(Container(RESULTS_AT, DICT, kept))
    return Seen(types=heap(moment, kept), containers=containers)


def test_a_growing_dictionary_and_its_type_are_found_and_charged_to_the_route() -> None:
    candidates = find_candidates(watched(results_kept))
    assert names(candidates) == {
        ("container", DICT),
        ("container", "set"),
        ("type", RESULT),
    }
    dictionary = next(one for one in candidates if one.address == RESULTS_AT)
    weak = next(one for one in candidates if one.address == WEAK_AT)
    result = next(one for one in candidates if one.name == RESULT)
    assert not dictionary.weak
    assert weak.weak
    for one in (dictionary, result):
        assert one.resource == "python"
        assert one.per_request == pytest.approx(0.5, rel=0.1)
        assert one.rates is not None
        (row,) = one.rates.rows
        assert row.route == LEAKY
        assert row.per_request == pytest.approx(1.0, rel=0.1)
        assert one.routes[0][1] + one.routes[1][1] == one.requests
    assert result.bytes_per_request == pytest.approx(500, rel=0.1)
    assert result.bytes_per_second == pytest.approx(1000 * 20, rel=0.2)
    assert result.per_second == pytest.approx(20, rel=0.2)
    assert dictionary.bytes_per_request is None
    assert dictionary.bytes_per_second is None


def test_rates_are_left_out_where_they_are_not_asked_for() -> None:
    evidence = watched(results_kept)
    assert all(one.rates is None for one in find_candidates(evidence, rates=False))
    assert {one.name for one in find_candidates(evidence, rates=False)} == {
        one.name for one in find_candidates(evidence)
    }


def test_without_requests_there_is_nothing_to_charge() -> None:
    def look(moment: Moment) -> Seen:
        return Seen(types=heap(moment, int(5 * moment.uptime_s)))

    (found,) = find_candidates(watched(look, load=Load(begins_s=1e9)))
    assert (found.kind, found.name, found.state) == ("type", RESULT, "leak")
    assert found.per_request is None
    assert found.rates is None
    assert found.objects == pytest.approx(5 * found.seconds, rel=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_the_innocent_twin_is_innocent(seed: int) -> None:
    def look(moment: Moment) -> Seen:
        kept = min(moment.leaky, 100)
        return Seen(types=heap(moment, kept), containers=[Container(RESULTS_AT, DICT, 32 + kept)])

    assert names(find_candidates(watched(look, seed=seed))) == set()


def test_cycles_that_wait_for_the_collector_are_no_leak() -> None:
    def look(moment: Moment) -> Seen:
        waiting = 3 * moment.leaky
        row = a_type(RESULT, 50, waiting, 1000)
        return Seen(types=[*heap(moment, 0)[1:], row], gauges={"gc_enabled": True})

    assert find_candidates(watched(look)) == ()


COLLECTORS: dict[str, tuple[Callable[[Moment], dict[str, int]], bool]] = {
    "off": (lambda _: {"gc_enabled": False, "gc_collections": 9}, True),
    "off, but called": (
        lambda moment: {"gc_enabled": False, "gc_collections": int(moment.uptime_s)},
        False,
    ),
    "on": (lambda _: {"gc_enabled": True, "gc_collections": 9}, False),
    "not known": (lambda _: {"gc_collections": 9}, False),
}


@pytest.mark.parametrize("collector", COLLECTORS)
def test_cycles_pile_up_where_the_collector_is_off(collector: str) -> None:
    gauges, leaks = COLLECTORS[collector]

    def look(moment: Moment) -> Seen:
        waiting = 3 * moment.leaky
        row = a_type(RESULT, 50, waiting, 1000)
        return Seen(types=[*heap(moment, 0)[1:], row], gauges=gauges(moment))

    candidates = find_candidates(watched(look))
    assert names(candidates) == ({("garbage", RESULT)} if leaks else set())
    for one in candidates:
        assert one.bytes_per_request == pytest.approx(1500, rel=0.1)


@pytest.mark.parametrize("frozen", [True, False])
def test_cycles_that_are_frozen_are_never_collected(frozen: bool) -> None:
    def look(moment: Moment) -> Seen:
        waiting = 3 * moment.leaky
        row = a_type(RESULT, 50, waiting, 1000)
        totals = replace(TOTALS, frozen_objects=400 + (7 * moment.leaky if frozen else 0))
        types = [*heap(moment, 0)[1:], row]
        return Seen(types=types, gauges={"gc_enabled": True}, totals=totals)

    found = names(find_candidates(watched(look)))
    assert found == ({("garbage", RESULT)} if frozen else set())


def test_objects_that_only_c_code_holds_are_a_reference_count_leak() -> None:
    def look(moment: Moment) -> Seen:
        kept = moment.leaky
        row = TypeCount(RESULT, kept, kept, 100 * kept, None, 0, kept)
        return Seen(types=[*heap(moment, 0)[1:], row])

    candidates = find_candidates(watched(look))
    assert names(candidates) == {("type", RESULT), ("c_held", RESULT)}


def test_a_buffer_that_grows_is_found_though_there_is_only_one() -> None:
    def look(moment: Moment) -> Seen:
        buffer = TypeCount("_io.BytesIO", 1, 100, 100 + 500 * moment.leaky)
        return Seen(types=[*heap(moment, 0), buffer])

    (found,) = find_candidates(watched(look))
    assert (found.kind, found.name, found.counts) == ("type", "_io.BytesIO", "bytes")
    assert found.objects is None
    assert found.per_request == pytest.approx(250, rel=0.1)


@pytest.mark.parametrize(("name", "found"), [("int", False), ("app.Key", True)])
def test_what_slows_down_is_suspected_unless_everything_is_made_of_it(
    name: str, found: bool
) -> None:
    def look(moment: Moment) -> Seen:
        kept = round(400 * (1 - math.exp(-moment.leaky / 400)))
        large = TypeCount("app.Cache", 1, 100, 100 + 300 * kept)
        held = TypeCount("app.Held", 5, 1, 1, None, 0, 1000 + moment.leaky // 300)
        return Seen(types=[TypeCount(name, kept, 30 * kept, 30 * kept), large, held])

    candidates = find_candidates(watched(look))
    assert {(one.name, one.state) for one in candidates} == (
        {(name, "suspect")} if found else set()
    )


def test_large_cycles_that_wait_do_not_make_a_type_larger() -> None:
    """Those that live are small: what the type owns grows, though nothing leaks."""

    def look(moment: Moment) -> Seen:
        waiting = 3 * moment.leaky
        row = a_type("bytes", 9000, waiting, 20_000)
        return Seen(types=[row], gauges={"gc_enabled": True})

    assert find_candidates(watched(look)) == ()


def test_growing_threads_are_found_by_what_they_run() -> None:
    site = Frame("/srv/app/main.py", 9, "refresh")

    def look(moment: Moment) -> Seen:
        more = moment.leaky // 10
        groups = [
            ResourceGroup("threads", "threading.Timer of app.refresh", more, site),
            ResourceGroup("threads", "main thread", 1),
            ResourceGroup("fds", "pipe", 4),
        ]
        return Seen(gauges={"threads": 4 + more, "fds": 20}, groups=groups)

    candidates = find_candidates(watched(look, gaps_s=(0.9, 1.1)))
    assert names(candidates) == {
        ("gauge", "threads"),
        ("group", "threading.Timer of app.refresh"),
    }
    group = next(one for one in candidates if one.kind == "group")
    gauge = next(one for one in candidates if one.kind == "gauge")
    assert group.group_site == site
    assert gauge.group_site is None
    assert group.resource == gauge.resource == "threads"
    assert group.objects == gauge.objects


def test_routes_without_requests_in_the_span_are_not_named() -> None:
    found = find_candidates(watched(results_kept))
    assert {route for one in found for route, _ in one.routes} == {LEAKY, INNOCENT}


@pytest.mark.parametrize(
    ("swapped_at_s", "state"), [(34.0, "suspect"), (14.0, "leak")], ids=["as long", "longer"]
)
def test_a_buffer_that_is_swapped_for_another_is_suspected_until_it_is_longer(
    swapped_at_s: float, state: str
) -> None:
    """What was in the first one went with it."""

    def look(moment: Moment) -> Seen:
        swaps = int(moment.uptime_s >= swapped_at_s)
        since_s = moment.uptime_s - swaps * swapped_at_s
        return Seen(types=heap(moment, 0), containers=[Container(swaps, "list", int(20 * since_s))])

    candidates = find_candidates(watched(look, gaps_s=(0.9, 1.1)))
    assert {one.state for one in candidates if one.kind == "container"} == {state}
