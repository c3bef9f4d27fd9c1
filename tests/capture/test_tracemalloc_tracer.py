"""What is so of the exact tracer only; the rest stands in test_tracer."""

import tracemalloc
from collections.abc import Iterator

import pytest

from leakprobe.capture.tracemalloc_tracer import TRACES_PER_STRETCH, TracemallocTracer
from leakprobe.errors import NotAvailable, NotEnoughMemory
from tests.capture.exact import exact_tracer


@pytest.fixture
def tracer() -> Iterator[TracemallocTracer]:
    tracer = exact_tracer(1)
    tracer.start()
    yield tracer
    tracer.stop()


def test_a_read_leaves_no_trace_tuple_behind(tracer: TracemallocTracer) -> None:
    kept = [bytearray(10) for _ in range(3 * TRACES_PER_STRETCH)]
    tracer.read()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(3):
        tracer.read()
    assert tracemalloc.get_traced_memory()[0] - before < 100_000
    assert len(kept) == 3 * TRACES_PER_STRETCH


def test_a_running_tracemalloc_is_used_and_left_running() -> None:
    tracemalloc.start(3)
    try:
        tracer = TracemallocTracer(1, "a test")
        tracer.start()
        assert tracer.frames == 3
        assert "already" in tracer.reason
        tracer.stop()
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()


def test_reading_after_the_application_stopped_tracemalloc_says_so(
    tracer: TracemallocTracer,
) -> None:
    tracemalloc.stop()
    assert tracer.traced_bytes() is None
    with pytest.raises(NotAvailable, match="stopped by the application"):
        tracer.read()


def test_refuses_where_the_copy_would_not_fit(tracer: TracemallocTracer) -> None:
    kept = [bytearray(10) for _ in range(10_000)]
    assert tracer.expected_traces() >= 10_000
    with pytest.raises(NotEnoughMemory, match=r"traces takes about \d+ MiB, and only 1 MiB"):
        tracer.read(available_bytes=1 << 20)
    assert tracemalloc.is_tracing()
    assert len(kept) == 10_000


def test_the_prediction_follows_the_number_of_traces(tracer: TracemallocTracer) -> None:
    kept = [bytearray(10) for _ in range(5 * TRACES_PER_STRETCH)]
    assumed = tracer.seconds_per_trace
    stacks, _ = tracer.read()
    traces = sum(live.objects for live in stacks)
    assert traces <= tracer.expected_traces() <= traces + 5000
    assert tracer.seconds_per_trace not in {0.0, assumed}
    assert len(kept) == 5 * TRACES_PER_STRETCH


def test_it_says_that_it_was_stopped_only_where_somebody_else_did(
    tracer: TracemallocTracer,
) -> None:
    assert tracer.trouble() is None
    tracemalloc.stop()
    assert "stopped by the application" in str(tracer.trouble())
    tracer.stop()
    assert tracer.trouble() is None


def test_it_has_no_sampled_blocks_and_no_tables_of_ours(tracer: TracemallocTracer) -> None:
    with pytest.raises(NotAvailable, match="does not sample"):
        tracer.pointers()
    assert (tracer.self_bytes(), tracer.sample_bytes) == (0, 0)


def test_a_window_stops_before_it_analyses(tracer: TracemallocTracer) -> None:
    kept = [bytearray(10) for _ in range(100)]
    stacks, _ = tracer.read_and_stop()
    assert not tracemalloc.is_tracing()
    assert sum(live.objects for live in stacks) >= 100
    assert len(kept) == 100
