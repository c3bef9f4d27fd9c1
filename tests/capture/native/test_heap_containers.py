"""The containers that a walk lists: all that can become longer, with their lengths."""

import weakref
from array import array
from collections import OrderedDict, defaultdict, deque

import pytest

from leakprobe.capture.names import type_name
from leakprobe.model.memory import Container
from tests.capture.native.walking import walk
from tests.native import needs_heap_walk

pytestmark = needs_heap_walk


class Rows(list[int]):
    """A list of one's own."""


class Names(set[str]):
    """A set of one's own."""


class Key:
    """Can be referred to weakly."""


def listed(*containers: object, **asked: int) -> list[Container | None]:
    """The rows of containers, in their order; None: not listed."""
    rows = {row.address: row for row in walk(**asked).containers}
    return [rows.get(id(container)) for container in containers]


@pytest.mark.parametrize(
    "container",
    [
        *(list(range(40)), dict.fromkeys(range(41)), set(range(42)), deque(range(43))),
        *(OrderedDict.fromkeys(range(44)), defaultdict(int, dict.fromkeys(range(45), 0))),
        *(Rows(range(46)), Names(map(str, range(47)))),
    ],
    ids=lambda c: type(c).__name__,
)
def test_containers_are_listed_with_their_length(container: list[int]) -> None:
    expected = Container(id(container), type_name(type(container)), len(container), weak=False)
    assert listed(container) == [expected]


def test_what_cannot_become_longer_is_not_listed() -> None:
    assert listed(tuple(range(100)), frozenset(range(100)), "x" * 100) == [None] * 3


def test_short_ones_are_not_listed() -> None:
    short, long = list(range(31)), list(range(32))
    assert [row is not None for row in listed(short, long)] == [False, True]
    assert [row is not None for row in listed(short, container_least=10)] == [True]


def test_growth_is_seen_exactly() -> None:
    cache = {i: i for i in range(1000)}
    before = listed(cache)[0]
    cache.update((i, i) for i in range(1000, 1017))
    after = listed(cache)[0]
    assert before is not None
    assert after is not None
    assert after.length - before.length == 17


def test_only_the_longest_are_listed() -> None:
    lists = [list(range(100_000 + i)) for i in range(20)]
    found = listed(*lists, container_most=7)
    assert [row is not None for row in found] == [False] * 13 + [True] * 7
    rows = walk(container_most=50).containers
    assert [row.length for row in rows] == sorted((row.length for row in rows), reverse=True)
    assert len(rows) == 50
    assert walk(container_most=0).containers == ()


def test_the_insides_of_weak_collections_are_weak() -> None:
    keys = [Key() for _ in range(50)]
    by_key = weakref.WeakKeyDictionary((key, 1) for key in keys)
    by_value = weakref.WeakValueDictionary(enumerate(keys))
    members = weakref.WeakSet(keys)
    registry = [weakref.ref(key) for key in keys]
    strong = set(keys)
    insides = by_key.data, by_value.data, members.data, registry, strong  # type: ignore[attr-defined]  # typeshed hides `data`
    found = listed(*insides)
    assert [row is not None and row.weak for row in found] == [True] * 4 + [False]


def test_our_own_are_left_out() -> None:
    ours = {"tables": [list(range(100)), list(range(200))]}
    own = array("Q", [id(ours)]).tobytes()
    addresses = {row.address for row in walk(own=own).containers}
    assert not addresses & set(map(id, ours["tables"]))
    assert set(map(id, ours["tables"])) <= {row.address for row in walk().containers}
