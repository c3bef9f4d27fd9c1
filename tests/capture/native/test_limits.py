"""Containers that cannot become longer than they are told to."""

import functools
from collections import deque
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
