"""Who holds the objects of one type."""

from array import array
from collections.abc import Iterator
from types import ModuleType

import pytest

from leakprobe.capture.heap.layout import Path, Role, WalkResult, Why
from tests.capture.native.planting import Link, Slotted, Target, planted, word, words
from tests.capture.native.walking import walk
from tests.native import needs_heap_walk

pytestmark = needs_heap_walk

PLACE = "tests.capture.native.planting"


@pytest.fixture(autouse=True)
def module() -> Iterator[ModuleType]:
    with planted() as made:
        yield made


def samples(result: WalkResult) -> list[Path]:
    return [path for path in result.paths if Why.TYPE in path.why]


def test_samples_of_a_type_are_spread_over_all_of_them(module: ModuleType) -> None:
    module.__dict__["held"] = [Link(number) for number in range(1000)]
    result = walk(type_name=f"{PLACE}.Link", samples=10, reveal=True)
    indexes = [path.steps[-1].index or 0 for path in samples(result)]
    assert indexes == [50 + 100 * i for i in range(10)]


def test_a_bare_name_is_enough_where_it_fits_one_type(module: ModuleType) -> None:
    module.__dict__["held"] = [Slotted(None)]
    assert len(samples(walk(type_name="Slotted", samples=3))) == 1
    module.__dict__["other"] = type("Slotted", (), {"__module__": "elsewhere"})()
    assert samples(walk(type_name="Slotted", samples=3)) == []
    assert len(samples(walk(type_name=f"{PLACE}.Slotted", samples=3))) == 1
    assert samples(walk(type_name="lotted", samples=3)) == []
    assert samples(walk(type_name="NoSuchType", samples=3)) == []


def test_all_holders_of_a_sample_are_told(module: ModuleType) -> None:
    target = Target()
    module.__dict__.update(a=[target], b={"k": target}, c=Slotted(target), d={target: 1})
    address = id(target)
    del target
    result = walk(type_name=f"{PLACE}.Target", samples=1)
    edges = [edge for edge in result.edges if result.nodes[edge.held].address == address]
    assert {(result.nodes[e.holder].type, e.role) for e in edges} == {
        ("list", Role.LIST_ITEM),
        ("dict", Role.DICT_VALUE),
        (f"{PLACE}.Slotted", Role.ATTRIBUTE),
        ("dict", Role.DICT_KEY),
    }
    assert {edge.holders for edge in edges} == {4}
    paths = {path.node: path for path in result.paths if Why.HOLDER in path.why}
    assert {words(paths[edge.holder])[-9:] for edge in edges} == {
        f" global {name}" for name in "abcd"
    }


def test_of_many_holders_those_of_different_types_are_told(module: ModuleType) -> None:
    target = Target()
    module.__dict__["lists"] = [[target] for _ in range(100)]
    module.__dict__["slotted"] = Slotted(target)
    module.__dict__["set"] = {target}
    del target
    result = walk(type_name=f"{PLACE}.Target", samples=1)
    assert len(result.edges) == 12
    assert {edge.holders for edge in result.edges} == {102}
    types = {result.nodes[edge.holder].type for edge in result.edges}
    assert types == {"list", "set", f"{PLACE}.Slotted"}


def test_what_leakprobe_holds_is_no_holder(module: ModuleType) -> None:
    target = Target()
    table = [target]
    module.__dict__["held"] = target
    del target
    own = array("Q", [id(table)]).tobytes()
    result = walk(type_name=f"{PLACE}.Target", samples=1, own=own)
    assert [word(edge) for edge in result.edges] == ["global held"]
