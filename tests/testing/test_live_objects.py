"""Live objects of some types, tracked by the collector or not, and nothing of ours."""

import gc
from collections import deque
from functools import partial

import pytest

from leakprobe.testing.live_objects import live_objects
from tests.hostile import alive_zoo


class Marked(bytes):
    """Untracked, and nobody else has any."""

    __slots__ = ()


class Empty:
    """Neither attributes nor slots: the collector has nothing to track."""

    __slots__ = ()


class Tracked:
    pass


@pytest.fixture(autouse=True)
def _only_what_is_new_is_collected() -> None:
    """Not here: what is frozen has to be searched for through references, which takes long."""


KEPT: list[Tracked] = []


def _places(*classes: type) -> list[int]:
    return [id(o) for o in live_objects(list(classes), ())]


def test_untracked_objects_are_found_wherever_they_hang() -> None:
    holders = [
        {"key": Marked(b"value")},
        {Marked(b"key"): 1},
        (1, (Marked(b"tuple in tuple"),)),
        deque([{2: (Marked(b"three deep"),)}]),
        partial(print, Marked(b"argument")),
    ]
    gc.collect()
    found = [bytes(o) for o in live_objects([Marked], ()) if isinstance(o, Marked)]
    assert sorted(found) == [b"argument", b"key", b"three deep", b"tuple in tuple", b"value"]
    assert len(holders) == 5


def test_a_chain_of_untracked_tuples_however_long_is_followed() -> None:
    chain: object = Marked(b"at the end")
    for _ in range(20_000):
        chain = (chain,)
        if _ % 100 == 0:
            gc.collect(0)
    for _ in range(3):
        gc.collect()
    assert len(_places(Marked)) == 1
    while isinstance(chain, tuple):  # to free it at once would go as deep
        (chain,) = chain


def test_a_local_variable_of_a_running_function_is_found() -> None:
    only_here = Marked(b"local")
    in_a_tuple = (Empty(),)
    gc.collect()
    assert _places(Marked, Empty).count(id(only_here)) == 1
    assert id(in_a_tuple[0]) in _places(Empty)


def test_tracked_objects_are_listed_each_once() -> None:
    kept = [Tracked() for _ in range(50)]
    assert sorted(_places(Tracked)) == sorted(map(id, kept))


def test_frozen_objects_are_found() -> None:
    KEPT[:] = [Tracked() for _ in range(5)]
    gc.freeze()
    try:
        found = _places(Tracked)
    finally:
        gc.unfreeze()
    assert sorted(found) == sorted(map(id, KEPT))
    KEPT.clear()


def test_hostile_objects_are_not_touched() -> None:
    with alive_zoo() as animals:
        kinds: list[type] = list({id(type(a)): type(a) for a in animals}.values())
        found = set(map(id, live_objects([*kinds, bytes], ())))
        assert {id(a) for a in animals} <= found
