"""The sampler with a tracer, an album and a clock that the test holds in its hands."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from leakprobe.agent.sampler import Sampler
from leakprobe.capture.requests import RequestCounters
from leakprobe.errors import CaptureBusy, NotAvailable, NotEnoughMemory
from leakprobe.history import History
from leakprobe.model import Frame, LiveStack, Price, Stack
from leakprobe.own_threads import own_idents
from leakprobe.settings import Settings

APPLICATION = LiveStack(Stack((Frame("/srv/app.py", 42, "asr"),)), 1000, 2)


@dataclass
class FakeTracer:
    name: str = "tracemalloc"
    reason: str = "a test"
    frames: int = 1
    seconds_per_trace: float = 1e-6
    traces: int = 100
    failure: Exception | None = None
    stacks: tuple[LiveStack, ...] = (APPLICATION,)
    reads: int = field(default=0)

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def traced_bytes(self) -> int | None:
        return None if self.name == "off" else 1000

    def expected_traces(self) -> int:
        return self.traces

    def read(self, available_bytes: int | None = None) -> tuple[tuple[LiveStack, ...], Price]:
        if self.failure is not None:
            raise self.failure
        self.reads += 1
        return self.stacks, Price(7.0, 8.0, 9.0)


class Bench:
    """A sampler whose ticks the test calls."""

    def __init__(self, tracer: FakeTracer, step_s: float = 0.0, **settings: object) -> None:
        self.tracer = tracer
        self.now = 1000.0
        self.step_s = step_s
        self.settings = Settings(heap_budget=0.0, **settings)  # type: ignore[arg-type]
        self.history = History(self.settings.retention_rules, self.settings.max_self_bytes)
        self.sampler = Sampler(
            self.settings,
            tracer,
            self.history,
            RequestCounters(),
            own=(),
            clock=self.clock,
        )

    def clock(self) -> float:
        self.now += self.step_s
        return self.now

    def tick(self, after_s: float = 10.0) -> None:
        self.now += after_s
        self.sampler._tick()


@pytest.fixture
def tracer() -> FakeTracer:
    return FakeTracer()


def test_the_first_tick_takes_the_start_and_pins_it(tracer: FakeTracer) -> None:
    bench = Bench(tracer)
    bench.tick()
    bench.tick()
    kept = bench.history.list()
    assert [snapshot.label for snapshot in kept] == [None, "start"]
    start = bench.history.start
    assert start is not None
    assert start.stacks == (APPLICATION,)
    assert start.price.pause_ms == 7.0
    assert start.types is None  # heap_budget=0: on demand only


def test_our_own_stacks_are_left_out(tracer: FakeTracer) -> None:
    own = LiveStack(Stack((Frame(History.__init__.__code__.co_filename, 1, "x"),)), 5, 5)
    tracer.stacks = (own, APPLICATION)
    bench = Bench(tracer)
    bench.tick()
    start = bench.history.start
    assert start is not None
    assert start.stacks == (APPLICATION,)


def test_a_reading_that_would_be_felt_is_postponed_and_said_so(tracer: FakeTracer) -> None:
    tracer.traces = 10_000_000
    bench = Bench(tracer)
    bench.tick()
    assert tracer.reads == 0
    start = bench.history.start
    assert start is not None
    assert start.stacks is None
    assert bench.sampler.postponed is not None
    assert "POST /snapshots reads them now" in bench.sampler.postponed
    assert bench.sampler.take("a snapshot").stacks == (APPLICATION,)


def test_readings_take_at_most_a_hundredth_of_the_time(tracer: FakeTracer) -> None:
    tracer.traces = 50_000  # 50 ms a read: one in every 5 s
    bench = Bench(tracer)
    for _ in range(100):
        bench.tick(after_s=1.0)
    assert 15 <= tracer.reads <= 21


@pytest.mark.parametrize("refusal", [NotAvailable("stopped"), NotEnoughMemory("no room")])
def test_a_refused_reading_still_files_the_gauges(tracer: FakeTracer, refusal: Exception) -> None:
    tracer.failure = refusal
    bench = Bench(tracer)
    bench.tick()
    assert len(bench.history.list()) == 1
    assert bench.sampler.postponed == str(refusal)
    tracer.failure = None
    bench.tick()
    assert bench.sampler.postponed is None


def test_a_scheduled_snapshot_does_not_wait_for_a_long_capture(tracer: FakeTracer) -> None:
    bench = Bench(tracer)
    with bench.sampler.gate.hold("an exact trace", seconds=300, patience_s=0.01):
        bench.tick()
        assert bench.history.list()[0].stacks is None
        with pytest.raises(CaptureBusy):
            bench.sampler.take("a snapshot")


def test_without_a_tracer_a_snapshot_has_types_and_a_look_at_stacks_is_refused() -> None:
    bench = Bench(FakeTracer(name="off", failure=NotAvailable("tracer=off")))
    snapshot = bench.sampler.take("a snapshot", "before")
    assert snapshot.stacks is None
    assert snapshot.types
    assert bench.history.list()[0].label == "before"
    with pytest.raises(NotAvailable):
        bench.sampler.look("a diff", types=False)


@pytest.fixture
def running(tracer: FakeTracer) -> Iterator[Bench]:
    bench = Bench(tracer, step_s=10.0, interval_s=0.05)
    yield bench
    bench.sampler.stop()


def wait_for(condition: threading.Event) -> None:
    assert condition.wait(30)


def test_the_thread_survives_exceptions_counts_them_and_keeps_the_last(running: Bench) -> None:
    recovered = threading.Event()
    failures = iter([RuntimeError("first"), OSError("second")])

    def read(available_bytes: int | None = None) -> tuple[tuple[LiveStack, ...], Price]:
        for failure in failures:
            raise failure
        recovered.set()
        return (), Price()

    running.tracer.read = read  # type: ignore[method-assign]
    running.sampler.start()
    wait_for(recovered)
    assert running.sampler.errors == 2
    assert running.sampler.last_error == "OSError: second"


def test_stop_ends_the_thread_and_start_begins_another(running: Bench) -> None:
    for _ in range(2):
        running.sampler.start()
        assert len(own_idents()) == 1
        running.sampler.stop()
        assert own_idents() == frozenset()
    running.sampler.stop()
