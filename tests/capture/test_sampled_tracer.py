"""What is so of the sampled tracer only: routes, ages, pointers, and who else hooks in."""

import asyncio
import contextvars
import os
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import sqrt

import pytest

from leakprobe.capture.allocator import read_malloc
from leakprobe.capture.native import sampler_missing
from leakprobe.capture.route_tags import ROUTE_TAG, RouteTags
from leakprobe.errors import NotAvailable
from leakprobe.model import LiveStack
from tests.native import needs_sampler

if sampler_missing() is None:
    from leakprobe.capture._native import _sampler
    from leakprobe.capture.sampled_tracer import SampledTracer

pytestmark = needs_sampler

# Each planted block is sampled, as many times as large: what is off is off by mistake.
SAMPLE_BYTES = 256
SIZE = 10_000
MOST_ERRORS = 4
SMALL = 100

kept: list[object] = []


def plant(count: int) -> None:
    kept.extend(bytearray(SIZE) for _ in range(count))


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    yield
    kept.clear()


@pytest.fixture
def tags() -> RouteTags:
    return RouteTags()


@pytest.fixture
def tracer(tags: RouteTags) -> Iterator["SampledTracer"]:
    tracer = SampledTracer(8, SAMPLE_BYTES, "a test", tags)
    tracer.start()
    yield tracer
    tracer.stop()


@contextmanager
def tagged(tags: RouteTags, label: str | None) -> Iterator[None]:
    """What runs here has a tag, whose route is told at the end."""
    assert tags.new_tag is not None
    tag = tags.new_tag()
    token = ROUTE_TAG.set(tag)
    try:
        yield
    finally:
        if label is not None:
            tag.resolve(tags.number(label))
        ROUTE_TAG.reset(token)


def request(tags: RouteTags, label: str | None, work: Callable[[], None]) -> None:
    """Some work under a tag."""
    with tagged(tags, label):
        work()


def rows(tracer: "SampledTracer", uptime_s: float = 0.0) -> list[LiveStack]:
    """The rows of what `plant` allocated."""
    return [
        live
        for live in tracer.read(uptime_s=uptime_s)[0]
        if any(frame.function == plant.__name__ for frame in live.stack.frames)
    ]


def assert_holds(found: list[LiveStack], blocks: int) -> None:
    """These rows are so many blocks, within their error; each has some bytes more."""
    error = sqrt(sum(live.bytes_error**2 for live in found))
    off = sum(live.bytes for live in found) - blocks * SIZE
    assert -MOST_ERRORS * error <= off <= blocks * 150 + MOST_ERRORS * error


def by_route(found: list[LiveStack]) -> dict[str | None, list[LiveStack]]:
    return {route: [r for r in found if r.route == route] for route in {r.route for r in found}}


def test_every_route_has_what_its_requests_left(tracer: "SampledTracer", tags: RouteTags) -> None:
    for _ in range(100):
        request(tags, "GET /a", lambda: plant(1))
        request(tags, "GET /b", lambda: plant(3))
        request(tags, None, lambda: plant(2))
    found = by_route(rows(tracer))
    assert set(found) == {"GET /a", "GET /b", None}
    for route, blocks in (("GET /a", 100), ("GET /b", 300), (None, 200)):
        assert_holds(found[route], blocks)


def test_work_that_outlives_its_request_keeps_the_route(
    tracer: "SampledTracer", tags: RouteTags
) -> None:
    contexts: list[contextvars.Context] = []
    request(tags, "POST /job", lambda: contexts.append(contextvars.copy_context()))
    contexts[0].run(plant, 100)
    assert_holds(by_route(rows(tracer))["POST /job"], 100)


def test_a_request_that_has_not_ended_is_untagged_until_it_has(
    tracer: "SampledTracer", tags: RouteTags
) -> None:
    seen: list[set[str | None]] = []

    def work() -> None:
        plant(100)
        seen.append(set(by_route(rows(tracer))))

    request(tags, "GET /slow", work)
    assert seen == [{None}]
    assert set(by_route(rows(tracer))) == {"GET /slow"}


def test_interleaved_tasks_are_told_apart_and_raw_threads_untagged(
    tracer: "SampledTracer", tags: RouteTags
) -> None:
    async def one(label: str, blocks: int) -> None:
        with tagged(tags, label):
            for _ in range(blocks):
                plant(1)
                await asyncio.sleep(0)

    async def run() -> None:
        await asyncio.gather(*(one(f"GET /{n % 4}", 10 * (n % 4)) for n in range(40)))

    asyncio.run(run())
    thread = threading.Thread(target=plant, args=(100,))
    request(tags, "GET /thread", thread.start)
    thread.join()
    found = by_route(rows(tracer))
    assert set(found) == {"GET /1", "GET /2", "GET /3", None}
    for route in (1, 2, 3):
        assert_holds(found[f"GET /{route}"], 10 * 10 * route)
    assert_holds(found[None], 100)


def test_each_age_is_told_and_stays(tracer: "SampledTracer") -> None:
    for reading in range(3):
        plant(100)
        found = rows(tracer, uptime_s=10.0 + reading)
        ages = {live.born_by_s for live in found}
        assert ages == {10.0 + earlier for earlier in range(reading + 1)}
    for age in (10.0, 11.0, 12.0):
        assert_holds([live for live in found if live.born_by_s == age], 100)


