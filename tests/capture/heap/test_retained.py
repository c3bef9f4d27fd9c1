"""What would be freed: planted objects are found with their size, type and holder."""

import random
import sys
from array import array
from collections.abc import Iterator
from types import ModuleType

import pytest

from leakprobe.capture.heap import retained as retained_module
from leakprobe.capture.heap.retained import RETAINED_BY, find_retained
from leakprobe.capture.pointers import SampledPointers
from leakprobe.errors import BadParameter, NotAvailable
from leakprobe.model import Frame, Retained, Stack
from tests.hostile import alive_zoo
from tests.native import needs_heap_walk

APP = ModuleType("retaining_app")
LARGE = 500_000  # a hundred of these are more than all that the tests' own process holds
SITE = Stack((Frame("app.py", 42, "asr"),))


class Result:
    def __init__(self, payload: object) -> None:
        self.payload = payload


@pytest.fixture(autouse=True)
def app() -> Iterator[None]:
    sys.modules["retaining_app"] = APP
    yield
    del sys.modules["retaining_app"]
    for name in [name for name in vars(APP) if not name.startswith("__")]:
        delattr(APP, name)


def ask(by: str, *, limit: int = 20, reveal: bool = False) -> Retained:
    return find_retained(by, limit=limit, own=(), reveal=reveal, available_bytes=None)


def plant(count: int, size: int = LARGE) -> int:
    """A dict of results that holds `count` strings of `size` bytes and nothing else does."""
    APP.results = {f"secret{i}": Result("x" * size) for i in range(count)}  # type: ignore[attr-defined]
    return count * size


@needs_heap_walk
def test_the_largest_object_is_named_with_what_it_retains() -> None:
    size = plant(100)
    retained = ask("object")
    first = retained.objects[0]
    assert first.path is not None
    assert first.path.text == "retaining_app.results"
    assert first.path.steps == ("module retaining_app", "global results")
    assert (first.type, first.label, first.state) == ("dict", "100 items", "module")
    assert size < first.retained_bytes < size * 1.01
    assert first.bytes == sys.getsizeof(APP.results)
    assert retained.totals.bytes > size
    assert first.objects == 1
    assert retained.hidden_rows > 0
    assert retained.price.pause_ms > 0
    assert (retained.types, retained.owners, retained.by) == ((), (), "object")


@needs_heap_walk
def test_objects_that_are_held_alike_are_one_row() -> None:
    size = plant(100)
    second = ask("object").objects[1]
    assert second.path is not None
    assert (second.path.text, second.path.objects) == ("retaining_app.results[…]", 100)
    assert second.objects == 100
    assert second.bytes >= 100 * sys.getsizeof(next(iter(APP.results.values())))
    assert size < second.retained_bytes < size * 1.01


@needs_heap_walk
def test_rows_come_by_size_and_not_too_many() -> None:
    plant(100)
    sizes = [row.retained_bytes for row in ask("object", limit=5).objects]
    assert len(sizes) == 5
    assert sizes == sorted(sizes, reverse=True)


@needs_heap_walk
def test_nothing_of_ours_is_among_them() -> None:
    objects = ask("object", limit=100).objects
    types = ask("type", limit=10_000).types
    names = {row.type for row in objects} | {row.type for row in types}
    assert not any(name.startswith("leakprobe.") for name in names)


@needs_heap_walk
def test_a_type_retains_what_its_objects_hold_alone() -> None:
    size = plant(100, 10_000)
    retained = ask("type", limit=10_000)
    row = next(row for row in retained.types if row.type == f"{__name__}.Result")
    assert row.objects == 100
    assert row.retained_bytes is not None
    assert size < row.retained_bytes < size * 1.1
    assert retained.hidden_rows == 0
    few = ask("type", limit=3)
    assert (len(few.types), few.objects, few.owners) == (3, (), ())
    assert few.hidden_rows > 10


@needs_heap_walk
def test_what_two_hold_is_retained_by_neither() -> None:
    shared = "x" * 100_000
    APP.first, APP.second = [Result(shared)], [Result(shared)]  # type: ignore[attr-defined]
    del shared
    row = next(r for r in ask("type", limit=10_000).types if r.type == f"{__name__}.Result")
    assert row.retained_bytes is not None
    assert row.retained_bytes < 10_000


@needs_heap_walk
def test_a_hostile_heap_is_walked_and_left_alone() -> None:
    with alive_zoo():
        for by in ("object", "type"):
            retained = ask(by, limit=50, reveal=True)
            assert len(retained.objects + retained.types) == 50


@needs_heap_walk
def test_blocks_are_charged_to_their_line_type_and_holder() -> None:
    payloads = [random.Random(i).randbytes(5000) for i in range(3)]
    APP.results = {i: Result(payload) for i, payload in enumerate(payloads)}  # type: ignore[attr-defined]
    blocks = [*map(id, payloads), 16]
    del payloads
    pointers = SampledPointers(
        addresses=array("Q", blocks),
        stacks=(SITE,) * 4,
        routes=("POST /asr",) * 4,
        weights=array("d", [13.0] * 4),
        sizes=array("Q", [5033] * 4),
    )
    retained = find_retained(
        "line", limit=20, own=(), reveal=False, available_bytes=None, pointers=pointers
    )
    owner, unknown = retained.owners
    assert (owner.site, owner.type, owner.route) == (SITE.frames[0], "bytes", "POST /asr")
    assert (owner.objects, owner.bytes, owner.samples) == (39, 3 * 13 * 5033, 3)
    assert owner.bytes_error > 0
    assert owner.path is not None
    assert owner.path.text == "retaining_app.results[…].payload"
    assert owner.path.objects == 3
    assert (unknown.type, unknown.path, unknown.samples) == (None, None, 1)


def test_a_wrong_question_is_refused() -> None:
    with pytest.raises(BadParameter, match="one of object, type, line"):
        ask("colour")
    with pytest.raises(NotAvailable, match="tracer=sampled"):
        ask("line")


@pytest.mark.parametrize("by", RETAINED_BY[:2])
def test_without_the_native_walk_it_is_said_how_to_build_it(
    by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retained_module, "heap_walk_missing", lambda: "it is not built")
    with pytest.raises(NotAvailable, match="it is not built; install a C compiler"):
        ask(by)
