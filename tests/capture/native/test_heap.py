"""What a heap walk finds: each test plants a truth."""

import contextvars
import ctypes
import functools
import gc
import itertools
import sys
import threading
import weakref
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from leakprobe.capture.heap.layout import NodeState
from leakprobe.capture.names import type_name
from leakprobe.capture.native import heap_walk_missing
from tests.capture.native.walking import WalkEnded, tally, walk
from tests.hostile import alive_zoo, assert_untouched
from tests.native import needs_heap_walk

if heap_walk_missing() is None:
    from leakprobe.capture._native import _heap

pytestmark = needs_heap_walk

OUT_OF_BUDGET = 70


numbers = itertools.count()


def planted(qualname: str = "") -> Any:  # Any: its instances take any attribute
    """A class of a name that no other one has."""
    cls = type("Planted", (), {"__module__": __name__})
    cls.__qualname__ = qualname or f"Planted{next(numbers)}"
    return cls


def address_of(*objects: object) -> bytes:
    return array("Q", map(id, objects)).tobytes()


def state_of(o: object) -> NodeState | None:
    """What the walk says an object hangs on; None: it did not find it."""
    return state_at(id(o))


def state_at(address: int, **asked: str) -> NodeState | None:
    result = walk(addresses=array("Q", [address]).tobytes(), **asked)  # type: ignore[arg-type]  # mypy sees the budget among them
    return next((n.state for n in result.nodes.values() if n.address == address), None)


@contextmanager
def collector_resting() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect()


def test_planted_objects_are_counted_exactly() -> None:
    cls = planted()
    kept = [cls() for _ in range(1234)]
    row = tally(walk(), type_name(cls))
    assert row.objects == 1234
    assert row.bytes >= sum(map(sys.getsizeof, kept))
    assert row.garbage_objects == row.c_held_objects == 0


def test_a_second_walk_sees_what_came_and_went() -> None:
    cls = planted()
    kept = [cls() for _ in range(50)]
    assert tally(walk(), type_name(cls)).objects == 50
    kept[20:] = []
    assert tally(walk(), type_name(cls)).objects == 20


def test_nothing_changes_for_the_application() -> None:
    def counts() -> tuple[int, int, int]:
        return sys.getrefcount(kept[0]), sys.getrefcount(type(kept[0])), gc.get_count()[2]

    kept = [planted()()]
    gc.disable()  # what the result takes in this process may cause a collection
    try:
        before = counts()
        walk()
        assert counts() == before
    finally:
        gc.enable()


def test_objects_that_the_collector_does_not_track_are_found() -> None:
    texts = [f"untracked text {i}" for i in range(300)]
    atoms = tuple({"text": text} for text in texts)
    gc.collect()
    result = walk(addresses=address_of(*texts, *atoms))
    found = {node.address for node in result.nodes.values()}
    assert found >= set(map(id, texts)) | set(map(id, atoms))


@pytest.mark.parametrize("split", [False, True])
def test_keys_of_a_dict_of_strings_are_found(split: bool) -> None:
    names = [f"a key {i} that nobody else has" for i in range(5)]
    if split:
        holder = planted()()
        for name in names:
            setattr(holder, name, 1)
        kept = holder.__dict__
        names = list(kept)
    else:
        kept = dict.fromkeys(names)
    result = walk(addresses=address_of(*names))
    assert {node.address for node in result.nodes.values()} >= set(map(id, names))
    assert len(kept) == 5


def test_frozen_objects_are_found() -> None:
    cls = planted()
    kept = [cls() for _ in range(10)]
    assert walk().totals.frozen_objects == gc.get_freeze_count()
    gc.freeze()
    try:
        result = walk()
        assert tally(result, type_name(cls)).objects == len(kept)
        assert result.totals.frozen_objects == gc.get_freeze_count() > 1000
    finally:
        gc.unfreeze()


def test_cycles_that_wait_for_the_collector_are_garbage() -> None:
    cls = planted()
    with collector_resting():
        for _ in range(100):
            one, other = cls(), cls()
            one.peer, other.peer = other, one
        kept, ring = one, cls()
        del one, other
        row = tally(walk(), type_name(cls))
        assert row.objects == 201
        assert row.garbage_objects == 198
        assert row.garbage_bytes == pytest.approx(row.bytes * 198 / 201, rel=0.05)
        assert ring is not kept
    assert tally(walk(), type_name(cls)).garbage_objects == 0


