"""Tags: samples know the route of the request in whose context they were taken."""

import asyncio
import contextvars
import gc
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import pytest

from leakprobe.capture.native import sampler_missing
from tests.capture.native.sampled import EVERY_BLOCK, KIB, block, blocks, rows, sampling
from tests.native import needs_sampler

if sampler_missing() is None:
    from leakprobe.capture._native import _sampler

pytestmark = needs_sampler

UNROUTED = -1
UNTAGGED = 0

route_tag: "ContextVar[_sampler.Tag]" = ContextVar("route_tag")


@contextmanager
def request() -> "Iterator[_sampler.Tag]":
    """A request's tag, set as a middleware sets it."""
    tag = _sampler.Tag()
    token = route_tag.set(tag)
    try:
        yield tag
    finally:
        route_tag.reset(token)


def blocks_by_route() -> dict[int, int]:
    read = rows()
    counts = {
        route: blocks([row for row in read if row.route == route])
        for route in {row.route for row in read}
    }
    return {route: count for route, count in counts.items() if count}


def test_samples_before_the_route_is_known_learn_it() -> None:
    with sampling(EVERY_BLOCK, tag=route_tag):
        with request() as tag:
            held = [block()]
            assert blocks_by_route() == {UNROUTED: 1}
            tag.resolve(7)
            assert blocks_by_route() == {7: 1}
            held.append(block())
            assert blocks_by_route() == {7: 2}
        held.append(block())
        assert blocks_by_route() == {7: 2, UNTAGGED: 1}


def test_a_route_known_before_any_sample() -> None:
    with sampling(EVERY_BLOCK, tag=route_tag), request() as tag:
        tag.resolve(2**31 - 1)
        held = block()
        assert blocks_by_route() == {2**31 - 1: 1}
    assert held


@pytest.mark.parametrize("route", [0, -1, -(2**80)])
@pytest.mark.parametrize("sampled_before", [True, False])
def test_no_route(route: int, sampled_before: bool) -> None:
    with sampling(EVERY_BLOCK, tag=route_tag), request() as tag:
        held = [block()] if sampled_before else []
        tag.resolve(route)
        held.append(block())
        assert blocks_by_route() == {UNTAGGED: len(held)}


def test_a_tag_that_dies_without_a_route() -> None:
    with sampling(EVERY_BLOCK, tag=route_tag):
        with request() as tag:
            held = block()
        assert blocks_by_route() == {UNROUTED: 1}
        del tag
        assert blocks_by_route() == {UNTAGGED: 1}
    assert held


def test_work_that_outlives_its_request_keeps_the_route() -> None:
    held: list[bytes] = []

    async def background(ready: asyncio.Event) -> None:
        await ready.wait()
        held.append(block())

    async def serve() -> None:
        ready = asyncio.Event()
        with request() as tag:
            task = asyncio.create_task(background(ready))
            tag.resolve(5)
        ready.set()
        await task

    with sampling(EVERY_BLOCK, tag=route_tag):
        asyncio.run(serve())
        assert blocks_by_route() == {5: 1}


def test_forty_interleaved_tasks() -> None:
    held: dict[int, list[bytes]] = {route: [] for route in range(1, 41)}

    async def serve(route: int) -> None:
        with request() as tag:
            for step in range(6):
                held[route].append(block())
                await asyncio.sleep(random.random() / 1000)
                if step == route % 6:
                    tag.resolve(route)

    async def serve_all() -> None:
        await asyncio.gather(*(serve(route) for route in held))

    with sampling(EVERY_BLOCK, tag=route_tag):
        asyncio.run(serve_all())
        assert blocks_by_route() == dict.fromkeys(held, 6)


def run_in_thread(target: Callable[[], object]) -> None:
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()


def test_threads_with_and_without_the_context() -> None:
    held: list[bytes] = []
    with sampling(EVERY_BLOCK, tag=route_tag), request() as tag:
        context = contextvars.copy_context()
        run_in_thread(lambda: context.run(lambda: held.append(block())))
        # 3.14 copies it by itself; before, a raw thread begins with none.
        run_in_thread(lambda: contextvars.Context().run(lambda: held.append(block())))
        tag.resolve(3)
        assert blocks_by_route() == {3: 1, UNTAGGED: 1}


def test_a_value_that_is_no_tag() -> None:
    variable: ContextVar[object] = ContextVar("variable")
    token = variable.set("text")
    with sampling(EVERY_BLOCK, tag=variable):  # type: ignore[arg-type] # as a stranger may set it
        held = block()
        assert blocks_by_route() == {UNTAGGED: 1}
    variable.reset(token)
    assert held


def test_tags_outlive_the_sampler() -> None:
    tag = _sampler.Tag()
    token = route_tag.set(tag)
    with sampling(EVERY_BLOCK, tag=route_tag):
        held = block()
    tag.resolve(4)
    with sampling(EVERY_BLOCK, tag=route_tag):
        held = block()
        assert blocks_by_route() == {4: 1}
    route_tag.reset(token)
    assert held


def test_requests_leave_nothing_behind() -> None:
    with sampling(EVERY_BLOCK, tag=route_tag):
        _sampler.read()
        before = _sampler.counters()
        for number in range(5_000):
            with request() as tag:
                block()
                tag.resolve(1 + number % 3)
        gc.collect()
        _sampler.read()
        _sampler.read()
        assert _sampler.counters().self_bytes < before.self_bytes + 64 * KIB


def test_pending_exceptions_survive_the_look_at_the_tag() -> None:
    def fail(depth: int) -> None:
        if depth:
            fail(depth - 1)
        raise LookupError("planted", depth)

    with sampling(EVERY_BLOCK, tag=route_tag), request():
        for _ in range(100):
            with pytest.raises(LookupError) as caught:
                fail(20)
            assert caught.value.args == ("planted", 0)
            assert len(caught.traceback) == 22


def test_a_tag_takes_no_arguments_and_no_subclasses() -> None:
    make: Callable[..., object] = _sampler.Tag
    for positional, named in (((1,), {}), ((), {"route": 1})):
        with pytest.raises(TypeError, match="takes no arguments"):
            make(*positional, **named)
        with pytest.raises(TypeError, match="takes no arguments"):
            _sampler.Tag.__new__(_sampler.Tag, *positional, **named)
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Other", (_sampler.Tag,), {})


def test_routes_that_are_no_numbers_or_too_large() -> None:
    tag = _sampler.Tag()
    with pytest.raises(TypeError):
        tag.resolve("route")  # type: ignore[arg-type] # a wrong type is what is tested
    for route in (2**31, 2**70):
        with pytest.raises(OverflowError, match="a route is at most 2147483647"):
            tag.resolve(route)
