"""One walk, looked at closely: containers, types and lines are joined by their paths."""

import gc
import random
import sys
from array import array
from collections.abc import Iterator
from types import ModuleType

import pytest
from starlette.applications import Starlette

from leakprobe.capture.heap import close_look
from leakprobe.capture.heap.close_look import look_closely
from leakprobe.capture.pointers import SampledPointers
from leakprobe.model import CloseLook, Frame, Stack
from leakprobe.model.heap import TypeHolder
from tests.hostile import alive_zoo, assert_untouched
from tests.native import needs_heap_walk

APP = ModuleType("close_app")
SITE = Stack((Frame("app.py", 42, "asr"),))


class Result:
    def __init__(self, payload: object) -> None:
        self.payload = payload


RESULT = f"{__name__}.Result"


@pytest.fixture(autouse=True)
def app() -> Iterator[None]:
    sys.modules["close_app"] = APP
    gc.collect()  # what earlier tests left in cycles
    yield
    del sys.modules["close_app"]
    for name in [name for name in vars(APP) if not name.startswith("__")]:
        delattr(APP, name)


def look(
    *types: str,
    containers: tuple[int, ...] = (),
    pointers: SampledPointers | None = None,
    own: tuple[object, ...] = (),
    reveal: bool = False,
) -> CloseLook:
    return look_closely(
        containers=containers,
        types=types,
        pointers=pointers,
        own=own,
        reveal=reveal,
        available_bytes=None,
    )


def paths(holders: tuple[TypeHolder, ...]) -> list[tuple[str | None, int]]:
    return [(holder.path.text if holder.path else None, holder.objects) for holder in holders]


@needs_heap_walk
def test_a_container_is_described_with_its_entries() -> None:
    APP.results = {number: Result(b"x" * 1000 + bytes([number])) for number in range(50)}  # type: ignore[attr-defined]
    found = look(containers=(id(APP.results), 16))
    (holder,) = found.containers
    assert holder.path is not None
    assert (holder.path.text, holder.path.steps) == (
        "close_app.results",
        ("module close_app", "global results"),
    )
    assert (holder.type, holder.length, holder.state) == ("dict", 50, "module")
    assert (holder.address, holder.bytes) == (id(APP.results), sys.getsizeof(APP.results))
    assert holder.retained_bytes is not None
    assert 50_000 < holder.retained_bytes < 65_000
    (entries,) = holder.entries
    assert (entries.type, entries.objects) == (RESULT, 50)
    assert entries.retained_bytes is not None
    assert 50_000 < entries.retained_bytes < holder.retained_bytes
    assert entries.owned_bytes == entries.retained_bytes
    assert (found.types, found.owners) == ((), ())
    assert found.totals is not None
    assert found.price.pause_ms > 0


@needs_heap_walk
def test_containers_come_by_what_they_retain_and_ours_are_left_out() -> None:
    APP.small, APP.large = [b"x" * 10], [b"x" * 10_000]  # type: ignore[attr-defined]
    ours = [b"x" * 100_000]
    addresses = (id(APP.small), id(APP.large), id(ours))
    found = look(containers=addresses, own=(ours,)).containers
    assert [holder.address for holder in found] == [id(APP.large), id(APP.small)]


@needs_heap_walk
def test_objects_of_a_type_are_grouped_by_their_holders() -> None:
    APP.results = [Result(bytes(1000)) for _ in range(30)]  # type: ignore[attr-defined]
    APP.cache = {number: Result(None) for number in range(5)}  # type: ignore[attr-defined]
    found = look(RESULT, "no.such.Type", "bytes").types
    ours = tuple(holder for holder in found if holder.type == RESULT)
    assert paths(ours) == [("close_app.results[…]", 30), ("close_app.cache[…]", 5)]
    assert ours[0].path is not None
    assert ours[0].path.objects == 30
    assert ours[0].retained_bytes is not None
    assert ours[0].retained_bytes > 30_000
    assert ours[0].state == "module"
    # Of very many untracked objects, as after many tests, only some are looked at.
    assert "close_app.results[…].payload" in dict(paths(found))


@needs_heap_walk
def test_no_more_than_twelve_types_are_looked_at() -> None:
    made = [type(f"T{number}", (), {"__module__": "close"}) for number in range(15)]
    APP.held = [cls() for cls in made]  # type: ignore[attr-defined]
    found = look(*(f"close.T{number}" for number in range(15)))
    assert {holder.type for holder in found.types} == {f"close.T{number}" for number in range(12)}


