"""What a test has left behind is told by line and by holder, and what was there is not."""

import gc
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from leakprobe.errors import NotAvailable
from leakprobe.testing.plugin import holders
from leakprobe.testing.plugin.allocations import AllocationTrace
from tests.native import needs_heap_walk

HERE = __file__
old_data = [bytearray(5000) for _ in range(2000)]
cache: dict[str, object] = {"old": bytearray(1000)}
names: list[str] = []


class Registry:
    def __init__(self) -> None:
        self.items: dict[str, bytes] = {}


registry = Registry()


@pytest.fixture
def trace() -> Iterator[AllocationTrace]:
    trace = AllocationTrace()
    trace.start()
    try:
        yield trace
    finally:
        trace.stop()
        for kept in (cache, registry.items, names):
            kept.clear()


def fill(sizes: int) -> dict[int, bytearray]:
    return {number: bytearray(100_000) for number in range(sizes)}


def test_a_leak_is_told_to_the_byte_by_its_line(trace: AllocationTrace) -> None:
    trace.mark()
    cache["new"] = fill(84)
    names.extend(str(number) * 20 for number in range(1000))
    gc.collect()
    rows = trace.lines_since_mark()
    first = rows[0]
    assert (first.file, first.line) == (HERE, fill.__code__.co_firstlineno + 1)
    assert first.bytes == pytest.approx(8.42e6, abs=0.05e6)
    assert [row.line for row in rows[1:]] == [
        test_a_leak_is_told_to_the_byte_by_its_line.__code__.co_firstlineno + 3
    ]
    assert trace.lines_since_mark(1) == rows[:1]


def test_what_was_there_and_what_is_gone_is_not_told(trace: AllocationTrace) -> None:
    cache["before"] = fill(20)
    trace.mark()
    bytearray(5_000_000)
    cache["since"] = bytearray(300_000)
    (row,) = trace.lines_since_mark()
    assert row.bytes == pytest.approx(300_000, rel=0.01)
    trace.mark()
    assert sum(row.bytes for row in trace.lines_since_mark()) < 10_000


def test_the_line_is_the_users(trace: AllocationTrace, tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_bytes(b"x" * 400_000)
    trace.mark()
    cache["text"] = file.read_bytes()
    (row,) = trace.lines_since_mark()
    assert (row.file, row.line) == (
        HERE,
        test_the_line_is_the_users.__code__.co_firstlineno + 4,
    )


@needs_heap_walk
def test_the_nearest_holder_of_what_is_new_is_told(trace: AllocationTrace) -> None:
    trace.mark()
    cache["new"] = fill(84)
    (line,) = trace.holders()
    assert line.startswith(f"{__name__}.cache[…]: dict holds 8.4")
    assert line.endswith(" MB")


@needs_heap_walk
def test_an_old_holder_of_new_content_is_told(trace: AllocationTrace) -> None:
    trace.mark()
    registry.items.update({str(number): bytes(8000) for number in range(500)})
    assert trace.holders()[0].startswith(f"{__name__}.registry.items: dict holds 4.")


@needs_heap_walk
def test_two_holders_are_told_the_larger_first(trace: AllocationTrace) -> None:
    trace.mark()
    cache["one"], cache["two"] = bytearray(1_000_000), bytearray(2_000_000)
    names.append("x" * 20)
    lines = trace.holders()
    assert lines == (
        f"{__name__}.cache[…]: bytearray holds 2.00 MB",
        f"{__name__}.cache[…]: bytearray holds 1.00 MB",
    )
    assert trace.holders(1) == lines[:1]


@needs_heap_walk
def test_what_we_keep_ourselves_is_not_told(trace: AllocationTrace) -> None:
    trace.mark()
    vars(trace)["ballast"] = [bytearray(100_000) for _ in range(30)]
    names.append("x" * 100_000)
    assert not any("ballast" in line or "trace" in line for line in trace.holders())


@needs_heap_walk
def test_beside_somebody_elses_tracing_sizes_decide() -> None:
    tracemalloc.start(2)
    trace = AllocationTrace()
    try:
        before = bytearray(600_000)
        trace.start()
        trace.mark()
        cache["new"] = fill(12)
        assert trace.lines_since_mark()[0].bytes == pytest.approx(1.2e6, rel=0.05)
        assert f"{__name__}.cache[…]: dict holds 1.20 MB" in trace.holders()
        trace.stop()
        assert tracemalloc.get_traceback_limit() == 2
        assert tracemalloc.get_object_traceback(before) is not None
    finally:
        trace.stop()
        tracemalloc.stop()
        cache.clear()


def test_a_test_that_stops_tracing_loses_its_record_only(trace: AllocationTrace) -> None:
    trace.mark()
    tracemalloc.stop()
    with pytest.raises(NotAvailable, match="stopped by the test"):
        trace.lines_since_mark()
    assert trace.holders() == (
        "not known who holds it: tracemalloc was stopped by the test, which loses its record",
    )
    trace.mark()
    cache["new"] = bytearray(300_000)
    assert len(trace.lines_since_mark()) == 1


def test_without_the_native_core_one_line_says_so(
    trace: AllocationTrace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holders, "heap_walk_missing", lambda: "it is not built here")
    trace.mark()
    (line,) = trace.holders()
    assert line.startswith("not known who holds it: that needs the native heap walk")
    assert "it is not built here" in line


def test_stopping_twice_is_stopping_once(trace: AllocationTrace) -> None:
    trace.start()
    trace.stop()
    trace.stop()
    assert not tracemalloc.is_tracing()
    with pytest.raises(NotAvailable):
        trace.lines_since_mark()
