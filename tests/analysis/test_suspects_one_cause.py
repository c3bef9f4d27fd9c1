"""What stands beside a leak and belongs to it: tables of libraries, owners, what is larger."""

from dataclasses import replace

from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.suspects import find_suspects
from leakprobe.model import CloseLook
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

POOL = "concurrent.futures.thread.ThreadPoolExecutor"
ACTIVE = ("module threading", "global _active", "dict value (thread threading.Thread)")


def pools() -> tuple[list[Candidate], CloseLook]:
    """An executor for each request, with two threads that the library lists in a table."""
    candidates = [
        container(1, 400, kind="list"),
        container(2, 800),
        candidate("type", POOL, 400, bytes=100_000),
        candidate("type", "threading.Thread", 800, bytes=160_000, rates=rates(2.0)),
        candidate("group", "concurrent.futures.thread._worker", 800, resource="threads"),
    ]
    look = looked(
        (
            held(1, path("module app", "global pools"), entries={POOL: 400}),
            held(2, path(*ACTIVE[:2]), entries={"threading.Thread": 800}),
        ),
        (
            type_holder(POOL, path("module app", "global pools", "list item"), 400),
            type_holder("threading.Thread", path(*ACTIVE), 800),
        ),
    )
    return candidates, look


def test_the_table_of_all_threads_is_no_cause_beside_what_starts_them() -> None:
    (found,) = find_suspects(*pools())
    assert (found.resource, found.growth.objects) == ("threads", 800)
    assert found.holders[0].text == "app.pools.item"
    assert {POOL, "threading.Thread"} <= {row.type for row in found.types}


def test_a_table_that_grows_at_another_rate_has_a_cause_of_its_own() -> None:
    candidates, look = pools()
    candidates = [replace(c, objects=1000) if c.address == 2 else c for c in candidates]
    candidates = [c for c in candidates if c.name != "threading.Thread"]
    assert len(find_suspects(candidates, look)) == 2


INDEX = path("module app", "global index")


def test_objects_that_become_larger_take_builtin_ones_that_do() -> None:
    candidates = [
        candidate("type", "app.Index", None, bytes=1_000_000),
        candidate("type", "set", None, bytes=600_000),
    ]
    strings = owner("str", path(*INDEX.steps, "attribute words"), size=900_000, samples=9)
    look = looked((), (type_holder("app.Index", INDEX, 1),), (strings,))
    (found,) = find_suspects(candidates, look)
    assert found.growth.bytes == 1_600_000
    assert [row.type for row in found.types] == ["app.Index", "str", "set"]


def test_the_owner_of_a_growing_container_is_no_cause_beside_it() -> None:
    queue = path("module app", "global jobs")
    entries = path(*queue.steps, "attribute _queue")
    candidates = [
        container(1, kind="collections.deque"),
        candidate("type", "asyncio.queues.Queue", None, bytes=2_000_000),
    ]
    other = type_holder("asyncio.queues.Queue", path("frame Server.run", "variable self"), 1)
    look = looked(
        (held(1, entries, entries={"dict": 400}),),
        (type_holder("asyncio.queues.Queue", queue, 1), other),
    )
    (found,) = find_suspects(candidates, look)
    assert [holder.text for holder in found.holders] == ["app.jobs._queue"]
    assert "asyncio.queues.Queue" in {row.type for row in found.types}


def test_a_task_and_what_it_waits_for_are_one_suspect() -> None:
    waiting, tasks = (path("module app", "global event"), path("module app", "global tasks"))
    task = path(*tasks.steps, "set item (task watch)")
    candidates = [
        container(1, kind="collections.deque"),
        container(2, kind="set"),
        candidate("type", "coroutine", 800, bytes=1_600_000, rates=rates(2.0)),
        candidate("group", "watch", resource="tasks"),
    ]
    buffer = path(*task.steps, "attribute _coro", "variable buffer")
    owners = (
        owner("bytearray", buffer, size=9_000_000, line=13),
        owner("coroutine", path(*task.steps, "attribute _coro"), size=600_000, line=18),
        owner("coroutine", path(*task.steps, "attribute _coro", "attribute cr_await"), line=14),
    )
    look = looked(
        (
            held(1, waiting, entries={"_asyncio.Future": 400}, retained_bytes=6_000),
            held(2, tasks, entries={"_asyncio.Task": 400}, retained_bytes=30_000),
        ),
        (),
        owners,
    )
    (found,) = find_suspects(candidates, look)
    assert (found.resource, found.growth.bytes) == ("tasks", 1_600_000)
    assert found.site is not None
    assert (found.site.file, found.site.line) == (APP, 18)


def test_of_lines_with_as_much_it_is_the_one_that_made_the_objects() -> None:
    way = path("module app", "global loggers")
    entry = path(*way.steps, "dict value")
    candidates = [container(1), candidate("type", "logging.Logger", bytes=300_000)]
    later = owner("dict", path(*entry.steps, "attribute _cache"), size=130_000, line=13)
    made = replace(owner("logging.Logger", entry, size=65_000, line=12), bytes_error=65_000)
    unsure = replace(later, bytes_error=92_000)
    look = looked((held(1, way, entries={"logging.Logger": 400}),), (), (unsure, made))
    (found,) = find_suspects(candidates, look)
    assert found.site is not None
    assert found.site.line == 12
    sure = replace(later, bytes=1_300_000, bytes_error=290_000)
    (found,) = find_suspects(candidates, replace(look, owners=(sure, made)))
    assert found.site is not None
    assert found.site.line == 13


def test_cycles_with_a_finalizer_are_told() -> None:
    row = type_holder("app.Node", None, 400, "garbage")
    look = looked((), (replace(row, finalizer=True),))
    (found,) = find_suspects([candidate("garbage", "app.Node", bytes=900_000)], look)
    (holder,) = found.holders
    assert (holder.text, holder.kind) == ("cycles of app.Node", "uncollected cycle with __del__")
    assert "Node objects with a `__del__`" in found.advice


def test_numbers_that_go_with_a_container_are_its_own_whatever_route_they_seem_to_have() -> None:
    numbers = candidate("type", "int", 405, rates=rates(1.0, INNOCENT))
    look = looked((held(1, path("module app", "global results"), entries={"app.Row": 400}),))
    (found,) = find_suspects([container(1, 400), numbers], look)
    assert found.holders[0].text == "app.results"
    assert [route.route for route in found.routes] == [ROUTE]


def test_numbers_that_go_with_nothing_are_a_cause() -> None:
    numbers = candidate("type", "int", 250, rates=rates(1.0, INNOCENT))
    look = looked((held(1, path("module app", "global results"), entries={"app.Row": 400}),))
    assert len(find_suspects([container(1, 400), numbers], look)) == 2


def test_a_container_that_grows_is_not_told_again_by_its_type_that_becomes_larger() -> None:
    larger = candidate("type", "collections.deque", None, bytes=260_000, rates=rates(310, INNOCENT))
    recent = held(1, path("module app", "global recent"), type_name="collections.deque")
    (found,) = find_suspects([container(1, kind="collections.deque"), larger], looked((recent,)))
    assert found.holders[0].text == "app.recent"
    other = replace(larger, name="app.Matrix")
    assert len(find_suspects([container(1, kind="collections.deque"), other], None)) == 2