@needs_heap_walk
def test_ways_that_read_alike_are_one_row() -> None:
    chain = None
    for _ in range(300):
        chain = Result(chain)
    APP.chain = chain  # type: ignore[attr-defined]
    del chain
    found = look(RESULT).types
    assert sum(holder.objects for holder in found) == 300
    assert len({holder.path for holder in found}) == len(found)


@needs_heap_walk
def test_garbage_has_no_path() -> None:
    gc.disable()
    try:
        for _ in range(4):
            cycle = Result(None)
            cycle.payload = cycle
        del cycle
        (holder,) = look(RESULT).types
    finally:
        gc.enable()
    assert (holder.path, holder.objects, holder.state) == (None, 4, "garbage")
    assert not holder.finalizer


class Closing(Result):
    def __del__(self) -> None:
        self.payload = None


@needs_heap_walk
def test_garbage_that_waits_with_a_finalizer_is_told_apart() -> None:
    gc.disable()
    try:
        cycle: Result = type("Inheriting", (Closing,), {"__module__": "close"})(None)
        cycle.payload = cycle
        other = Result(cycle)
        other.payload = other
        del cycle, other
        holders = look("close.Inheriting", RESULT).types
    finally:
        gc.enable()
    assert {holder.type: holder.finalizer for holder in holders} == {
        "close.Inheriting": True,
        RESULT: False,
    }


@needs_heap_walk
def test_what_is_set_on_the_state_of_an_application_has_its_name() -> None:
    APP.app = Starlette()  # type: ignore[attr-defined]
    APP.app.state.exports = [Result(None) for _ in range(4)]
    (holder,) = look(RESULT).types
    assert holder.path is not None
    assert holder.path.text == "close_app.app.state.exports[…]"


@needs_heap_walk
def test_lines_are_joined_with_types_and_holders() -> None:
    payloads = [random.Random(i).randbytes(5000) for i in range(3)]
    APP.results = {i: Result(payload) for i, payload in enumerate(payloads)}  # type: ignore[attr-defined]
    blocks = [*map(id, payloads)]
    del payloads
    pointers = SampledPointers(
        addresses=array("Q", blocks),
        stacks=(SITE,) * 3,
        routes=("POST /asr",) * 3,
        weights=array("d", [13.0] * 3),
        sizes=array("Q", [5033] * 3),
    )
    found = look(RESULT, containers=(id(APP.results),), pointers=pointers)
    (owner,) = found.owners
    assert (owner.site, owner.type, owner.route) == (SITE.frames[0], "bytes", "POST /asr")
    container, holder = found.containers[0].path, found.types[0].path
    assert owner.path is not None
    assert holder is not None
    assert container is not None
    assert owner.path.text == f"{holder.text}.payload" == f"{container.text}[…].payload"


@needs_heap_walk
def test_a_hostile_heap_is_looked_at_and_left_alone() -> None:
    with alive_zoo() as zoo:
        found = look("dict", "list", "str", "type", containers=tuple(map(id, zoo)), reveal=True)
        assert_untouched()
        assert {holder.address for holder in found.containers} == set(map(id, zoo))


def test_without_the_native_walk_some_types_are_searched_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(close_look, "heap_walk_missing", lambda: "it is not built")
    monkeypatch.setattr(
        "leakprobe.capture.referrers.find.heap_walk_missing", lambda: "it is not built"
    )
    APP.results = [Result(None)]  # type: ignore[attr-defined]
    found = look("no.such.Type", RESULT, containers=(id(APP.results),))
    assert [(holder.type, holder.state, holder.retained_bytes) for holder in found.types] == [
        (RESULT, "module", None)
    ]
    assert paths(found.types) == [("close_app.results[…]", 1)]
    assert (found.owners, found.containers, found.totals) == ((), (), None)
    assert found.price.wall_ms > 0


def test_without_the_native_walk_a_running_frame_is_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(close_look, "heap_walk_missing", lambda: "it is not built")
    monkeypatch.setattr(
        "leakprobe.capture.referrers.find.heap_walk_missing", lambda: "it is not built"
    )
    local = Result(None)
    states = [holder.state for holder in look(RESULT).types]
    assert states == ["frame"]
    assert local.payload is None
