"""The census of the whole process, over both implementations: what was planted is counted."""

import ctypes
import gc
import random
import sys
import weakref
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from leakprobe.capture.heap import census as census_module
from leakprobe.capture.heap.census import take_census
from leakprobe.capture.native import heap_walk_missing
from leakprobe.errors import NotEnoughMemory
from leakprobe.model import Census, Frame, TypeCount
from tests.hostile import alive_zoo
from tests.native import needs_heap_walk

Take = Callable[..., Census]

KEPT: list[object] = []


class Result:
    def __init__(self, segments: object) -> None:
        self.segments = segments


class Slotted:
    __slots__ = ("left",)

    left: object


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    yield
    KEPT.clear()


@pytest.fixture(params=["python", pytest.param("native", marks=needs_heap_walk)])
def take(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Take:
    """Both implementations, one after the other."""
    if request.param == "python":
        monkeypatch.setattr(census_module, "heap_walk_missing", lambda: "not wanted")
    else:
        assert heap_walk_missing() is None

    def taken(own: tuple[object, ...] = (), available_bytes: int | None = None) -> Census:
        return take_census(own=own, available_bytes=available_bytes)

    return taken


def counts(census: Census) -> dict[str, TypeCount]:
    return {row.type: row for row in census.types}


def text(size: int, seed: int) -> str:
    return random.Random(seed).randbytes(size // 2).hex()


def test_objects_of_a_class_are_counted_exactly(take: Take) -> None:
    KEPT[:] = [Slotted() for _ in range(123)]
    census = take()
    row = counts(census)[f"{__name__}.Slotted"]
    assert row.objects == 123
    assert row.bytes == 123 * sys.getsizeof(KEPT[0])
    assert census.price.wall_ms >= census.price.pause_ms > 0
    assert census.price.cpu_ms > 0


def test_every_byte_has_one_owner(take: Take) -> None:
    with alive_zoo():
        census = take()
    assert sum(row.bytes for row in census.types) == sum(row.owned_bytes for row in census.types)
    assert all(len(row.type) <= 200 and row.type.isprintable() for row in census.types)
    assert any(row.type.endswith("OfHostileMeta") for row in census.types)
    assert len(counts(census)) == len(census.types)


def test_types_come_by_what_they_own(take: Take) -> None:
    owned = [row.owned_bytes for row in take().types]
    assert owned == sorted(owned, reverse=True)


def test_what_hangs_on_an_instance_is_charged_to_its_class(take: Take) -> None:
    KEPT[:] = [Result([{"start": i + 0.5, "text": text(5000, i)} for i in range(10)])]
    row = counts(take())[f"{__name__}.Result"]
    assert row.owned_bytes - row.bytes > 10 * 5000


def test_what_a_shared_container_holds_is_not_charged_to_its_holders(take: Take) -> None:
    shared = [text(5000, i) for i in range(10)]
    KEPT[:] = [Result(shared), Result(shared)]
    assert counts(take())[f"{__name__}.Result"].owned_bytes < 5000


def test_our_own_tables_do_not_grow(take: Take) -> None:
    table: list[object] = []
    # No variable of this function may hold what only the table shall hold.
    table.append(take((table,)).types)
    table += [Frame(f"file{i}.py", i + 10**6) for i in range(10_000)]
    table.append({f"key{i}": [float(i)] for i in range(1000)})
    table.append([array("d", [float(i)]) for i in range(1000)])
    after = take((table,)).types
    grown = {row.type: row.objects for row in after}
    for row in cast("tuple[TypeCount, ...]", table[0]):
        grown[row.type] = grown.get(row.type, 0) - row.objects
    assert {name: n for name, n in grown.items() if n > 20} == {}


def test_what_we_share_with_the_application_is_counted(take: Take) -> None:
    shared = Slotted()
    KEPT[:] = [shared]
    own = [shared, Result(shared)]
    rows = counts(take((own,)))
    assert rows[f"{__name__}.Slotted"].objects == 1


def test_frozen_objects_are_counted(take: Take) -> None:
    KEPT[:] = [Result([Slotted(), text(100, 1)])]
    gc.freeze()
    try:
        rows = counts(take())
    finally:
        gc.unfreeze()
    assert rows[f"{__name__}.Result"].objects == rows[f"{__name__}.Slotted"].objects == 1
    assert rows["module"].objects > 10


def test_too_little_memory_is_said_with_both_numbers(take: Take) -> None:
    with pytest.raises(NotEnoughMemory, match=r"about \d+ MiB and 1 MiB are left"):
        take((), 1 << 20)
    assert take((), 1 << 40).types


def test_the_collector_is_neither_run_nor_disabled(take: Take) -> None:
    calls: list[str] = []

    def full_collection(phase: str, info: dict[str, int]) -> None:
        if info["generation"] == 2:
            calls.append(phase)

    thresholds = gc.get_threshold()
    gc.collect()
    gc.set_threshold(10_000, 1000, 1000)
    gc.callbacks.append(full_collection)
    try:
        take()
        assert gc.isenabled()
    finally:
        gc.callbacks.remove(full_collection)
        gc.set_threshold(*thresholds)
    assert calls == []


def test_no_object_outlives_the_walk(take: Take) -> None:
    mortal = Result(None)
    gone = weakref.ref(mortal)
    gc.disable()
    try:
        take()
        del mortal
        assert gone() is None
    finally:
        gc.enable()


def test_a_walk_in_the_process_knows_no_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(census_module, "heap_walk_missing", lambda: "not wanted")
    census = take_census(own=(), available_bytes=None)
    assert (census.containers, census.totals) == (None, None)
    assert {row.retained_bytes for row in census.types} == {None}


@needs_heap_walk
def test_a_copy_knows_the_long_containers_with_their_lengths() -> None:
    made = (dict.fromkeys(range(41)), list(range(42)), deque(range(43)), set(range(44)), [0] * 9)
    KEPT.extend(made)
    containers = take_census(own=(), available_bytes=None).containers
    assert containers is not None
    found = {c.address: (c.type, c.length, c.weak) for c in containers}
    assert [found.get(id(container)) for container in made] == [
        ("dict", 41, False),
        ("list", 42, False),
        ("collections.deque", 43, False),
        ("set", 44, False),
        None,
    ]


@needs_heap_walk
def test_a_copy_knows_totals_and_retained_sizes() -> None:
    payload = [text(5000, i) for i in range(10)]
    size = sum(map(sys.getsizeof, payload)) + sys.getsizeof(payload)
    KEPT.append(Result(payload))
    del payload
    census = take_census(own=(), available_bytes=None)
    assert census.totals is not None
    assert census.totals.objects >= census.totals.tracked > 1000
    assert census.totals.bytes == sum(row.bytes for row in census.types)
    retained = counts(census)[f"{__name__}.Result"].retained_bytes
    assert retained is not None
    assert size < retained < size + 1000


@needs_heap_walk
def test_a_copy_knows_what_nothing_holds_and_what_c_code_holds() -> None:
    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            cycle = Result(None)
            cycle.segments = cycle
        del cycle
        KEPT.extend(Result(None) for _ in range(3))
        lost = Slotted()
        address = id(lost)
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(lost))
        del lost
        rows = counts(take_census(own=(), available_bytes=None))
    finally:
        gc.enable()
    ctypes.pythonapi.Py_DecRef(ctypes.cast(address, ctypes.py_object))
    result, slotted = rows[f"{__name__}.Result"], rows[f"{__name__}.Slotted"]
    assert (result.objects, result.garbage_objects, result.c_held_objects) == (8, 5, 0)
    assert (slotted.objects, slotted.garbage_objects, slotted.c_held_objects) == (1, 0, 1)


@needs_heap_walk
def test_a_copy_knows_how_large_the_lost_ones_of_a_type_are() -> None:
    """Lost texts are large, those in use small; each lost object owns itself alone."""
    gc.collect()
    gc.disable()
    try:
        before = counts(take_census(own=(), available_bytes=None))
        for number in range(50):
            cycle = Result([bytes(9_000 + number)])
            cycle.peer = cycle  # type: ignore[attr-defined]  # what makes it a cycle
        del cycle
        census = take_census(own=(), available_bytes=None)
    finally:
        gc.enable()
    rows, size = counts(census), sum(sys.getsizeof(bytes(9_000 + n)) for n in range(50))
    assert rows["bytes"].garbage_objects == 50
    assert rows["bytes"].garbage_bytes == size
    assert rows["bytes"].owned_bytes - size == pytest.approx(before["bytes"].owned_bytes, rel=0.02)
    result = rows[f"{__name__}.Result"]
    assert result.owned_bytes == result.garbage_bytes > 50 * object.__basicsize__
    assert census.totals is not None
    assert census.totals.garbage_bytes == sum(row.garbage_bytes for row in census.types)


@needs_heap_walk
def test_classes_of_leakprobe_are_left_out_and_those_of_its_examples_are_not() -> None:
    def classes() -> int:
        return counts(take_census(own=(), available_bytes=None))["type"].objects

    before = classes()
    KEPT.append(type("Example", (), {"__module__": "leakprobe.examples.service"}))
    ours = type("Ours", (), {"__module__": "leakprobe.agent"})
    census_module.__dict__["Ours"] = ours
    del ours
    try:
        assert classes() == before + 1
    finally:
        del census_module.__dict__["Ours"]


@needs_heap_walk
def test_containers_are_listed_from_the_length_that_is_asked_for_on() -> None:
    kept = [object() for _ in range(12)]

    def is_listed(least_length: int | None) -> bool:
        census = take_census(own=(), available_bytes=None, least_length=least_length)
        return id(kept) in {container.address for container in census.containers or ()}

    assert not is_listed(None)
    assert not is_listed(13)
    assert is_listed(12)
