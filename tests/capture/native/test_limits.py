"""Containers that cannot become longer than they are told to."""

import functools
import queue
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from tests.capture.native.planting import ask, planted
from tests.native import needs_heap_walk

pytestmark = needs_heap_walk


class Recent(deque[int]):
    """A deque with attributes."""


@pytest.fixture(autouse=True)
def module() -> Iterator[ModuleType]:
    with planted() as made:
        yield made


def cache(maxsize: int | None) -> object:
    return functools.lru_cache(maxsize=maxsize)(lambda argument: argument)


@pytest.mark.parametrize(
    ("make", "limit"),
    [
        (lambda: deque([1], maxlen=500), 500),
        (lambda: Recent([1], maxlen=7), 7),
        (lambda: deque([1]), None),
        (lambda: deque(maxlen=0), None),
        (lambda: cache(256), 256),
        (lambda: functools.lru_cache(len), 128),
        (lambda: cache(None), None),
        (lambda: functools.cache(len), None),
        (lambda: cache(2**40), None),
        (lambda: [1, 2], None),
    ],
)
def test_a_limit_is_known(
    module: ModuleType, make: Callable[[], object], limit: int | None
) -> None:
    made = module.__dict__["held"] = make()
    result = ask(id(made))
    (node,) = (node for node in result.nodes.values() if node.address == id(made))
    assert node.limit == limit


class Bounded:
    def __init__(self, entries: object, maxsize: int) -> None:
        self.entries = entries
        self.__maxsize = maxsize

    @property
    def maxsize(self) -> int:
        return self.__maxsize


class Remembering(OrderedDict[int, int]):
    """A cache that is a dict."""


class Deduplicated(queue.Queue[int]):
    """A queue that never forgets what it has seen."""

    def __init__(self) -> None:
        super().__init__(maxsize=50)
        self.seen = {1, 2, 3}
        self.put(1)


def remembering(capacity: int) -> object:
    made = Remembering({1: 1, 2: 2})
    made.capacity = capacity  # type: ignore[attr-defined]  # as caches do in their __init__
    return made


def with_a_dict() -> Bounded:
    made = Bounded({1: 1}, 30)
    assert vars(made)  # from now on its attributes are in a dict
    return made


@pytest.mark.parametrize(
    ("make", "part", "limit"),
    [
        (lambda: Bounded({1: 1}, 400), "entries", 400),
        (lambda: Bounded([1, 2], 400), "entries", 400),
        (lambda: Bounded([1, 2], 2), "entries", 2),
        (lambda: Bounded([1, 2, 3], 2), "entries", None),
        (lambda: Bounded([1, 2, 3], 0), "entries", None),
        (with_a_dict, "entries", 30),
        (with_a_dict, "__dict__", None),
        (lambda: remembering(99), None, 99),
        (lambda: queue.Queue(maxsize=70), "queue", 70),
        (Deduplicated, "queue", 50),
        (Deduplicated, "seen", None),
        (queue.Queue, "queue", None),
    ],
)
def test_the_owner_of_a_container_knows_its_limit(
    module: ModuleType, make: Callable[[], object], part: str | None, limit: int | None
) -> None:
    made = module.__dict__["held"] = make()
    container = made if part is None else getattr(made, part)
    result = ask(id(container))
    (node,) = (node for node in result.nodes.values() if node.address == id(container))
    assert node.limit == limit
