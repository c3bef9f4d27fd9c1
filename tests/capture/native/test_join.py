"""Which objects sampled blocks belong to, and groups of objects that are held alike."""

import ctypes
import gc
import io
import sys
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterator

import pytest

from leakprobe.capture.heap.layout import NO_GROUP, Group, NodeState, Path, WalkResult
from leakprobe.capture.native import sampler_missing
from tests.capture.native.sampled import EVERY_BLOCK, sampling
from tests.capture.native.walking import walk
from tests.native import needs_heap_walk, needs_sampler

if sampler_missing() is None:
    from leakprobe.capture._native import _sampler

pytestmark = needs_heap_walk

KEPT: list[object] = []
MANY = 5000
GROUPS_WITH_A_PATH = 4096

# Where structures have pointers to their buffers, from their start (Include/cpython/*object.h).
LIST_ITEMS, DICT_KEYS, SET_TABLE, BYTEARRAY = 24, 32, 40, 32
# Modules/_collectionsmodule.c, Modules/_io/bytesio.c, Modules/arraymodule.c.
DEQUE_FIRST, DEQUE_LAST, BYTES_IO, ARRAY_ITEMS = 24, 32, 16, 24


class Instance:
    def __init__(self, first: object, second: object) -> None:
        self.first = first
        self.second = second


class Slotted:
    __slots__ = ("held",)

    def __init__(self, held: object) -> None:
        self.held = held


class Text(str):
    __slots__ = ()


class Link:
    def __init__(self, below: object) -> None:
        self.below = below


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    gc.disable()
    yield
    KEPT.clear()
    gc.enable()


def start_of(o: object) -> int:
    """What the allocator gave: `sys.getsizeof` counts the header in front of an object."""
    return id(o) - (sys.getsizeof(o) - type(o).__sizeof__(o))


def buffer_of(o: object, offset: int) -> int:
    return ctypes.c_size_t.from_address(id(o) + offset).value


def join(pointers: list[int]) -> tuple[WalkResult, list[Group | None]]:
    """The group of each pointer."""
    result = walk(pointers=array("Q", pointers).tobytes())
    assert len(result.owners) == len(pointers)
    return result, [None if n == NO_GROUP else result.groups[n] for n in result.owners]


def way(path: Path | None) -> str:
    """The end of a way, from the first object on."""
    assert path is not None
    return " > ".join(
        f"{step.role.name.lower()} {step.name or ''}".strip() for step in path.steps[4:]
    )


MAKERS: dict[str, Callable[[], object]] = {
    "list": lambda: [object()],
    "dict": lambda: {"a": 1},
    "set": lambda: set(range(100)),
    "tuple": lambda: (object(),),
    "str": lambda: "x".join(map(str, range(50))),
    "bytes": lambda: bytes(700),
    "int": lambda: 1 << sys.getrefcount(None) % 7 + 5000,
    "float": lambda: sys.getrefcount(None) / 7,
    "instance": lambda: Instance(1, 2),
    "slotted": lambda: Slotted(1),
    "str of a subclass": lambda: Text("é" * 600),
    "function": lambda: lambda: None,
    "class": lambda: type("Made", (), {}),
    "deque": lambda: deque([1]),
    "bytearray": lambda: bytearray(5000),
    "exception": lambda: ValueError(1),
}


BUFFERS: list[tuple[Callable[[], object], int]] = [
    (lambda: list(range(100)), LIST_ITEMS),
    (lambda: dict.fromkeys(range(100)), DICT_KEYS),
    (lambda: set(range(100)), SET_TABLE),
    (lambda: bytearray(5000), BYTEARRAY),
    (lambda: deque(range(1000)), DEQUE_FIRST),
    (lambda: deque(range(1000)), DEQUE_LAST),
    (lambda: io.BytesIO(bytes(5000) + b"1"), BYTES_IO),
    (lambda: array("d", range(1000)), ARRAY_ITEMS),
]


def test_an_object_is_found_by_its_start_and_by_nothing_else() -> None:
    made = [make() for make in MAKERS.values()]
    KEPT.append(made)
    starts = list(map(start_of, made))
    _, groups = join([*starts, *(start + 8 for start in starts)])
    names = [group.type.rpartition(".")[2] for group in groups[: len(made)] if group]
    assert names == [type(o).__name__ for o in made]
    assert {group.objects for group in groups[: len(made)] if group} == {1}
    assert set(groups[len(made) :]) == {None}


def test_a_buffer_belongs_to_the_object_that_has_it() -> None:
    made = [make() for make, _ in BUFFERS]
    KEPT.append(made)
    buffers = [buffer_of(o, offset) for o, (_, offset) in zip(made, BUFFERS, strict=True)]
    result, groups = join([*buffers, *map(start_of, made)])
    types = [group.type.rpartition(".")[2] for group in groups if group]
    assert types == [type(o).__name__ for o in made] * 2
    found = sorted((group.type, group.objects) for group in result.groups)
    assert found == sorted(Counter(group.type for group in groups[: len(made)] if group).items())


