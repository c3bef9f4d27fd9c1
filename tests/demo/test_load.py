"""The demo's load: the same every time, bounded, and counted as it was answered."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Route

from examples import subtitle_service
from leakprobe.demo.load import MOST_ROUNDS, innocent, one_of_each, rounds, rounds_in, send

MOST_LEAKED_BYTES = 150 * 10**6
MOST_TIMERS = 300
PLANTED = {
    "/asr": subtitle_service.ASR_LEAK_BYTES,
    "/models/unload": subtitle_service.UNLOAD_LEAK_BYTES,
    "/detect-language": subtitle_service.DETECT_LEAK_BYTES,
}


@given(seconds=st.floats(0, 10_000))
def test_no_time_given_makes_it_leak_more_than_the_machine_should_bear(seconds: float) -> None:
    asked = Counter(call.path for call in rounds(rounds_in(seconds)))
    assert all(asked[path] > 0 for path in PLANTED)
    assert asked["/models/unload"] <= MOST_TIMERS
    assert sum(asked[path] * planted for path, planted in PLANTED.items()) <= MOST_LEAKED_BYTES


@given(seed=st.integers(), count=st.integers(0, MOST_ROUNDS))
def test_the_same_seed_gives_the_same_load(seed: int, count: int) -> None:
    assert rounds(count, seed) == rounds(count, seed)


def test_the_order_differs_from_round_to_round() -> None:
    calls = rounds(2)
    half = len(calls) // 2
    first, second = calls[:half], calls[half:]
    assert Counter(c.leaks for c in first) == Counter(c.leaks for c in second)
    assert [c.path for c in first] != [c.path for c in second]


def test_what_leaks_is_marked() -> None:
    assert {call.path for call in one_of_each() if call.leaks} == set(PLANTED)
    assert len(innocent(one_of_each())) == len(one_of_each()) - len(PLANTED)


def test_every_call_reaches_a_route_of_the_service() -> None:
    routes = {
        (method, route.path)
        for route in subtitle_service.app.routes
        if isinstance(route, Route)
        for method in route.methods or ()
    }
    templates = {"/languages/1": "/languages/{code}", "/status/task-1": "/status/{task_id}"}
    for call in one_of_each():
        assert (call.method, templates.get(call.path, call.path)) in routes


@pytest.mark.parametrize("connections", [1, 16])
def test_requests_that_nobody_answers_are_counted_as_failed(
    free_port: int, connections: int
) -> None:
    calls = one_of_each()
    done: list[None] = []
    sent = asyncio.run(
        send(
            f"http://127.0.0.1:{free_port}",
            calls,
            seconds=0,
            connections=connections,
            done=lambda: done.append(None),
        )
    )
    assert (sent.requests, sent.failed, len(done)) == (len(calls), len(calls), len(calls))
