"""What belongs together is one suspect, and what does not is none: like rates prove nothing."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.suspects import find_suspects
from leakprobe.model import CloseLook, Suspect
from tests.analysis.suspect_evidence import (
    APP,
    INNOCENT,
    ROUTE,
    candidate,
    container,
    held,
    looked,
    owner,
    path,
    rates,
    type_holder,
)

TIMER = ("module threading", "global _active", "dict value (thread threading.Timer)")
TABLE = "threading._active.threading.Timer)"
POOL = ("module threading", "global _active", "dict value (thread anyio.WorkerThread)")


def texts(found: tuple[Suspect, ...]) -> list[str]:
    return [suspect.holders[0].text for suspect in found]


def equal_rates(*, listed: bool) -> tuple[list[Candidate], CloseLook]:
    """A dictionary, a list and timer threads that grow by the same counts.

    Containers are listed only once they are long.
    """
    results = ("module app", "global results")
    buffers = ("module app", "global buffers")
    names = {
        "app.TaskResult": (path(*results, "dict value"), 23_000_000),
        "_io.BytesIO": (path(*buffers, "list item"), 4_700_000),
        "threading.Timer": (path(*TIMER), 2_400_000),
        "threading.Event": (path(*TIMER, "attribute finished"), 5_000),
    }
    candidates = [
        candidate("group", "threading.Timer of app.release", resource="threads", rates=None),
        *(candidate("type", name, bytes=size, rates=None) for name, (_, size) in names.items()),
        candidate("type", "dict", 1200, bytes=15_000, rates=None),
        candidate("type", "_struct.Struct", 8, state="suspect", rates=None),
        container(3, rates=None),
    ]
    found = [held(3, path(*TIMER[:2]), retained_bytes=2_000, entries={"threading.Timer": 400})]
    if listed:
        candidates += [container(1, rates=None), container(2, kind="list", rates=None)]
        found += [
            held(1, path(*results), entries={"app.TaskResult": 400}),
            held(2, path(*buffers), retained_bytes=5_000_000, entries={"_io.BytesIO": 400}),
        ]
    types = [type_holder(name, way, 400) for name, (way, _) in names.items()]
    return candidates, looked(tuple(found), tuple(types))


@pytest.mark.parametrize("listed", [True, False])
def test_three_leaks_at_equal_rates_are_three_suspects(listed: bool) -> None:
    found = {s.types[0].type: s for s in find_suspects(*equal_rates(listed=listed)) if s.types}
    leaks = {name: s for name, s in found.items() if s.state == "leak"}
    assert leaks.keys() == {"app.TaskResult", "_io.BytesIO", "threading.Timer"}
    assert leaks["threading.Timer"].resource == "threads"
    assert "_struct.Struct" not in {t.type for s in leaks.values() for t in s.types}
    event = [name for name, s in leaks.items() if "threading.Event" in {t.type for t in s.types}]
    assert event == ["threading.Timer"]


def test_all_that_other_threads_do_does_not_hang_on_those_that_leak() -> None:
    candidates, look = equal_rates(listed=False)
    other = owner("app.Job", path(*POOL, "attribute queue"), size=90_000_000, line=7)
    timer = owner("bytes", path(*TIMER, "attribute args"), size=1_000_000, line=78)
    found = find_suspects(candidates, looked(look.containers, look.types, (other, timer)))
    (threads,) = (s for s in found if s.resource == "threads")
    assert threads.site is not None
    assert threads.site.line == 78


def test_containers_inside_each_other_are_the_outermost() -> None:
    outer, inner = (
        path("module app", "global rooms"),
        path("module app", "global rooms", "dict value"),
    )
    look = looked((held(2, inner, entries={"app.Line": 9}), held(1, outer)))
    (found,) = find_suspects([container(2, 900, kind="list"), container(1, 90)], look)
    assert texts((found,)) == ["app.rooms"]
    assert found.growth.objects == 90


def test_alike_lists_below_one_holder_are_one_suspect_and_add_up() -> None:
    way = path("module app", "global rooms", "dict value")
    look = looked(tuple(held(n, way, length=100, retained_bytes=10_000) for n in (1, 2, 3)))
    (found,) = find_suspects([container(n, 100, kind="list") for n in (1, 2, 3)], look)
    assert found.growth.objects == 300
    assert found.growth.bytes == 30_000


def test_an_index_belongs_to_what_it_is_the_index_of() -> None:
    index = held(1, path("module app", "global seen"), retained_bytes=40_000, entries={"str": 400})
    jobs = held(2, path("module app", "global jobs"), entries={"app.Job": 400})
    (found,) = find_suspects([container(1, kind="set"), container(2)], looked((index, jobs)))
    assert [h.text for h in found.holders] == ["app.jobs", "app.seen"]


def test_containers_that_hold_other_things_are_causes_of_their_own() -> None:
    jobs = held(1, path("module app", "global jobs"), entries={"app.Job": 400})
    users = held(2, path("module app", "global users"), entries={"app.User": 400})
    found = find_suspects([container(1), container(2)], looked((jobs, users)))
    assert sorted(texts(found)) == ["app.jobs", "app.users"]


def test_containers_of_different_routes_are_causes_of_their_own() -> None:
    one = held(1, path("module app", "global a"), entries={"str": 400})
    two = held(2, path("module app", "global b"), entries={"str": 400})
    other = container(2, rates=rates(1.0, INNOCENT))
    assert len(find_suspects([container(1), other], looked((one, two)))) == 2


WEAK = path("module app", "global references", text="app.references")


def weak_list() -> tuple[Candidate, CloseLook]:
    look = looked(
        (held(1, WEAK, retained_bytes=500 * 80, entries={"weakref.ReferenceType": 400}),),
        (type_holder("weakref.ReferenceType", path("class app.A", "reference"), 3000),),
    )
    return container(1, kind="list", weak=True), look


def test_one_weak_reference_more_in_a_list_is_found() -> None:
    weak, look = weak_list()
    refs = candidate("type", "weakref.ReferenceType", bytes=28_800)
    (found,) = find_suspects([refs, weak], look)
    assert texts((found,)) == ["app.references"]
    assert found.types[0].type == "weakref.ReferenceType"
    assert found.routes[0].bytes_per_request == pytest.approx(80, rel=0.01)


def test_weak_references_to_what_leaks_are_its_symptom() -> None:
    weak, look = weak_list()
    handlers = path("module app", "global log", "attribute handlers", text="app.log.handlers")
    strong = held(2, handlers, entries={"app.ImportLog": 400})
    candidates = [weak, container(2, kind="list"), candidate("type", "weakref.ReferenceType")]
    (found,) = find_suspects(candidates, looked((*look.containers, strong)))
    assert texts((found,)) == ["app.log.handlers"]
    assert "weakref.ReferenceType" in {t.type for t in found.types}


def test_builtin_types_alone_are_a_suspect() -> None:
    way = path("module app", "global last", "attribute previous")
    (found,) = find_suspects([candidate("type", "dict")], looked(types=(type_holder("dict", way),)))
    assert [t.type for t in found.types] == ["dict"]


def test_a_type_that_only_grows_alike_joins_what_nothing_lasting_holds_otherwise() -> None:
    jobs = held(1, path("module app", "global jobs"), entries={"app.Job": 400})
    passing = type_holder("app.Step", path("frame run at app.py:3", "local step"))
    candidates = [container(1), candidate("type", "app.Step", 800)]
    (found,) = find_suspects(candidates, looked((jobs,), (passing,)))
    assert {t.type for t in found.types} == {"app.Job", "app.Step"}


def test_a_line_belongs_to_the_cause_that_owns_its_memory() -> None:
    jobs = held(1, path("module app", "global jobs"), entries={"app.Job": 400})
    users = held(2, path("module app", "global users"), entries={"app.User": 400})
    owners = (
        owner("bytes", path("module app", "global users", "dict value"), line=7),
        owner("bytes", path("module app", "global jobs", "dict value"), line=8),
    )
    lines = [
        candidate("site", f"{APP}:{line} work", None, bytes=9_000_000, site=owners[n].site)
        for n, line in enumerate((7, 8))
    ]
    found = find_suspects([container(1), container(2), *lines], looked((jobs, users), (), owners))
    assert {s.holders[0].text: s.site and s.site.line for s in found} == {
        "app.users": 7,
        "app.jobs": 8,
    }


def test_without_any_walk_lines_of_one_function_are_one_suspect() -> None:
    lines = [
        candidate(
            "site",
            f"{APP}:{line}",
            None,
            bytes=size,
            site=owner(None, None, line=line, function=function).site,
            stack=owner(None, None, line=line, function=function).stack,
            rates=None,
        )
        for line, size, function in ((7, 100, "work"), (8, 900, "work"), (50, 500, "other"))
    ]
    found = find_suspects(lines, None)
    assert [(s.site and s.site.line, s.growth.bytes) for s in found] == [(8, 1000), (50, 500)]


def test_details_below_one_holder_are_not_holders_of_their_own() -> None:
    way = ("module app", "global server", "attribute last")
    rows = (
        type_holder("app.Step", path(*way, "attribute step")),
        type_holder("app.Job", path(*way)),
    )
    candidates = [candidate("type", "app.Step", bytes=9000), candidate("type", "app.Job")]
    (found,) = find_suspects(candidates, looked(types=rows))
    assert texts((found,)) == ["app.server.last"]


def test_what_most_objects_hang_on_decides() -> None:
    rows = (
        type_holder("bytes", None, 900, "garbage"),
        type_holder("bytes", path("module os", "global environ", "dict value"), 74),
        type_holder("bytes", None, 3000),
    )
    (found,) = find_suspects([candidate("type", "bytes", bytes=9_000_000)], looked(types=rows))
    assert "reference cycles" in found.advice


def test_lists_that_hold_the_same_objects_are_one_suspect() -> None:
    ways = {n: path("module app", f"global list{n}") for n in (1, 2)}
    look = looked(tuple(held(n, way, entries={"app.Job": 9}) for n, way in ways.items()))
    (found,) = find_suspects([container(1), container(2)], look)
    assert sorted(h.text for h in found.holders) == ["app.list1", "app.list2"]


def test_a_container_that_no_way_leads_to_has_no_holder() -> None:
    (found,) = find_suspects([container(1)], looked((held(1, None, state="c_held"),)))
    assert found.holders == ()


def line(number: int, route: str, function: str = "work") -> Candidate:
    """A line whose memory nobody could place, with tags of one route."""
    return candidate(
        "site",
        f"{APP}:{number}",
        None,
        bytes=9_000_000,
        site=owner(None, None, line=number, function=function).site,
        tags=((route, 9_000_000), (None, 1_000_000)),
        samples=90,
    )


def test_a_line_of_another_route_is_a_cause_of_its_own() -> None:
    jobs = held(1, path("module app", "global jobs"), entries={"app.Job": 400})
    candidates = [container(1), line(7, ROUTE), line(8, INNOCENT, "other")]
    found = find_suspects(candidates, looked((jobs,)))
    assert sorted(s.routes[0].route for s in found) == [INNOCENT, ROUTE]


def test_a_line_of_which_no_route_has_half_says_nothing_of_routes() -> None:
    shared = line(7, ROUTE)
    mixed = replace(shared, tags=((ROUTE, 40), (INNOCENT, 30), (None, 30)))
    found = find_suspects([mixed, line(8, ROUTE, "other")], None)
    assert len(found) == 2


def test_samples_of_a_line_alone_say_where() -> None:
    jobs = held(1, path("module app", "global jobs"), entries={"app.Job": 400})
    row = owner("bytes", path("module app", "global jobs", "dict value"))
    (found,) = find_suspects([container(1)], looked((jobs,), (), (replace(row, stack=()),)))
    assert found.site is not None
    assert found.site.line == 40


def test_a_line_that_nobody_knows_joins_what_grows_on_its_route() -> None:
    jobs = held(1, path("module app", "global jobs"), entries={"app.Job": 400})
    nowhere = replace(line(7, ROUTE), site=None)
    adrift = owner(None, None)
    look = looked((jobs,), (), (replace(adrift, site=None, stack=()), adrift))
    (found,) = find_suspects([container(1), nowhere], look)
    assert found.site is None


def test_larger_objects_of_a_type_are_growth_too() -> None:
    buffers = candidate("type", "bytearray", None, bytes=9_000_000)
    jobs = held(1, path("module app", "global jobs"), entries={"app.Job": 400})
    (found,) = find_suspects([container(1), buffers], looked((jobs,)))
    assert {t.type for t in found.types} == {"app.Job"}
    (alone,) = find_suspects([buffers], None)
    assert (alone.growth.objects, alone.growth.bytes) == (None, 9_000_000)


def test_builtin_types_that_several_causes_may_have_are_nobodys() -> None:
    found = find_suspects(*equal_rates(listed=True))
    assert all("dict" not in {t.type for t in suspect.types} for suspect in found)


def test_builtin_types_that_do_not_grow_alike_are_nobodys() -> None:
    jobs = held(1, path("module app", "global jobs"), entries={"app.Job": 400})
    alike, other = candidate("type", "cell", 800), candidate("type", "function", 160)
    (found,) = find_suspects([container(1), alike, other], looked((jobs,)))
    assert {t.type for t in found.types} == {"app.Job", "cell"}


def test_what_the_table_of_threads_holds_alone_is_not_said_to_be_all() -> None:
    candidates, look = equal_rates(listed=True)
    held_by = {
        s.holders[0].text: s.holders[0] for s in find_suspects(candidates, look) if s.holders
    }
    retained = {text: holder.retained_bytes is not None for text, holder in held_by.items()}
    assert retained == {"app.results.value": True, "app.buffers.item": True, TABLE: False}


@settings(deadline=None, max_examples=50)
@given(st.permutations(range(10)), st.booleans())
def test_the_order_of_the_evidence_does_not_matter(order: list[int], listed: bool) -> None:
    candidates, look = equal_rates(listed=listed)
    shuffled = [candidates[n] for n in order if n < len(candidates)]
    turned = replace(look, types=look.types[::-1], containers=look.containers[::-1])
    before = find_suspects([*candidates[:10]], look)
    after = find_suspects(shuffled, turned)
    assert [summary(s) for s in after] == [summary(s) for s in before]


def summary(suspect: Suspect) -> tuple[object, ...]:
    types = {row.type for row in suspect.types}
    holders = {row.text for row in suspect.holders}
    return suspect.fingerprint, suspect.state, suspect.growth, types, holders, suspect.routes
