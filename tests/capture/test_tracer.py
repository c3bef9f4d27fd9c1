import linecache
import sys
import tracemalloc
from collections.abc import Iterator
from types import FunctionType, ModuleType

import pytest

from leakprobe.capture import tracer as tracer_module
from leakprobe.capture.functions import FunctionNames
from leakprobe.capture.pace import Pace
from leakprobe.capture.tracemalloc_tracer import TRACES_PER_STRETCH, TracemallocTracer
from leakprobe.capture.tracer import NoTracer, Tracer, choose_tracer, native_core_built
from leakprobe.errors import NotAvailable, NotEnoughMemory, SettingsError
from leakprobe.model import LiveStack

HERE = __file__
PLANTED_BYTES = 100_000


def plant(count: int) -> list[bytearray]:
    return [bytearray(PLANTED_BYTES) for _ in range(count)]  # planted


PLANTED_LINE = plant.__code__.co_firstlineno + 1


@pytest.fixture
def tracer() -> Iterator[TracemallocTracer]:
    tracer = TracemallocTracer(1, "a test")
    tracer.start()
    yield tracer
    tracer.stop()


def planted(stacks: tuple[LiveStack, ...]) -> list[LiveStack]:
    return [live for live in stacks if live.stack.frames[0].file == HERE]


def test_finds_exactly_what_was_planted_on_its_line_and_function(tracer: TracemallocTracer) -> None:
    kept = plant(50)
    stacks, price = tracer.read()
    (line,) = [live for live in planted(stacks) if live.stack.frames[0].line == PLANTED_LINE]
    assert linecache.getline(HERE, PLANTED_LINE).rstrip().endswith("# planted")
    # A bytearray is an object and a buffer; the list that holds them is a third kind.
    assert 50 * PLANTED_BYTES <= line.bytes < 50 * (PLANTED_BYTES + 200)
    assert 100 <= line.objects <= 102
    assert line.bytes_error == 0
    assert line.stack.frames[0].function in {"plant", "plant.<locals>.<listcomp>"}
    assert price.pause_ms > 0
    assert price.wall_ms >= price.pause_ms
    assert len(kept) == 50


def test_what_is_freed_is_gone_from_the_next_read(tracer: TracemallocTracer) -> None:
    kept = plant(20)
    before = sum(live.bytes for live in planted(tracer.read()[0]))
    kept.clear()
    after = sum(live.bytes for live in planted(tracer.read()[0]))
    assert before - after >= 20 * PLANTED_BYTES


def test_a_read_leaves_no_trace_tuple_behind(tracer: TracemallocTracer) -> None:
    kept = [bytearray(10) for _ in range(3 * TRACES_PER_STRETCH)]
    tracer.read()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(3):
        tracer.read()
    assert tracemalloc.get_traced_memory()[0] - before < 100_000
    assert len(kept) == 3 * TRACES_PER_STRETCH


def test_deeper_stacks_begin_with_the_allocating_frame() -> None:
    tracer = TracemallocTracer(5, "a test")
    tracer.start()
    try:
        kept = plant(5)
        stacks, _ = tracer.read_and_stop()
    finally:
        tracer.stop()
    assert not tracemalloc.is_tracing()
    deep = max(planted(stacks), key=lambda live: live.bytes)
    names = [frame.function for frame in deep.stack.frames]
    assert deep.stack.frames[0].line == PLANTED_LINE
    # A line says which function is innermost there, so a comprehension names both frames.
    assert names[0] in {"plant", "plant.<locals>.<listcomp>"}
    assert test_deeper_stacks_begin_with_the_allocating_frame.__name__ in names
    assert len(kept) == 5


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


def test_stop_twice_and_start_again(tracer: TracemallocTracer) -> None:
    tracer.stop()
    tracer.stop()
    assert not tracemalloc.is_tracing()
    tracer.start()
    assert tracemalloc.is_tracing()


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


@pytest.mark.parametrize(
    ("name", "frames", "kind", "depth"),
    [
        ("off", None, "off", 0),
        ("tracemalloc", None, "tracemalloc", 1),
        ("tracemalloc", 7, "tracemalloc", 7),
        ("auto", None, "tracemalloc", 1),
    ],
)
def test_the_choice_of_a_tracer(name: str, frames: int | None, kind: str, depth: int) -> None:
    chosen: Tracer = choose_tracer(name, frames)  # type: ignore[arg-type]
    assert (chosen.name, chosen.frames) == (kind, depth)
    assert chosen.reason


def test_a_demanded_native_core_that_is_missing_is_a_loud_error() -> None:
    assert not native_core_built()
    with pytest.raises(SettingsError, match="native core is not built"):
        choose_tracer("sampled", None)


def test_no_tracer_says_what_to_do() -> None:
    tracer = NoTracer("a test")
    tracer.start()
    assert tracer.traced_bytes() is None
    assert tracer.expected_traces() == 0
    with pytest.raises(NotAvailable, match="POST trace"):
        tracer.read()
    tracer.stop()
    assert tracer_module.DEFAULT_FRAMES_TRACEMALLOC == 1


def outer() -> FunctionType:
    def inner() -> int:
        value = 1
        return value  # noqa: RET504 - a second line is what is looked up

    assert isinstance(inner, FunctionType)
    return inner


def test_the_innermost_function_around_a_line_is_named() -> None:
    names = FunctionNames()
    names.learn(Pace())
    inner = outer()
    first, second = outer.__code__.co_firstlineno, inner.__code__.co_firstlineno
    assert names.get((HERE, first + 1)) == "outer.<locals>.inner"
    assert names.get((HERE, second + 2)) == "outer.<locals>.inner"
    assert names.get((HERE, second + 5)) == "outer"
    assert names.get((HERE, 1)) is None
    assert names.get(("/no/such/file.py", 1)) is None
    tracer_file = TracemallocTracer.read.__code__.co_filename
    line = TracemallocTracer.read.__code__.co_firstlineno
    assert names.get((tracer_file, line)) == "TracemallocTracer.read"


def test_a_module_that_is_loaded_later_is_looked_through_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = FunctionNames()
    names.learn(Pace())
    module = ModuleType("planted_module")
    exec(compile("\n\ndef late():\n    return 1\n", "/planted.py", "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, "planted_module", module)
    assert names.get(("/planted.py", 4)) is None
    names.learn(Pace())
    assert names.get(("/planted.py", 4)) == "late"
