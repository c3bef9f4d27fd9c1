"""The lines that allocated what is still there."""

import json
import tracemalloc
from collections.abc import Iterator

import pytest

from leakprobe.errors import NotAvailable
from leakprobe.testing.allocations import (
    Allocation,
    AllocationTrace,
    read_allocations,
    worth_showing,
)

KEPT = 3_240_000


@pytest.fixture
def _tracing() -> Iterator[None]:
    tracemalloc.start(1)
    yield
    tracemalloc.stop()


def test_growth_names_the_line_and_its_bytes() -> None:
    trace = AllocationTrace()
    trace.start()
    kept = bytes(KEPT)
    dropped = bytes(KEPT)
    del dropped
    first, *_ = trace.growth(3)
    trace.stop()
    assert not tracemalloc.is_tracing()
    assert first.file == __file__
    assert first.bytes == pytest.approx(len(kept), rel=0.001)
    assert str(first) == f"+3.24 MB: tests/testing/test_allocations.py:{first.line}"


def test_what_a_library_allocates_is_charged_to_who_called_it() -> None:
    trace = AllocationTrace()
    trace.start()
    kept = json.loads(json.dumps([f"name {i}" for i in range(10_000)]))
    first, *_ = trace.growth(1)
    trace.stop()
    assert first.file == __file__
    assert first.objects == pytest.approx(len(kept), rel=0.01)


@pytest.mark.usefixtures("_tracing")
def test_a_trace_of_somebody_else_is_used_and_left_running() -> None:
    before = bytes(KEPT)
    trace = AllocationTrace()
    trace.start()
    kept = bytes(100_000)
    rows = [row for row in trace.growth(10) if row.file == __file__]
    trace.stop()
    assert tracemalloc.is_tracing()
    assert [round(row.bytes, -3) for row in rows if row.bytes > 10_000] == [len(kept)]
    assert len(before) == KEPT


@pytest.mark.usefixtures("_tracing")
def test_all_that_lives_is_ranked_by_size() -> None:
    kept = [bytes(KEPT), bytes(KEPT // 2)]
    rows = read_allocations(2)
    assert rows[0].file == __file__
    assert rows[0].bytes == pytest.approx(sum(map(len, kept)), rel=0.001)
    assert len(rows) == 2


def test_without_tracing_there_is_nothing_to_read() -> None:
    with pytest.raises(NotAvailable):
        read_allocations(5)


def test_rows_that_explain_nothing_are_not_shown() -> None:
    rows = [Allocation("a.py", n, n, 1) for n in (10_000, 100, 99, 1)]
    assert [row.bytes for row in worth_showing(rows)] == [10_000, 100]
    assert worth_showing([]) == ()


def test_a_row_reads_as_growth_and_place() -> None:
    row = Allocation("/srv/app/pkg/file.py", 123, 1_890_000, 7)
    assert str(row) == "+1.89 MB: app/pkg/file.py:123"