def test_keys_that_a_class_shares_belong_to_no_instance() -> None:
    one = Instance(1, 2)
    KEPT.append(one)
    keys = buffer_of(one.__dict__, DICT_KEYS)
    _, groups = join([keys])
    assert groups[0] is not None
    assert groups[0].type == "type"


def test_an_instance_whose_dict_has_values_of_its_own() -> None:
    one = Instance(1, 2)
    space = one.__dict__
    KEPT.append(one)
    values = buffer_of(space, DICT_KEYS + 8)
    if sys.version_info >= (3, 13):  # they are part of the instance
        pytest.skip("no block of their own")
    prefix = ctypes.c_uint8.from_address(values - 1).value
    _, groups = join([values - prefix])
    assert groups[0] is not None
    assert groups[0].type == "dict"


# --- with the sampler ---


def make_all() -> list[object]:
    return [make() for make in MAKERS.values() for _ in range(20)]


@needs_sampler
def test_every_block_that_an_allocation_left_has_its_object() -> None:
    with sampling(EVERY_BLOCK):
        made = make_all()
        KEPT.append(made)
        read = _sampler.pointers()
        functions = [_sampler.stack(number) for number in array("I", read.stacks)]
    pointers = array("Q", read.addresses)
    ours = [
        pointer
        for pointer, frames in zip(pointers, functions, strict=True)
        if any(name.endswith("make_all") for _, _, name in frames)
    ]
    assert len(ours) > len(made)
    found = sum(group is not None for group in join(ours)[1])
    # A deque's items and what interns names are in blocks that no object owns alone.
    lost = len(ours) - found
    assert lost <= 20 + 5, f"{lost} of {len(ours)} have no object"


# --- groups ---


def planted(makers: list[Callable[[], object]]) -> tuple[list[int], list[object]]:
    made = [make() for make in makers]
    return list(map(start_of, made)), made


def test_what_is_held_alike_is_one_group() -> None:
    pointers, made = planted([lambda: Slotted(None)] * 50)
    KEPT.append({"a": {number: [o] for number, o in enumerate(made)}})
    del made
    result, _ = join(pointers)
    (group,) = result.groups
    assert group.type == f"{__name__}.Slotted"
    assert group.objects == 50
    assert group.state is NodeState.MODULE
    assert way(group.path) == "global KEPT > list_item > dict_value > dict_value > list_item"


def test_different_attributes_are_different_groups() -> None:
    pointers, made = planted([lambda: bytes(100)] * 40)
    KEPT.append([Instance(one, other) for one, other in zip(made[::2], made[1::2], strict=True)])
    del made
    result, _ = join(pointers)
    assert sorted(way(group.path).split()[-1] for group in result.groups) == ["first", "second"]
    assert [group.objects for group in result.groups] == [20, 20]


def test_different_types_are_different_groups() -> None:
    pointers, made = planted([lambda: bytes(100), lambda: bytearray(100)])
    KEPT.append(made)
    result, groups = join(pointers)
    assert [group.type for group in groups if group] == ["bytes", "bytearray"]
    assert len(result.groups) == 2


def test_a_chain_is_one_group() -> None:
    chain = None
    pointers = []
    for _ in range(200):
        chain = Link(chain)
        pointers.append(start_of(chain))
    KEPT.append(chain)
    del chain
    result, _ = join(pointers)
    assert sorted(group.objects for group in result.groups) == [1, 199]


def test_garbage_is_a_group_without_steps() -> None:
    cycle: list[object] = []
    cycle.append(cycle)
    pointers = [start_of(cycle)]
    del cycle
    _, (group,) = join(pointers)
    assert group is not None
    assert group.state is NodeState.GARBAGE
    assert group.path is not None
    assert group.path.steps == ()


def test_above_a_limit_groups_have_no_path() -> None:
    made = {f"attribute{number}": bytes(40) for number in range(MANY)}
    holder = Instance(None, None)
    holder.__dict__ = made  # each of them is held by a name of its own
    pointers = [start_of(o) for o in made.values()]
    KEPT.append(holder)
    del made, holder
    result, groups = join(pointers)
    assert None not in groups
    assert len(result.groups) == GROUPS_WITH_A_PATH + 1
    (rest,) = [group for group in result.groups if group.path is None]
    assert rest.objects == MANY - GROUPS_WITH_A_PATH


def test_no_pointers_no_groups() -> None:
    assert join([])[0].groups == ()


def test_a_pointer_may_come_twice() -> None:
    o = Slotted(None)
    KEPT.append(o)
    _, groups = join([start_of(o), 16, start_of(o)])
    assert groups[0] is not None
    assert groups[0] is groups[2]
    assert groups[0].objects == 1
    assert groups[1] is None