def test_what_only_c_holds_is_c_held() -> None:
    cls = planted()
    with collector_resting():
        held = cls()
        held.below = [cls()]
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(held))
        address = id(held)
        del held
        try:
            row = tally(walk(), type_name(cls))
            assert (row.objects, row.c_held_objects, row.garbage_objects) == (2, 2, 0)
            assert state_at(address) is NodeState.C_HELD
        finally:
            again = ctypes.cast(address, ctypes.py_object).value
            ctypes.pythonapi.Py_DecRef(ctypes.py_object(again))


def test_what_a_frame_or_thread_holds_hangs_on_it() -> None:
    local = planted()()
    assert state_of(local) is NodeState.FRAME
    held = contextvars.ContextVar("held", default=None)
    in_context = planted()()
    token = held.set(in_context)
    address = id(in_context)
    del in_context
    try:
        assert state_at(address) is NodeState.FRAME
    finally:
        held.reset(token)


def test_what_another_thread_has_on_its_stack_hangs_on_that() -> None:
    cls = planted()
    ready, stop = threading.Event(), threading.Event()

    def hold() -> None:
        local = cls()
        ready.set()
        stop.wait()
        del local

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        ready.wait()
        row = tally(walk(), type_name(cls))
    finally:
        stop.set()
        thread.join()
    assert (row.objects, row.c_held_objects) == (1, 0)


GLOBAL = planted()()


def test_what_a_module_holds_hangs_on_it() -> None:
    assert state_of(GLOBAL) is NodeState.MODULE


def test_a_weak_reference_holds_nothing() -> None:
    cls = planted()
    with collector_resting():
        ring = cls()
        ring.self = ring
        weak = weakref.ref(ring)
        del ring
        assert tally(walk(), type_name(cls)).garbage_objects == 1
        assert weak() is not None


def test_our_own_is_left_out_and_what_is_shared_is_not() -> None:
    cls = planted()
    shared = cls()
    table = {"mine": [cls() for _ in range(40)], "shared": shared}
    row = tally(walk(own=address_of(table)), type_name(cls))
    assert row.objects == 1
    result = walk(own=address_of(table))
    assert result.totals.own_objects >= 41
    assert tally(walk(), type_name(cls)).objects == 41


def test_our_own_stays_so_while_c_code_holds_what_leads_to_it() -> None:
    """As the list that is being made of our tables, or an argument of a call."""
    cls = planted()
    table = [[cls() for _ in range(40)]]
    passing = [table[0]]
    address = id(passing)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(passing))
    del passing
    try:
        row = tally(walk(own=address_of(table)), type_name(cls))
        assert row.objects == 0
        assert state_at(address) is NodeState.C_HELD
    finally:
        again = ctypes.cast(address, ctypes.py_object).value
        ctypes.pythonapi.Py_DecRef(ctypes.py_object(again))


def test_frames_of_our_files_are_our_own() -> None:
    local = planted()()
    address = id(local)
    assert state_at(address) is NodeState.FRAME
    assert state_at(address, own_file_prefix=__file__[:-3]) is NodeState.OWN
    kept = state_at(address, own_file_prefix=__file__[:-3], own_shared_file=__file__)
    assert kept is NodeState.FRAME
    assert state_at(address, own_file_prefix="/nowhere/") is NodeState.FRAME


@pytest.mark.parametrize(
    ("file", "own"),
    [
        ("/é/own/agent.py", True),
        ("/é/own/examples/a.py", False),
        ("/é/own/testing/driving.py", False),
        ("/é/own/testing/calls.py", True),
    ],
)
def test_examples_and_what_calls_a_test_in_our_folder_are_applications(
    file: str, own: bool
) -> None:
    namespace: dict[str, object] = {"cls": planted(), "state_at": state_at}
    code = "def probe():\n o = cls()\n return state_at(id(o), own_file_prefix='/é/own/')"
    exec(compile(code, file, "exec"), namespace)
    state = namespace["probe"]()  # type: ignore[operator]  # it is the function just made
    assert state is (NodeState.OWN if own else NodeState.FRAME)


