"""The walk in the running process, mostly of small universes made for it; see test_census."""

import gc
import random
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.capture.heap.types import count_types
from leakprobe.capture.pace import REST_S
from leakprobe.model import Frame, TypeCount

KEPT: list[object] = []


class Result:
    def __init__(self, segments: object) -> None:
        self.segments = segments


class Slotted:
    __slots__ = ("left", "right")

    left: object


def counted(objects: list[object], **more: object) -> dict[str, TypeCount]:
    """Counts of a universe of these tracked objects; the walk empties the list."""
    rows, _ = count_types(list_objects=lambda: objects, **more)  # type: ignore[arg-type]  # the caller knows
    return {row.type: row for row in rows}


def text(size: int, seed: int = 0) -> str:
    return random.Random(seed).randbytes(size // 2).hex()


def test_untracked_objects_are_found_through_references_and_counted_once() -> None:
    shared = text(1000)
    pair = (1.5, text(400, 2))
    gc.collect()
    universe: list[object] = [[shared, {"a": shared, "b": pair, "c": shared}, pair]]
    assert not gc.is_tracked(pair)
    rows = counted(universe)
    assert rows["dict"].objects == 1
    assert rows["str"].objects == 5
    assert rows["float"].objects == rows["tuple"].objects == 1


def test_keys_of_a_dict_of_strings_are_counted() -> None:
    universe: list[object] = [{text(200, i): [] for i in range(50)}]
    assert counted(universe)["str"].objects == 50


def test_what_hangs_on_an_instance_is_charged_to_its_class() -> None:
    result = Result([{"start": i + 0.5, "text": text(5000, i)} for i in range(10)])
    rows = counted([result.segments, result, result.__dict__])
    row = rows[f"{__name__}.Result"]
    assert row.owned_bytes - row.bytes > 10 * 5000
    assert rows["str"].owned_bytes == 0
    assert rows["list"].owned_bytes == rows["list"].bytes


def test_what_a_shared_container_holds_is_charged_to_the_container() -> None:
    shared = [text(5000, i) for i in range(10)]
    universe: list[object] = [shared, Result(shared), Result(shared)]
    rows = counted(universe)
    assert rows["list"].owned_bytes > 10 * 5000
    assert rows[f"{__name__}.Result"].owned_bytes < 5000


def test_what_only_a_container_holds_is_charged_to_it() -> None:
    rows = counted([deque([text(5000)])])
    assert (
        rows["collections.deque"].owned_bytes == rows["collections.deque"].bytes + rows["str"].bytes
    )


@pytest.mark.parametrize("make", [list, tuple, deque, set, frozenset, dict.fromkeys, OrderedDict])
def test_a_large_container_is_read_in_slices_and_whole(make: Callable[..., object]) -> None:
    values = [float(i) for i in range(50_001)]
    universe: list[object] = [
        OrderedDict.fromkeys(values) if make is OrderedDict else make(values),
        [values[0]],
    ]
    assert counted(universe)["float"].objects == 50_001


@pytest.mark.parametrize("grow", [True, False])
def test_a_large_dict_that_changes_meanwhile_is_read_to_its_end(grow: bool) -> None:
    large: dict[int, float] = {i: float(i) for i in range(70_000)}
    fresh = iter(range(70_000, 80_000))

    def change(_: float) -> None:
        if grow:
            large[next(fresh)] = 0.5
        else:
            large.pop(next(fresh) - 70_000, None)

    rows = counted([large], pause=change)
    assert rows["float"].objects >= 69_000


def graph(seed: int) -> list[object]:
    """A random graph of containers, instances and atoms; all tracked ones, in random order."""
    rng = random.Random(seed)
    atoms: list[object] = [text(rng.randrange(2, 200), i) for i in range(20)]
    atoms += [rng.random() for _ in range(10)]
    made: list[object] = []

    def pick() -> object:
        return rng.choice(made if made and rng.random() < 0.5 else atoms)

    def several() -> list[object]:
        return [pick() for _ in range(rng.randrange(4))]

    def slotted() -> Slotted:
        o = Slotted()
        o.left = pick()
        return o

    makers: list[Callable[[], object]] = [
        several,
        slotted,
        lambda: tuple(several()),
        lambda: dict(enumerate(several())),
        lambda: {rng.choice(atoms): pick()},
        lambda: deque(several()),
        lambda: set(rng.choices(atoms, k=3)),
        lambda: Result(pick()),
        lambda: pick,
    ]
    for _ in range(rng.randrange(60)):
        made += [rng.choice(makers)()]
    universe = [o for o in made if gc.is_tracked(o)]
    universe += [o.__dict__ for o in made if type(o) is Result and rng.random() < 0.5]
    rng.shuffle(universe)
    return list({id(o): o for o in universe}.values())


def reachable(universe: list[object]) -> list[object]:
    """The universe and every untracked object it leads to, the plain way."""
    seen = {id(o): o for o in universe}
    todo = list(seen.values())
    while todo:
        o = todo.pop()
        held = gc.get_referents(o) + (list(o) if type(o) is dict else [])
        for r in held:
            if id(r) not in seen and not gc.is_tracked(r):
                seen[id(r)] = r
                todo.append(r)
    return list(seen.values())


@given(st.integers(0, 10**9))
@settings(deadline=None, max_examples=60)
def test_every_object_is_counted_once_and_charged_once(seed: int) -> None:
    gc.disable()  # a collection between the two would untrack some tuples
    try:
        universe = graph(seed)
        objects = reachable(universe)
        rows = counted(universe)
    finally:
        gc.enable()
    assert sum(r.objects for r in rows.values()) == len(objects)
    total = sum(r.bytes for r in rows.values())
    assert total == sum(map(sys.getsizeof, objects))
    assert total == sum(r.owned_bytes for r in rows.values())


def test_what_we_share_with_the_application_is_counted() -> None:
    shared = text(1000)
    own: list[object] = [shared, [shared]]
    application: list[object] = [shared]
    rows = counted([own, own[1], application], own=[own])
    assert rows["list"].objects == 1
    assert rows["str"].objects == 1


def test_classes_of_leakprobe_are_left_out_and_those_of_its_examples_are_not() -> None:
    example = type("Example", (), {"__module__": "leakprobe.examples.service"})
    ours = type("Ours", (), {"__module__": "leakprobe.agent"})
    rows = counted([Frame, TypeCount, ours, example])
    assert rows["type"].objects == len([example, object])


def test_own_roots_do_not_pull_the_application_in() -> None:
    application = Result([text(100)])
    own: list[object] = [application, threading, Result]
    rows = counted([own, application, application.segments, threading, Result], own=[own])
    assert {r.objects for n, r in rows.items() if n.endswith(("Result", "list", "module"))} == {1}


def test_other_threads_get_their_rests() -> None:
    rests: list[float] = []
    count_types(pause=rests.append)
    assert len(rests) > 10
    assert set(rests) == {REST_S}


def test_no_object_outlives_the_walk() -> None:
    class Mortal:
        pass

    gone: list[int] = []

    class Announces:
        def __del__(self) -> None:
            gone.append(1)

    mortal = Mortal()
    mortal.announces = Announces()  # type: ignore[attr-defined]  # a finalizer to see it go
    gc.disable()
    try:
        count_types()
        del mortal
        assert gone == [1]
    finally:
        gc.enable()
