"""The newest objects of some types, grouped by what holds them."""

import ctypes
import gc
from collections.abc import Iterator
from types import ModuleType

import pytest

from leakprobe.capture.heap.layout import Group, NodeState, WalkResult, Why
from tests.capture.native.planting import Link, Slotted, Target, planted, word
from tests.capture.native.walking import tally, walk
from tests.native import needs_heap_walk

pytestmark = needs_heap_walk

PLACE = "tests.capture.native.planting"
TARGET, LINK = f"{PLACE}.Target", f"{PLACE}.Link"


@pytest.fixture(autouse=True)
def module() -> Iterator[ModuleType]:
    with planted() as made:
        yield made


def newest(*types: str, count: int = 1000) -> WalkResult:
    return walk(newest_types="\n".join(types), newest=count)


def ends(groups: tuple[Group, ...]) -> dict[str, int]:
    """The last two steps of each group's path, and how many objects hang on it."""
    return {
        " > ".join(map(word, g.path.steps[-2:])) if g.path else "none": g.objects for g in groups
    }


def test_objects_that_are_held_alike_are_one_group(module: ModuleType) -> None:
    module.__dict__.update(
        leak=[Target() for _ in range(100)],
        cache={number: Target() for number in range(30)},
        one=Slotted(Target()),
    )
    result = newest(TARGET)
    assert ends(result.held) == {
        "global leak > list_item": 100,
        "global cache > dict_value": 30,
        "global one > attribute right": 1,
    }
    assert {group.type for group in result.held} == {TARGET}
    assert {group.state for group in result.held} == {NodeState.MODULE}
    paths = [group.path for group in result.held]
    assert all(path is not None and Why.GROUP in path.why for path in paths)


def test_several_types_are_asked_for_by_their_full_names(module: ModuleType) -> None:
    module.__dict__["held"] = [Target(), Link(None), Slotted(None)]
    result = newest(TARGET, LINK, "no.such.Type", "Slotted", "")
    assert {group.type for group in result.held} == {TARGET, LINK}
    assert newest("").held == ()
    assert newest(TARGET, count=0).held == ()


def test_old_ones_do_not_hide_the_new_ones(module: ModuleType) -> None:
    module.__dict__["old"] = [Target() for _ in range(1000)]
    gc.collect()  # now they are in the oldest generation, in whatever order
    module.__dict__["new"] = [Target() for _ in range(50)]
    assert ends(newest(TARGET, count=50).held) == {"global new > list_item": 50}
    assert ends(newest(TARGET, count=60).held) == {
        "global new > list_item": 50,
        "global old > list_item": 10,
    }


def test_untracked_objects_are_grouped_by_their_holders(module: ModuleType) -> None:
    module.__dict__["leak"] = [b"x" * 2000 + bytes([number]) for number in range(50)]
    groups = ends(newest("bytes", count=100_000).held)
    assert groups["global leak > list_item"] == 50


def test_of_many_untracked_objects_some_are_looked_at(module: ModuleType) -> None:
    module.__dict__["leak"] = [b"x" * 20 + number.to_bytes(4, "little") for number in range(5000)]
    result = newest("bytes", count=100)
    looked_at = sum(group.objects for group in result.held)
    assert looked_at <= 10 * 100
    share = ends(result.held)["global leak > list_item"] / 5000
    assert share == pytest.approx(1000 / tally(result, "bytes").objects, rel=0.1)


def test_a_group_retains_what_its_objects_dominate(module: ModuleType) -> None:
    shared = b"s" * 5000
    module.__dict__["leak"] = [Slotted(bytes(1000)) for _ in range(20)]
    module.__dict__["sharing"] = [Link(shared) for _ in range(20)]
    del shared
    slotted, link = sorted(newest(f"{PLACE}.Slotted", LINK).held, key=lambda group: group.type)[
        ::-1
    ]
    assert 20 * 1000 < slotted.retained_bytes < 20 * 1200
    assert link.retained_bytes < 20 * 500


def test_a_chain_is_one_group_whose_path_is_the_shortest(module: ModuleType) -> None:
    chain = None
    for _ in range(500):
        chain = Link(chain)
    module.__dict__["chain"] = chain
    del chain
    result = newest(LINK)
    by_objects = sorted(result.held, key=lambda group: -group.objects)
    path = by_objects[0].path
    assert path is not None
    assert sum(group.objects for group in result.held) == 500
    assert word(path.steps[0]) == "reference"  # a way of at most 64 steps begins at the root
    assert [word(step) for step in path.steps if step.name == "below"] == ["attribute below"]
    total = sum(group.retained_bytes for group in result.held)
    assert total <= 2 * tally(result, LINK).retained_bytes


def test_garbage_and_what_c_code_holds_are_groups_of_their_own() -> None:
    for _ in range(7):
        target = Link(None)
        target.below = target
    target = Link(None)
    address = id(target)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(target))
    del target
    states = {group.state: group for group in newest(LINK).held}
    assert states[NodeState.GARBAGE].objects == 7
    garbage = states[NodeState.GARBAGE].path
    assert garbage is not None
    assert garbage.steps == ()
    held = states[NodeState.C_HELD]
    assert held.path is not None
    assert (held.objects, len(held.path.steps)) == (1, 2)
    ctypes.pythonapi.Py_DecRef(ctypes.cast(address, ctypes.py_object))


def test_of_many_ways_those_of_most_objects_have_a_path(module: ModuleType) -> None:
    for number in range(30):
        module.__dict__[f"held{number}"] = [Target() for _ in range(number + 1)]
    with_path = [group for group in newest(TARGET).held if group.path]
    assert sorted(group.objects for group in with_path) == list(range(11, 31))
    assert sum(group.objects for group in newest(TARGET).held) == sum(range(31))


def test_what_leakprobe_holds_is_left_out(module: ModuleType) -> None:
    table = [Target() for _ in range(5)]
    module.__dict__["held"] = [Target()]
    own = id(table).to_bytes(8, "little")
    result = walk(newest_types=TARGET, newest=100, own=own)
    assert [group.objects for group in result.held] == [1]
