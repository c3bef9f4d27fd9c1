"""Shallow sizes: what the walk says against `sys.getsizeof`, and against the allocator."""

import array
import collections
import decimal
import functools
import gc
import io
import itertools
import mmap
import re
import struct
import sys
import threading
import tracemalloc
import types
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.capture.native.walking import walk
from tests.native import needs_heap_walk

pytestmark = needs_heap_walk


def sizes_of(objects: list[object]) -> list[int | None]:
    """What one walk says of each object's size; None: it did not find it."""
    result = walk(addresses=addresses(objects))
    found = {node.address: node.bytes for node in result.nodes.values() if node.address}
    return [found.get(id(o)) for o in objects]


def addresses(objects: list[object]) -> bytes:
    return array.array("Q", map(id, objects)).tobytes()


# Include/object.h: Py_TPFLAGS_MANAGED_DICT.
MANAGED_DICT = 1 << 4
INSTANCES = 2000


class Plain:
    def __init__(self, **attributes: object) -> None:
        self.__dict__.update(attributes)

    def method(self) -> None:
        """Something to bind."""


class Attributed:
    def __init__(self) -> None:
        self.one, self.two = 1, 2


class Slotted:
    __slots__ = ("__weakref__", "one", "two")


class SlottedBelow(Slotted):
    __slots__ = ("three",)


class WithDictBelow(Slotted):
    pass


class DictBelow(dict[str, int]):
    pass


class SlottedList(list[int]):
    __slots__ = ("name",)


class TextBelow(str):
    __slots__ = ()


class IntBelow(int):
    pass


class TupleBelow(tuple[int, ...]):
    __slots__ = ()


class Named(NamedTuple):
    one: int
    two: str


class Meta(type):
    pass


class MadeByMeta(metaclass=Meta):
    __slots__ = ("field",)


def generator() -> Iterator[int]:
    big = list(range(10))
    yield len(big)


async def asynchronous_generator() -> AsyncIterator[int]:
    yield 1


def closure() -> object:
    inner = [1]

    def function(default: int = 3) -> int:
        return default + inner[0]

    return function


def dicts() -> list[object]:
    shrunk = {i: i for i in range(1000)}
    for i in range(990):
        del shrunk[i]
    emptied = {"a": 1}
    emptied.clear()
    materialized = Attributed()
    split = materialized.__dict__
    lonely = Plain(**{f"name{i}": i for i in range(40)})
    return [
        *({}, {"a": 1}, {1: 2}, {f"k{i}": i for i in range(100)}, dict.fromkeys(range(70_000))),
        *({f"k{i}": i for i in range(300)}, {(1, 2): 3}, shrunk, emptied, split, lonely.__dict__),
        *(DictBelow(a=1), collections.OrderedDict.fromkeys(range(50)), collections.OrderedDict()),
        *(collections.defaultdict(int, a=1), collections.Counter("aabbc"), types.SimpleNamespace()),
        *(Attributed(), materialized, lonely, collections.ChainMap({1: 1})),
    ]


def sequences() -> list[object]:
    grown: list[int] = []
    grown.extend(range(17))
    grown.append(1)
    return [
        *(
            [],
            [1],
            [0] * 1000,
            grown,
            SlottedList(range(9)),
            (1, [2]),
            tuple([[]] * 50),
            Named(1, "a"),
        ),
        *(TupleBelow(range(5)), collections.deque(), collections.deque(range(1000), maxlen=3000)),
        *(set(), {1}, set(range(1000)), frozenset(range(5)), frozenset(range(100)), {1}),
        *(
            array.array("d", range(50)),
            memoryview(b"abc"),
            slice(1, 2),
            range(3),
            struct.Struct("iid"),
        ),
    ]


def texts_and_numbers() -> list[object]:
    encoded = "é" * 60
    encoded.encode()
    legacy = TextBelow("wide Ā") + "x"
    return [
        *("", "a", "ascii" * 20, "é" * 7, "Ā" * 7, "𝄞" * 7, encoded, TextBelow("abc"), legacy),
        *(TextBelow("𝄞𝄞"), b"", b"x" * 77, bytearray(), bytearray(b"y" * 100), bytearray(5)),
        *(0, 1, -1, 255, 2**29, 2**30, -(2**30), 2**60, 10**50, -(10**500), True, IntBelow(2**100)),
        *(1.5, 2j, decimal.Decimal(1), decimal.Decimal(10) ** 60, Fraction(1, 3), None, ...),
        *(datetime.now(), datetime.now(UTC)),  # noqa: DTZ005  # a naive one is of another size
    ]


