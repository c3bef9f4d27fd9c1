"""What walks are charged with, and what is free."""

import pytest

from leakprobe.agent import walks
from leakprobe.agent.walks import HeapWalks
from leakprobe.errors import WalkFailed
from leakprobe.model import Census, CloseLook, Price
from tests.agent.bench import CENSUS, Walked

LOOK = CloseLook((), (), (), None, Price(4.0, 300.0, 1.0, 2999.0))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def heap_walks(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> HeapWalks:
    monkeypatch.setattr(walks, "take_census", Walked())
    monkeypatch.setattr(walks, "look_closely", lambda **_: LOOK)
    return HeapWalks((), 0.01, clock=clock, missing=lambda: None)


def look(heap_walks: HeapWalks, *, asked: bool) -> CloseLook:
    return heap_walks.look((), (), None, reveal=False, available_bytes=None, asked=asked)


def test_what_somebody_asked_for_puts_off_nothing(heap_walks: HeapWalks, clock: Clock) -> None:
    heap_walks.walk(None, asked=False)  # costs 0.1 s
    clock.now += 1
    assert heap_walks.due()
    for _ in range(10):
        heap_walks.walk(None, asked=True)
        look(heap_walks, asked=True)
    assert heap_walks.due()


def test_a_look_in_the_background_is_paid_for(heap_walks: HeapWalks, clock: Clock) -> None:
    heap_walks.walk(None, asked=False)
    clock.now += 1
    look(heap_walks, asked=False)  # 3 s of CPU of the credit's 3.9
    clock.now += 2
    assert not heap_walks.due()
    clock.now += 1
    assert heap_walks.due()
    look(heap_walks, asked=False)  # nothing is left
    clock.now += 9
    assert not heap_walks.due()
    clock.now += 2
    assert heap_walks.due()


def test_a_walk_that_failed_is_charged_what_the_latest_cost(
    heap_walks: HeapWalks, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> Census:
        raise WalkFailed("late")

    heap_walks.walk(None, asked=False)
    monkeypatch.setattr(walks, "take_census", fail)
    clock.now += 1
    with pytest.raises(WalkFailed):
        heap_walks.walk(None, asked=False)
    assert not heap_walks.due()
    clock.now += 1
    assert heap_walks.due()


def test_our_own_types_are_left_out(heap_walks: HeapWalks) -> None:
    assert heap_walks.walk(None, asked=True).types == CENSUS.types[:1]


def test_without_a_budget_nothing_is_due(clock: Clock) -> None:
    assert not HeapWalks((), 0.0, clock=clock, missing=lambda: None).due()
    in_process = HeapWalks((), 0.01, clock=clock, missing=lambda: "a test says so")
    assert not in_process.due()
    assert (in_process.kind, in_process.native) == ("python", False)
