import array
import asyncio
import collections
import datetime as dt
import decimal
import functools
import io
import re
import sys
import threading
import types
import weakref
from collections.abc import Callable

import pytest

from leakprobe.capture.heap.sizes import shallow_size
from tests.hostile import alive_zoo


class WithDict:
    def __init__(self) -> None:
        self.a = 1
        self.b = "two"


class WithSlots:
    __slots__ = ("x",)


class WithWeakrefs:
    __slots__ = ("__weakref__", "x")


class Ints(int):
    pass


class Lists(list[int]):
    pass


class Dicts(dict[str, int]):
    __slots__ = ("extra",)


class Strings(str):  # noqa: SLOT000  # the dictionary in front of it is what is measured
    pass


class Meta(type):
    pass


class OfMeta(metaclass=Meta):
    pass


def generator() -> "collections.abc.Iterator[int]":
    yield 1


ORDINARY: list[Callable[[], object]] = [
    lambda: None,
    lambda: 0,
    lambda: -(1 << 200),
    lambda: 1.5,
    lambda: 1j,
    lambda: "ascii",
    lambda: "ünï",
    lambda: "\U0001f40d" * 3,
    lambda: b"bytes" * 100,
    lambda: bytearray(b"x" * 77),
    lambda: memoryview(b"abc"),
    lambda: (),
    lambda: (1, 2, 3),
    list,
    lambda: list(range(100)),
    dict,
    lambda: {str(i): i for i in range(100)},
    lambda: set(range(100)),
    lambda: frozenset(range(3)),
    lambda: collections.deque(range(500)),
    lambda: collections.OrderedDict(a=1),
    lambda: collections.defaultdict(list, a=[1]),
    lambda: collections.Counter("abracadabra"),
    lambda: array.array("d", range(10)),
    lambda: range(10),
    lambda: slice(1, 2),
    object,
    WithDict,
    lambda: WithDict().__dict__,
    WithSlots,
    WithWeakrefs,
    lambda: Ints(7),
    lambda: Lists(range(9)),
    lambda: Dicts(a=1),
    lambda: Strings("text"),
    lambda: ValueError("x"),
    lambda: int,
    lambda: type,
    lambda: WithDict,
    lambda: OfMeta,
    OfMeta,
    lambda: WithDict.__init__,
    lambda: WithDict().__init__,  # type: ignore[misc]  # a bound method, never called
    lambda: len,
    lambda: "".join,
    lambda: generator,
    generator,
    lambda: generator.__code__,
    lambda: sys,
    sys._getframe,
    threading.Lock,
    threading.Event,
    threading.local,
    threading.current_thread,
    asyncio.Lock,
    io.BytesIO,
    lambda: io.BytesIO(b"x" * 1000),
    io.StringIO,
    lambda: re.compile("a+"),
    lambda: dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
    lambda: decimal.Decimal("1.5"),
    lambda: functools.partial(len, "x"),
    lambda: functools.lru_cache(len),
    weakref.WeakSet,
    lambda: weakref.ref(WithDict),
    lambda: types.SimpleNamespace(a=1),
    lambda: types.MappingProxyType({}),
    lambda: property(len),
    lambda: iter([1]),
    lambda: dict.items({}),
]


@pytest.mark.parametrize("make", ORDINARY)
def test_it_is_the_size_that_the_interpreter_reports(make: Callable[[], object]) -> None:
    o = make()
    assert shallow_size(o) == sys.getsizeof(o)


def test_a_size_written_in_python_is_not_asked() -> None:
    def lie(self: object) -> int:
        raise AssertionError("called")

    liar = type("Liar", (list,), {"__sizeof__": lie})([1, 2, 3])
    assert shallow_size(liar) == list.__sizeof__(liar) + 32


def test_a_size_that_is_shadowed_by_something_uncallable_is_found_further_up() -> None:
    shadow = type("Shadow", (dict,), {"__sizeof__": 42, "__slots__": ()})()
    assert shallow_size(shadow) == dict.__sizeof__(shadow) + 16


def test_hostile_objects_have_a_size_and_are_left_alone() -> None:
    with alive_zoo() as animals:
        sizes = [shallow_size(animal) for animal in animals]
    assert all(type(size) is int and size >= 16 for size in sizes)
