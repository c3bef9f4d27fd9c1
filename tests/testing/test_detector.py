"""A detector counts what was born and lives, of any type, and says who holds it."""

import gc
import io
import sys
import types
import weakref
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from leakprobe.capture.heap import listing
from leakprobe.errors import LeakprobeError, UnknownName
from leakprobe.testing import LeakDetector
from tests.hostile import alive_zoo
from tests.native import needs_heap_walk


class Store:
    """What an application keeps its results in."""

    def __init__(self) -> None:
        self.results: dict[object, object] = {}


class Result:
    """Can be referred to weakly."""


class Point:
    """Cannot, and has nothing that the collector would have to follow."""

    __slots__ = ("x",)

    def __init__(self, x: int) -> None:
        self.x = x


class Empty:
    """The collector does not even track it."""

    __slots__ = ()


class Payload(bytes):
    """Untracked, of a size of its own."""

    __slots__ = ()


class Text(str):
    """The same."""

    __slots__ = ()


store = Store()


@pytest.fixture(autouse=True)
def _empty_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # All that the suite has imported is frozen meanwhile. To search it takes most of the time,
    # and nothing that is planted here hangs on it.
    monkeypatch.setattr(listing, "FROZEN_BY_ITSELF", 10**9)
    store.results = {}
    yield
    store.results = {}


MAKERS: dict[type, Callable[[int], object]] = {
    Result: lambda _: Result(),
    Point: Point,
    Empty: lambda _: Empty(),
    io.BytesIO: lambda n: io.BytesIO(b"%d" % n),
    Payload: lambda n: Payload(b"planted %d" % n),
    Text: Text,
    bytearray: lambda n: bytearray(b"planted %d" % n),
}
# The process itself has, makes and drops some of these.
COMMON = (float, tuple, dict, int)


TRACKED = (Result, Point, io.BytesIO)
UNTRACKED = tuple(cls for cls in MAKERS if cls not in TRACKED)


def _store(cls: type, count: int) -> None:
    store.results |= {place: MAKERS[cls](place) for place in range(count)}


def _drop(cls: type, count: int) -> None:
    for place in range(count):
        MAKERS[cls](place)


@pytest.mark.parametrize("cls", TRACKED, ids=lambda cls: cls.__name__)
def test_what_is_kept_is_counted_exactly_and_what_is_dropped_is_not(cls: type) -> None:
    with LeakDetector(cls) as detector:
        _drop(cls, 20)
        _store(cls, 17)
    _drop(cls, 20)
    assert detector.leaked_count() == 17
    store.results.clear()
    assert detector.leaked_count() == 0


def test_the_same_of_types_that_the_collector_does_not_track() -> None:
    detector = LeakDetector(*UNTRACKED)
    detector.start()
    for cls in UNTRACKED:
        _drop(cls, 20)
    kept = [[MAKERS[cls](place) for place in range(17)] for cls in UNTRACKED]
    leaked = Counter(one.type.rpartition(".")[2] for one in detector.leaked())
    assert leaked == {cls.__name__: 17 for cls in UNTRACKED}
    kept.clear()
    assert detector.leaked_count() == 0


def test_of_common_types_none_is_counted_that_was_there_and_growth_is_never_missed() -> None:
    detector = LeakDetector(*COMMON)
    detector.start()
    kept = [(n + 0.5, n + 10**9, {None: None}) for n in range(200)]
    leaked = detector.leaked_count()
    assert 780 <= leaked <= 800 + 20, "addresses of what died meanwhile, and what the loop made"
    assert len(kept) == 200


@needs_heap_walk
def test_the_holder_is_named() -> None:
    detector = LeakDetector(io.BytesIO)
    detector.start()
    store.results.update((n, io.BytesIO(bytes(1000 + n))) for n in range(5))
    leaked = detector.leaked()
    assert [one.type for one in leaked] == ["_io.BytesIO"] * 5
    assert {one.holder for one in leaked} == {f"{__name__}.store.results[…]"}
    assert leaked[0].size_bytes >= leaked[-1].size_bytes >= 1000
    assert leaked[0].steps[-1] == "dict value"
    with pytest.raises(AssertionError) as failure:
        detector.assert_none_leaked(max_leaked=4)
    assert str(failure.value).splitlines()[0] == "5 objects leaked, 4 are allowed"
    assert f"held by {__name__}.store.results[…]" in str(failure.value)
    detector.assert_none_leaked(max_leaked=5)