def code_and_classes() -> list[object]:
    started = generator()
    next(started)
    return [
        *(closure, closure(), closure.__code__, generator(), started, asynchronous_generator()),
        *(Plain, Meta, MadeByMeta, MadeByMeta(), Slotted, SlottedBelow(), WithDictBelow(), Named),
        *(
            len,
            [].append,
            "".join,
            Plain.__init__,
            Plain().method,
            property(),
            staticmethod(len),
        ),
        *(functools.partial(len), functools.lru_cache(len), re.compile("a+b*"), weakref.ref(Plain)),
        *(threading, sys._getframe(), threading.Lock(), threading.local(), threading.Event()),
        *(
            iter([]),
            iter({}),
            itertools.count(),
            itertools.chain([1]),
            map(len, []),
            zip([], [], strict=True),
        ),
        *(types.MappingProxyType({}), {}.keys(), Exception("x"), OSError(1, "x"), KeyError("k")),
    ]


def buffers() -> list[object]:
    text = io.StringIO("text" * 100)
    return [text, io.StringIO(), mmap.mmap(-1, 4096), io.BufferedReader(io.BytesIO(b"z" * 5000))]


def wrong_sizes(objects: list[object]) -> list[tuple[str, int | None, int]]:
    """Types of objects with what the walk says and what is right, where these differ.

    Instances with a table of attribute values are left out: `sys.getsizeof` leaves it out.
    """
    objects = [o for o in objects if not type(o).__flags__ & MANAGED_DICT]
    right = map(sys.getsizeof, objects)
    pairs = zip(objects, sizes_of(objects), right, strict=True)
    return [(type(o).__name__, found, size) for o, found, size in pairs if found != size]


@pytest.mark.parametrize(
    "make",
    [dicts, sequences, texts_and_numbers, code_and_classes, buffers],
    ids=lambda f: f.__name__,
)
def test_sizes_are_those_of_getsizeof(make: Callable[[], list[object]]) -> None:
    assert wrong_sizes(make()) == []


class FileBelow(io.BytesIO):
    pass


@pytest.mark.parametrize("cls", [io.BytesIO, FileBelow])
def test_the_buffer_of_a_file_in_memory_is_counted_once(cls: type[io.BytesIO]) -> None:
    filled = cls()
    filled.write(b"w" * 6000)
    size = sys.getsizeof(filled)
    buffer = [o for o in gc.get_referents(filled) if type(o) is bytes]  # since 3.12
    sizes = sizes_of([filled, *buffer])
    assert size <= sum(size for size in sizes if size is not None) < size + 500


class Bare:
    pass


class Many:
    def __init__(self) -> None:
        for name in "abcdefghijklmno":
            setattr(self, name, None)


class Shuffled:
    def __init__(self) -> None:
        self.one = None
        self.two = None
        del self.one


@pytest.mark.parametrize("cls", [Bare, Attributed, Many, Shuffled, Slotted, Plain])
def test_sizes_of_instances_are_what_was_allocated_for_them(cls: type) -> None:
    kept: list[object] = [cls() for _ in range(100)]  # the first ones get more room
    kept += [None] * INSTANCES
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for place in range(100, len(kept)):
        kept[place] = cls()
    allocated = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    sizes = sizes_of(kept[100:])
    counted = sum(size for size in sizes if size is not None)
    if cls is Plain:  # its dict came to be, and is an object of its own
        counted += sum(map(sys.getsizeof, map(vars, kept[100:])))
    assert counted == pytest.approx(allocated, rel=0.08 if cls is Plain else 0.01)


texts = st.text(st.characters(exclude_categories=()), max_size=50)
atoms = st.one_of(
    st.integers(), st.integers(-(2**300), 2**300), texts, st.binary(max_size=100), st.floats()
)
containers = st.one_of(
    st.lists(atoms),
    st.sets(atoms),
    st.frozensets(atoms),
    st.dictionaries(atoms, atoms),
    st.dictionaries(texts, atoms),
    st.tuples(atoms, atoms),
    st.lists(atoms).map(tuple),
    st.binary().map(bytearray),
)


@given(st.lists(atoms | containers, min_size=30, max_size=100))
@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
def test_sizes_of_whatever_there_is(objects: list[object]) -> None:
    assert wrong_sizes(objects) == []


def test_a_size_that_the_application_makes_up_is_not_asked_for() -> None:
    class Boasting(list[int]):
        __slots__ = ()

        def __sizeof__(self) -> int:
            raise AssertionError("it was asked")

    assert sizes_of([Boasting([1, 2, 3])]) == [sys.getsizeof([1, 2, 3])]


def test_an_object_that_crashes_who_asks_is_counted_by_its_type() -> None:
    unready = struct.Struct.__new__(struct.Struct)  # its __sizeof__ follows a null pointer on 3.11
    assert sizes_of([unready, [1, 2]]) == [struct.Struct.__basicsize__ + 16, sys.getsizeof([1, 2])]
