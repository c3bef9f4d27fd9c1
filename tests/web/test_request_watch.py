"""A request from its begin to its end, in Python and natively, without an application."""

import asyncio
import contextvars
import gc
import sys
import threading
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import Scope

from leakprobe.capture import native
from leakprobe.capture.requests import RequestCounters
from leakprobe.capture.route_tags import ROUTE_TAG, RouteTags
from leakprobe.web.request_watch import (
    COUNTED,
    Request,
    RequestWatch,
    Route,
    Watch,
    fastest_watch,
    new_memo,
)
from leakprobe.web.route_names import RouteNames
from tests.native import needs_requests

OURS = "/debug/memory"
REQUESTS = 2000


@pytest.fixture(autouse=True, params=["python", pytest.param("native", marks=needs_requests)])
def _core(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "python":
        monkeypatch.setattr(native, "requests_missing", lambda: "a test says so")


class Tag:
    """Remembers what it was told; can be referred to weakly."""

    def __init__(self) -> None:
        self.told: list[int] = []

    def resolve(self, number: int) -> None:
        self.told.append(number)


class Bench:
    """A watch with everything that it needs."""

    def __init__(self) -> None:
        self.counters = RequestCounters()
        self.tags = RouteTags()
        self.peers = [OURS]
        self.errors: list[Exception] = []
        self.met: list[str] = []
        memo = new_memo()
        self.names = RouteNames(self.meet, memo)
        self.careful = RequestWatch(
            OURS,
            memo,
            self.names.find_out,
            self.tags,
            ROUTE_TAG,
            self.peers,
            self.errors.append,
        )
        self.watch: Watch = fastest_watch(self.careful)

    def meet(self, label: str, scope: Scope) -> Route:
        self.met.append(label)
        return Route(self.counters.of(label), self.tags.number(label))

    def begun(self, scope: Scope) -> Request:
        request = self.watch.begin(scope)
        assert request is not None
        return request


async def endpoint() -> None: ...


class Router:
    def __init__(self) -> None:
        self.routes = [self]
        self.path_format = "/items/{n}"
        self.endpoint = endpoint


def a_scope(**others: Any) -> Scope:
    return {"type": "http", "method": "GET", "path": "/items/7", **others}


def routed(scope: Scope, router: Router) -> Scope:
    scope.update(endpoint=endpoint, route=router, router=router)
    return scope


def test_a_route_is_met_once_and_its_requests_are_counted() -> None:
    bench, router = Bench(), Router()
    for number in range(10):
        scope = a_scope()
        request = bench.begun(scope)
        routed(scope, router)
        (request.failed if number % 2 else request.done)()
    (row,) = bench.counters.read()
    assert (row.route, row.requests, row.errors) == ("GET /items/{n}", 10, 5)
    assert row.max_s is not None
    assert 0 < row.max_s < 1
    assert bench.met == ["GET /items/{n}"]
    assert bench.errors == []


@pytest.mark.parametrize(
    "scope",
    [
        {"type": "websocket", "path": "/items/7"},
        {"type": "lifespan"},
        a_scope(path=OURS),
        a_scope(path="/items/debug/memory/x"),
    ],
)
def test_what_is_not_plainly_a_request_of_the_application_is_left_alone(scope: Scope) -> None:
    bench = Bench()
    before = dict(scope)
    assert bench.watch.begin(scope) is None
    assert scope == before
    assert bench.errors == []


def test_strings_of_a_server_need_not_be_the_same_objects() -> None:
    bench, router = Bench(), Router()
    for _ in range(3):
        scope = {"type": b"http".decode(), "path": "/x", "method": b"GET".decode()}
        request = bench.begun(scope)
        routed(scope, router)
        request.done()
    assert bench.counters.counts() == {"GET /items/{n}": 3}


def test_a_request_ends_once() -> None:
    bench = Bench()
    bench.tags.start(Tag)  # type: ignore[arg-type]  # stands for a native tag

    def run() -> None:
        request = bench.begun(a_scope())
        assert ROUTE_TAG.get(None) is not None
        request.done()
        request.failed()
        request.done()
        assert ROUTE_TAG.get(None) is None

    contextvars.copy_context().run(run)
    (row,) = bench.counters.read()
    assert (row.requests, row.errors) == (1, 0)


def test_of_several_middlewares_one_counts_and_the_scope_is_given_back_clean() -> None:
    bench = Bench()
    bench.peers.append(OURS)
    scope = a_scope()
    request = bench.begun(scope)
    assert scope[COUNTED] is True
    assert bench.watch.begin(scope) is None
    assert bench.careful.open(scope) is None
    bench.peers.pop()  # the other one stops meanwhile
    request.done()
    assert scope == a_scope()
    assert bench.counters.total == 1


def test_a_mark_that_somebody_took_away_is_noted_and_not_raised() -> None:
    bench = Bench()
    bench.peers.append(OURS)
    scope = a_scope()
    request = bench.begun(scope)
    scope.clear()
    request.done()
    assert [type(error) for error in bench.errors] == [KeyError]


def failing(error: BaseException) -> Callable[..., Any]:
    def fail(*_: object) -> None:
        raise error

    return fail


def test_our_failures_are_noted_and_not_raised() -> None:
    planted = RuntimeError("planted"), ValueError("planted too")
    bench = Bench()
    bench.tags.start(failing(planted[0]))
    bench.counters.of = failing(planted[1])  # type: ignore[method-assign]  # to make it fail
    bench.begun(a_scope()).done()
    assert bench.errors == list(planted)


def test_what_is_meant_for_the_process_is_raised_and_the_tag_is_gone() -> None:
    bench = Bench()
    bench.tags.start(Tag)  # type: ignore[arg-type]  # stands for a native tag
    bench.counters.of = failing(KeyboardInterrupt())  # type: ignore[method-assign]  # as above

    def run() -> None:
        request = bench.begun(a_scope())
        with pytest.raises(KeyboardInterrupt):
            request.done()
        assert ROUTE_TAG.get(None) is None

    contextvars.copy_context().run(run)
    assert bench.errors == []


class Mapping(dict[str, Any]):
    """A scope that is no plain dictionary."""


def test_a_scope_that_is_no_plain_dictionary_is_noted_all_the_same() -> None:
    bench = Bench()
    scope = Mapping(a_scope())
    request = bench.watch.begin(scope) or bench.careful.open(scope)
    assert request is not None
    request.done()
    assert bench.counters.total == 1


def test_a_tag_goes_with_its_request() -> None:
    bench = Bench()
    made: list[weakref.ref[Tag]] = []

    def make() -> Tag:
        tag = Tag()
        made.append(weakref.ref(tag))
        return tag

    bench.tags.start(make)  # type: ignore[arg-type]  # stands for a native tag
    request = bench.begun(a_scope())
    assert made[0]() is not None
    request.done()
    del request
    assert made[0]() is None
    assert ROUTE_TAG.get(None) is None


def test_a_request_that_nobody_ends_is_collected_with_the_task_that_its_context_holds() -> None:
    bench = Bench()
    bench.tags.start(Tag)  # type: ignore[arg-type]  # stands for a native tag
    held = contextvars.ContextVar[object]("held")

    class Holder:
        request: Request

    def run() -> weakref.ref[Holder]:
        holder = Holder()
        held.set(holder)
        holder.request = bench.begun(a_scope())
        return weakref.ref(holder)

    holder = contextvars.copy_context().run(run)
    gc.collect()
    assert holder() is None


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_grows_with_the_requests(fails: bool) -> None:
    bench, router = Bench(), Router()
    bench.tags.start(Tag)  # type: ignore[arg-type]  # stands for a native tag
    bench.peers.append(OURS)
    if fails:
        bench.careful.note_error = lambda error: None
        bench.watch = fastest_watch(bench.careful)

    def some() -> None:
        for _ in range(REQUESTS):
            scope = a_scope()
            request = bench.begun(scope)
            routed(scope, router)
            if fails:
                scope.pop(COUNTED)
            request.done()

    counted: list[int] = []
    some()
    references = [sys.getrefcount(thing) for thing in (bench.watch, bench.names, router, None)]
    tracemalloc.start()
    try:
        for _ in range(3):
            some()
            gc.collect()
            counted.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    after = [sys.getrefcount(thing) for thing in (bench.watch, bench.names, router, None)]
    assert counted[2] - counted[1] < REQUESTS
    assert all(abs(now - then) < 50 for now, then in zip(after, references, strict=True))


def test_tasks_that_interleave_keep_their_tags_apart() -> None:
    bench = Bench()
    bench.tags.start(Tag)  # type: ignore[arg-type]  # stands for a native tag

    async def one() -> None:
        request = bench.begun(a_scope())
        own = ROUTE_TAG.get()
        for _ in range(3):
            await asyncio.sleep(0)
            assert ROUTE_TAG.get() is own
        request.done()
        assert ROUTE_TAG.get(None) is None

    async def run() -> None:
        await asyncio.gather(*(one() for _ in range(20)))

    asyncio.run(run())
    assert bench.counters.counts() == {"(unknown)": 20}
    assert bench.errors == []


def test_event_loops_in_several_threads_note_in_one_place() -> None:
    bench, router = Bench(), Router()
    bench.tags.start(Tag)  # type: ignore[arg-type]  # stands for a native tag
    bench.peers.append(OURS)
    together = threading.Barrier(4)

    async def one() -> None:
        scope = a_scope()
        request = bench.begun(scope)
        await asyncio.sleep(0)
        routed(scope, router)
        request.done()
        assert COUNTED not in scope

    async def many() -> None:
        for _ in range(50):
            await asyncio.gather(*(one() for _ in range(10)))

    def work() -> None:
        together.wait()
        asyncio.run(many())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bench.counters.counts() == {"GET /items/{n}": 2000}
    assert bench.errors == []
