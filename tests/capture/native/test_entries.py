"""What containers consist of."""

from array import array
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from leakprobe.capture.heap.layout import Entries
from tests.capture.native.planting import Target, ask, planted
from tests.capture.native.walking import walk
from tests.native import needs_heap_walk

pytestmark = needs_heap_walk

TARGET = "tests.capture.native.planting.Target"


class Rows(list[object]):
    """A list with attributes."""


@pytest.fixture(autouse=True)
def module() -> Iterator[ModuleType]:
    with planted() as made:
        yield made


def entries(module: ModuleType, container: object) -> dict[str, Entries]:
    """Rows by type."""
    module.__dict__["held"] = container
    result = ask(id(container))
    assert {result.nodes[row.container].address for row in result.entries} <= {id(container)}
    return {row.type: row for row in result.entries}


@pytest.mark.parametrize(
    "make",
    [
        list,
        lambda items: dict(zip((b"key", b"other", b"third"), items, strict=True)),
        lambda items: OrderedDict(enumerate(items)),
        deque,
        set,
        Rows,
    ],
    ids=["list", "dict", "OrderedDict", "deque", "set", "Rows"],
)
def test_entries_are_counted_by_type(
    module: ModuleType, make: Callable[[list[object]], object]
) -> None:
    rows = entries(module, make([Target(), Target(), "text"]))
    assert {name: row.objects for name, row in rows.items()} == {TARGET: 2, "str": 1}


def test_keys_are_no_entries(module: ModuleType) -> None:
    assert set(entries(module, {"a": 1.5, "b": 2.5, (1, 2): 3.5})) == {"float"}


def test_bytes_and_what_the_container_alone_retains(module: ModuleType) -> None:
    shared = b"s" * 3000
    module.__dict__["also"] = shared
    row = entries(module, [bytes([1]) * 1000, bytes([2]) * 1000, shared])["bytes"]
    assert (row.objects, row.bytes) == (3, 2 * 1033 + 3033)
    assert row.retained_bytes == 2 * 1033


def test_what_an_entry_holds_is_retained_with_it(module: ModuleType) -> None:
    row = entries(module, {1: [b"x" * 5000], 2: [b"y" * 5000]})["list"]
    assert row.bytes < 500
    assert row.retained_bytes > 10_000


def test_of_a_long_container_the_newest_entries_are_looked_at(module: ModuleType) -> None:
    old: list[object] = [1.5 + number for number in range(5000)]
    listed = entries(module, old + [Target() for _ in range(10)])
    assert (listed[TARGET].objects, listed["float"].objects) == (10, 1990)
    keyed = entries(module, dict(enumerate([*old, *(Target() for _ in range(10))])))
    assert (keyed[TARGET].objects, keyed["float"].objects) == (10, 1990)


def test_so_many_of_the_newest_entries_are_told_as_are_asked_for(module: ModuleType) -> None:
    old: list[object] = [1.5 + number for number in range(50)]
    new = [Target() for _ in range(10)]
    for held in ([*old, *new], dict(enumerate([*old, *new]))):
        module.__dict__["held"] = held
        asked = array("Q", [id(held)]).tobytes()
        rows = {row.type: row.objects for row in walk(addresses=asked, entries=12).entries}
        assert rows == {TARGET: 10, "float": 2}


def test_what_is_leakprobes_is_no_entry(module: ModuleType) -> None:
    ours = Target()
    module.__dict__["held"] = [ours, Target()]
    asked = array("Q", [id(module.held)]).tobytes()
    rows = walk(addresses=asked, own=array("Q", [id(ours)]).tobytes()).entries
    assert [(row.type, row.objects) for row in rows] == [(TARGET, 1)]


def test_of_many_types_some_are_told(module: ModuleType) -> None:
    assert len(entries(module, [type(f"T{number}", (), {})() for number in range(50)])) == 32


def test_what_is_no_container_has_no_entries(module: ModuleType) -> None:
    assert entries(module, Target()) == {}
    assert entries(module, []) == {}