def test_names_are_those_of_the_python_walk() -> None:
    odd = [
        *(planted("<img src=x>"), planted("a\nb\x1b[0m"), planted("Ünï_𝄞"), planted("\ud800x")),
        *(planted("y" * 500), type("NoModule", (), {"__module__": 7}), type("C", (), {})),
        type("Deep", (), {"__module__": "m" * 300, "__qualname__": "Outer.<locals>.Deep"}),
    ]
    kept = [cls() for cls in odd]
    names = {row.name for row in walk().types}
    assert {type_name(cls) for cls in odd} <= names
    builtin = {type_name(type(o)) for o in gc.get_objects()}
    assert builtin <= names
    assert kept


def test_totals_are_the_sums_of_the_types() -> None:
    with collector_resting():
        tracked = len(gc.get_objects()) + gc.get_freeze_count()
        result = walk()
    totals = result.totals
    assert totals.objects == sum(row.objects for row in result.types)
    assert totals.bytes == sum(row.bytes for row in result.types)
    assert totals.garbage_bytes == sum(row.garbage_bytes for row in result.types)
    assert totals.c_held_objects == sum(row.c_held_objects for row in result.types)
    assert abs(totals.tracked - tracked) < 100


def test_two_walks_of_a_resting_process_agree() -> None:
    with collector_resting():
        tally(walk(), "str")
        one, other = tally(walk(), "str"), tally(walk(), "str")
    assert one.objects > 10_000
    assert abs(one.objects - other.objects) < 20


def test_a_walk_that_may_not_have_the_memory_says_so() -> None:
    with pytest.raises(WalkEnded) as caught:
        walk(memory_budget=1 << 20)
    assert caught.value.ended.exit_code == OUT_OF_BUDGET


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"own": b"123"}, ValueError),
        ({"addresses": b"1" * 9}, ValueError),
        ({"pointers": b"1" * 7}, ValueError),
        ({"samples": -1}, ValueError),
        ({"newest": -1}, ValueError),
        ({"newest_types": "a\0b"}, ValueError),
        ({"top": 2**32}, ValueError),
        ({"container_least": -1}, ValueError),
        ({"memory_budget": -1}, ValueError),
        ({"memory_budget": 2**64}, ValueError),
        ({"memory_budget": "1"}, TypeError),
        ({"own": "text"}, TypeError),
        ({"type_name": "a\0b"}, ValueError),
        ({"no_such": 1}, TypeError),
    ],
)
def test_arguments_of_the_wrong_form_are_refused(wrong: dict[str, object], error: type) -> None:
    with pytest.raises(error):
        _heap.spawn(**{"memory_budget": 1 << 30, **wrong})  # type: ignore[arg-type]  # they are wrong


def test_the_budget_must_be_given() -> None:
    with pytest.raises(TypeError, match="memory_budget"):
        _heap.spawn()  # type: ignore[call-arg]  # that is the point


@pytest.mark.parametrize("pid", [0, -1, -5, 2**31])
def test_only_one_child_can_be_reaped(pid: int) -> None:
    with pytest.raises(ValueError, match="process id"):
        _heap.reap(pid)


def test_a_stranger_cannot_be_reaped() -> None:
    with pytest.raises(ChildProcessError):
        _heap.reap(1)


def test_the_zoo_survives_and_is_counted() -> None:
    with alive_zoo() as zoo:
        result = walk(addresses=address_of(*zoo), reveal=True, top=20, samples=3, type_name="dict")
        assert_untouched()
        found = {node.address for node in result.nodes.values()}
        assert found >= set(map(id, zoo))


def test_a_cache_that_only_leakprobe_has_is_leakprobes() -> None:
    cls = planted()

    @functools.lru_cache(maxsize=100)
    def make(_: int) -> object:
        return cls()

    for number in range(20):
        make(number)
    own = [make]
    address = id(own)
    del make
    rows = walk(own=array("Q", [address]).tobytes())
    assert tally(rows, type_name(cls)).objects == 0
    links = tally(rows, "functools._lru_list_elem")
    assert links.c_held_objects == 0
    assert len(own) == 1
