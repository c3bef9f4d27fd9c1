"""Numbers that stand for routes."""

import threading

import pytest

from leakprobe.capture import route_tags
from leakprobe.capture.requests import OTHER
from leakprobe.capture.route_tags import RouteTags


def test_a_number_names_its_route() -> None:
    tags = RouteTags()
    numbers = [tags.number(label) for label in ("GET /a", "GET /b", "GET /a")]
    assert numbers[0] == numbers[2] != numbers[1]
    assert [tags.label(number) for number in numbers] == ["GET /a", "GET /b", "GET /a"]
    assert tags.label(0) is None


def test_past_the_limit_routes_share_one_number(monkeypatch: pytest.MonkeyPatch) -> None:
    tags = RouteTags()
    monkeypatch.setattr(route_tags, "MOST_ROUTES", 3)
    numbers = [tags.number(f"GET /{name}") for name in "abcdef"]
    assert [tags.label(number) for number in numbers[3:]] == [OTHER] * 3
    assert len(set(numbers)) == 4
    assert tags.number("GET /a") == numbers[0]


def test_threads_that_meet_a_route_at_once_agree() -> None:
    tags = RouteTags()
    labels = [f"GET /{number}" for number in range(200)]
    told: list[tuple[str, int]] = []
    together = threading.Barrier(4)

    def meet() -> None:
        together.wait()
        told.extend((label, tags.number(label)) for label in labels)

    threads = [threading.Thread(target=meet) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 800
    assert all(tags.label(number) == label for label, number in told)