@pytest.mark.skipif(sys.gettrace() is not None, reason="a trace function keeps things, too")
def test_nothing_at_all_leaks_by_looking() -> None:
    tracked: list[type] = [list, set, types.FunctionType, types.MethodType, types.CellType]
    for classes in ([*tracked, int, str, bytes, dict, tuple, weakref.ref], tracked):
        detector = LeakDetector(*classes)
        detector.start()
        count = detector.leaked_count()
        assert count == 0, classes


def test_what_was_alive_before_is_no_leak_and_what_died_meanwhile_hides_none() -> None:
    store.results["old"] = [Result() for _ in range(50)]
    with LeakDetector(Result) as detector:
        store.results["old"] = None
        gc.collect()
        store.results["new"] = [Result() for _ in range(50)]
    assert detector.leaked_count() == 50


def test_cycles_are_no_leak() -> None:
    with LeakDetector(Result) as detector:
        for _ in range(10):
            result = Result()
            result.me = result  # type: ignore[attr-defined]  # a cycle is what is wanted
        del result
    assert detector.leaked_count() == 0


def test_after_the_block_only_what_was_born_in_it_counts() -> None:
    with LeakDetector(Result) as detector:
        store.results["inside"] = Result()
    store.results["outside"] = Result()
    assert detector.leaked_count() == 1
    detector.stop()
    assert detector.leaked_count() == 1


def test_a_running_detector_counts_until_now() -> None:
    detector = LeakDetector(Result)
    detector.start()
    store.results["one"] = Result()
    assert detector.leaked_count() == 1
    store.results["two"] = Result()
    assert detector.leaked_count() == 2
    detector.start()
    assert detector.leaked_count() == 0


def test_nothing_is_kept_alive() -> None:
    store.results["old"] = old = Result()
    detector = LeakDetector(Result)
    detector.start()
    store.results["new"] = new = Result()
    watches = [weakref.ref(old), weakref.ref(new)]
    leaked = detector.leaked()
    detector.stop()
    store.results.clear()
    del old, new
    assert [watch() for watch in watches] == [None, None]
    assert len(leaked) == 1


def test_subclasses_count_for_their_base() -> None:
    with LeakDetector(Result) as detector:
        store.results["child"] = type("Child", (Result,), {})()
    assert [one.type for one in detector.leaked()] == [f"{__name__}.Child"]


def test_several_types_and_names_at_once() -> None:
    with LeakDetector(Result, "io.BytesIO", f"{__name__}.Point", "Result") as detector:
        store.results |= {1: Result(), 2: io.BytesIO(), 3: Point(1)}
    assert sorted(one.type.rpartition(".")[2] for one in detector.leaked()) == [
        "BytesIO",
        "Point",
        "Result",
    ]


@needs_heap_walk
def test_a_name_whose_module_is_imported_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    with LeakDetector("module_of_today.Order") as detector:
        module = types.ModuleType("module_of_today")
        order = type("Order", (), {"__module__": "module_of_today"})
        vars(module).update(Order=order, orders=[order() for _ in range(3)])
        monkeypatch.setitem(sys.modules, "module_of_today", module)
    assert detector.leaked_count() == 3
    assert {one.holder for one in detector.leaked()} == {"module_of_today.orders[…]"}


def test_a_name_of_nothing_is_refused_when_it_is_asked_for() -> None:
    with LeakDetector("ByteIO") as detector:
        pass
    with pytest.raises(UnknownName, match=r"no type 'ByteIO'; nearest: BytesIO"):
        detector.leaked_count()


async def _leak_asynchronously() -> int:
    async with LeakDetector(Result) as detector:
        store.results["task"] = Result()
    return detector.leaked_count()


def test_around_async_code() -> None:
    import asyncio

    assert asyncio.run(_leak_asynchronously()) == 1


@needs_heap_walk
def test_a_thousand_leaked_objects_are_one_line() -> None:
    with LeakDetector(Point) as detector:
        _store(Point, 2500)
    with pytest.raises(AssertionError) as failure:
        detector.assert_none_leaked()
    first, *rest = str(failure.value).splitlines()
    assert first == "2,500 objects leaked, none is allowed"
    assert f"2,000 of {__name__}.Point" in rest[0]
    assert len(rest) == 2


def test_hostile_objects_are_not_touched() -> None:
    detector = LeakDetector(object, "Meta")
    detector.start()
    with alive_zoo() as animals:
        assert detector.leaked_count() > len(animals)


def test_without_a_start_and_without_types_it_says_what_to_do() -> None:
    with pytest.raises(LeakprobeError, match=r"not started: use `with`, or call start\(\) first"):
        LeakDetector(bytes).leaked_count()
    with pytest.raises(ValueError, match="must be one class or more"):
        LeakDetector()
    with pytest.raises(ValueError, match=r"^max_leaked=-1: "):
        LeakDetector(bytes).assert_none_leaked(-1)