def test_ages_are_few_after_many_readings(tracer: "SampledTracer") -> None:
    for reading in range(100):
        plant(3)
        found = rows(tracer, uptime_s=float(reading))
    assert 10 < len({live.born_by_s for live in found}) <= 24
    assert_holds(found, 300)


def test_pointers_stand_for_what_is_alive(tracer: "SampledTracer", tags: RouteTags) -> None:
    request(tags, "GET /a", lambda: plant(200))
    pointers = tracer.pointers()
    columns = zip(pointers.stacks, pointers.routes, pointers.weights, pointers.sizes, strict=True)
    planted = [
        weight * size
        for stack, route, weight, size in columns
        if route == "GET /a" and any(f.function == plant.__name__ for f in stack.frames)
    ]
    assert sum(planted) == pytest.approx(sum(r.bytes for r in rows(tracer)), rel=0.01)
    assert len(set(pointers.addresses)) == len(pointers.addresses) == len(pointers.stacks)


def test_the_interval_may_change_while_it_runs(tracer: "SampledTracer") -> None:
    tracer.set_sample_bytes(SIZE)
    plant(2_000)
    tracer.set_sample_bytes(SIZE // 2)
    assert tracer.sample_bytes == SIZE // 2
    plant(2_000)
    assert_holds(rows(tracer), 4_000)


def test_a_tracemalloc_above_is_no_trouble_and_none_after_it_stopped(
    tracer: "SampledTracer",
) -> None:
    plant(50)
    tracemalloc.start(1)
    try:
        plant(50)
        assert tracer.trouble() is None
        assert_holds(rows(tracer), 100)
    finally:
        tracemalloc.stop()
    plant(50)
    assert tracer.trouble() is None
    assert _sampler.is_hooked()
    assert_holds(rows(tracer), 150)


def test_other_allocators_in_place_of_ours_are_said(
    tracer: "SampledTracer", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sampler, "is_hooked", lambda: False)
    assert "other allocators" in str(tracer.trouble())
    tracer.stop()
    assert tracer.trouble() is None


def test_lost_samples_are_said(tracer: "SampledTracer", monkeypatch: pytest.MonkeyPatch) -> None:
    counters = _sampler.counters
    monkeypatch.setattr(_sampler, "counters", Lost)
    assert "1,234 samples were lost" in str(tracer.trouble())
    assert counters().lost == 0


def test_what_sampled_blocks_take_more_is_told_as_ours(tags: RouteTags) -> None:
    tracer = SampledTracer(8, 1, "a test", tags)
    tracer.start()
    try:
        small = [b""] * 20_000
        before, ours_before = read_malloc(), tracer.self_bytes()
        for number in range(len(small)):
            small[number] = bytes(SMALL)
        after, ours = read_malloc(), tracer.self_bytes() - ours_before
    finally:
        tracer.stop()
    if before is None or after is None:
        pytest.skip("malloc does not tell what it has handed out")
    size = len(small) * sys.getsizeof(small[0])
    # malloc adds 8 bytes to each block and rounds up to 16; something else may allocate, too.
    assert size <= after.used - before.used - ours <= size + len(small) * 32


class Lost:
    """Counters of a sampler without memory."""

    lost = 1234


def test_stopped_it_says_so_and_has_nothing(tracer: "SampledTracer", tags: RouteTags) -> None:
    plant(50)
    tracer.read()
    assert tracer.self_bytes() > 0
    tracer.stop()
    assert tags.new_tag is None
    assert (tracer.self_bytes(), tracer.expected_traces()) == (0, 0)
    for ask in (tracer.read, tracer.pointers):
        with pytest.raises(NotAvailable, match="stopped"):
            ask()


def test_a_second_start_is_refused(tags: RouteTags, tracer: "SampledTracer") -> None:
    other = SampledTracer(8, SAMPLE_BYTES, "a test", tags)
    with pytest.raises(RuntimeError, match="already"):
        other.start()
    assert tracer.trouble() is None


def test_a_request_over_a_stop_and_a_start_harms_nothing(
    tracer: "SampledTracer", tags: RouteTags
) -> None:
    def work() -> None:
        plant(100)
        tracer.stop()
        tracer.start()
        plant(100)

    request(tags, "GET /a", work)
    assert_holds(rows(tracer), 100)


def test_a_forked_child_has_what_it_was_born_with_and_reads_on(
    tracer: "SampledTracer", tags: RouteTags
) -> None:
    request(tags, "GET /a", lambda: plant(100))
    rows(tracer, uptime_s=50.0)
    with tracer._reading:  # another thread reads while the process forks
        child = os.fork()
    if child == 0:  # pragma: no cover - in the child
        code = 1
        try:
            tracer.after_fork()
            plant(100)
            found = rows(tracer, uptime_s=1.0)
            assert_holds(found, 200)
            assert_holds(by_route(found)["GET /a"], 100)
            assert {live.born_by_s for live in found} == {1.0}
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
