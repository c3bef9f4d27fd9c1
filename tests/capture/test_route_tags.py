"""Tags with a sampler that is not there: what is set, told and brought back."""

import asyncio
import contextvars
import threading
from collections.abc import Coroutine

import pytest

from leakprobe.capture import route_tags
from leakprobe.capture.requests import OTHER
from leakprobe.capture.route_tags import ROUTE_TAG, RouteTags


class FakeTag:
    """A tag that remembers its route."""

    def __init__(self) -> None:
        self.route: int | None = None

    def resolve(self, route: int) -> None:
        self.route = route


@pytest.fixture
def tags() -> RouteTags:
    tags = RouteTags()
    tags.start(FakeTag)  # type: ignore[arg-type]  # stands for a native tag
    return tags


def route_of(tags: RouteTags, label: str | None) -> int | None:
    """The number that a request with this label tells its tag."""
    tagged = tags.begin()
    assert tagged is not None
    tags.end(tagged, label)
    tag: object = tagged[0]
    assert isinstance(tag, FakeTag)
    return tag.route


def test_where_nothing_samples_nothing_is_tagged(tags: RouteTags) -> None:
    assert RouteTags().begin() is None
    tags.stop()
    assert tags.begin() is None
    assert ROUTE_TAG.get(None) is None


def test_a_tag_is_set_and_what_was_there_is_brought_back(tags: RouteTags) -> None:
    outer = tags.begin()
    assert outer is not None
    assert ROUTE_TAG.get() is outer[0]
    inner = tags.begin()
    assert inner is not None
    assert ROUTE_TAG.get() is inner[0]
    tags.end(inner, "GET /inner")
    assert ROUTE_TAG.get() is outer[0]
    tags.end(outer, "GET /outer")
    assert ROUTE_TAG.get(None) is None


def test_a_number_names_its_route(tags: RouteTags) -> None:
    numbers = [route_of(tags, label) for label in ("GET /a", "GET /b", "GET /a")]
    assert numbers[0] == numbers[2] != numbers[1]
    assert [tags.label(number or 0) for number in numbers] == ["GET /a", "GET /b", "GET /a"]
    assert tags.label(0) is None
    assert route_of(tags, None) is None


def test_past_the_limit_routes_share_one_number(
    tags: RouteTags, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route_tags, "MOST_ROUTES", 3)
    numbers = [route_of(tags, f"GET /{name}") for name in "abcdef"]
    assert [tags.label(number or 0) for number in numbers[3:]] == [OTHER] * 3
    assert len(set(numbers)) == 4
    assert route_of(tags, "GET /a") == numbers[0]


def test_threads_that_meet_a_route_at_once_agree(tags: RouteTags) -> None:
    labels = [f"GET /{number}" for number in range(200)]
    told: list[tuple[str, int | None]] = []
    together = threading.Barrier(4)

    def meet() -> None:
        together.wait()
        told.extend((label, route_of(tags, label)) for label in labels)

    threads = [threading.Thread(target=meet) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 800
    assert all(tags.label(number or 0) == label for label, number in told)


def test_a_request_that_is_closed_from_another_context_is_told_all_the_same(
    tags: RouteTags,
) -> None:
    seen: list[object] = []

    async def request() -> None:
        tagged = tags.begin()
        assert tagged is not None
        seen.append(tagged[0])
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            tags.end(tagged, "GET /closed")

    async def run() -> Coroutine[None, None, None]:
        coroutine = request()
        contextvars.copy_context().run(coroutine.send, None)
        return coroutine

    asyncio.run(run()).close()
    (tag,) = seen
    assert isinstance(tag, FakeTag)
    assert tags.label(tag.route or 0) == "GET /closed"
    assert ROUTE_TAG.get(None) is None
