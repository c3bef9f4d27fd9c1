"""The sampler with a tracer, an album and a clock that the test holds in its hands."""

import sys
import threading
from collections.abc import Iterator

import pytest

from leakprobe.agent import walks
from leakprobe.errors import CaptureBusy, NotAvailable, NotEnoughMemory, WalkFailed
from leakprobe.history import History
from leakprobe.model import Census, Frame, LiveStack, Price, Stack
from leakprobe.own_threads import own_idents
from tests.agent.bench import APPLICATION, CENSUS, Bench, FakeTracer, Walked, opened


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
def walked(monkeypatch: pytest.MonkeyPatch) -> Walked:
    walked = Walked()
    monkeypatch.setattr(walks, "take_census", walked)
    return walked


@pytest.mark.parametrize("walk", [True, False])
def test_the_start_gets_its_types_from_a_copy_of_the_process(
    tracer: FakeTracer, walked: Walked, walk: bool
) -> None:
    bench = Bench(tracer, heap_budget=0.01)
    opened(bench, walk=walk)
    start = bench.history.start
    assert start is not None
    assert (start.id, start.label) == ("s1", "start")
    assert start.stacks == (APPLICATION,)
    assert start.types == CENSUS.types[:1]  # not what is ours
    assert start.containers == CENSUS.containers
    assert start.totals == CENSUS.totals
    assert start.groups is not None
    assert start.price.pause_ms >= 7.0
    assert start.price.wall_ms >= 128.0  # of the tracer and of the walk
    assert (start.price.child_cpu_ms, start.price.child_peak_rss_bytes) == (99.0, 1 << 20)
    assert bench.sampler.cpu_s >= 0.099
    assert walked.calls == 1


def test_a_long_walk_is_not_waited_for(tracer: FakeTracer, walked: Walked) -> None:
    bench = Bench(tracer, heap_budget=0.01)
    let_go = threading.Event()
    walked.answer = lambda: (let_go.wait(30) and CENSUS) or pytest.fail("it was never let go")
    bench.sampler.open(tracer.start, walk=True)
    start = bench.history.start
    assert start is not None
    assert start.types is None
    let_go.set()
    assert bench.sampler._opened.wait(30)
    bench.sampler.stop()
    start = bench.history.start
    assert start is not None
    assert start.types == CENSUS.types[:1]


@pytest.mark.parametrize(("native", "walk", "calls"), [(False, True, 1), (False, False, 0)])
def test_the_process_itself_is_walked_before_the_tracer_starts_or_not_at_all(
    tracer: FakeTracer,
    walked: Walked,
    native: bool,
    walk: bool,
    calls: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The process of a long run of tests is a large one.
    monkeypatch.setattr(
        "leakprobe.agent.sampler.MOST_BLOCKS_WAITED_FOR", sys.getallocatedblocks() * 2
    )
    bench = Bench(tracer, heap_budget=0.01, native=native)
    seen: list[int] = []
    tracer.start = lambda: seen.append(walked.calls)  # type: ignore[method-assign]
    opened(bench, walk=walk)
    assert seen == [calls]
    assert walked.calls == calls
    assert bench.sampler.postponed is not None
    assert "GET /types walks the heap now" in bench.sampler.postponed


def test_a_start_that_was_removed_is_not_brought_back(tracer: FakeTracer, walked: Walked) -> None:
    bench = Bench(tracer, heap_budget=0.01)

    def remove() -> Census:
        bench.history.remove("s1")
        return CENSUS

    walked.answer = remove
    opened(bench)
    assert bench.sampler.errors == 0
    assert "s1" not in {snapshot.id for snapshot in bench.history.list()}


def test_an_idle_process_is_walked_at_half_of_what_the_budget_allows(
    tracer: FakeTracer, walked: Walked
) -> None:
    bench = Bench(tracer, heap_budget=0.01)  # 0.1 s of CPU: a walk every 20 s
    for _ in range(101):
        bench.tick(after_s=2.5)
    assert walked.calls == 13  # the first tick files the start
    newest = next(s for s in bench.history.list() if s.types is not None)
    assert bench.history.get(newest.id).containers == CENSUS.containers
    assert bench.sampler.postponed is None


def test_a_busy_process_is_walked_sooner_as_long_as_the_credit_lasts(
    tracer: FakeTracer, walked: Walked
) -> None:
    bench = Bench(tracer, heap_budget=0.01)
    tally = bench.requests.of("GET /")
    calls = []
    for _ in range(1000):
        tally.note(0.1, False)
        bench.tick(after_s=2.5)
        calls.append(walked.calls)
    assert calls[20] == 20  # 4 s of credit: a dozen walks come at once
    assert 0.1 * calls[-1] <= 4.0 + 0.01 * 2.5 * 1000 + 0.1
    assert calls[-1] - calls[-41] == 10  # then a walk every 10 s


def test_a_walk_that_failed_costs_the_snapshot_its_types_only(
    tracer: FakeTracer, walked: Walked
) -> None:
    bench = Bench(tracer, heap_budget=0.01)

    def fail() -> Census:
        raise WalkFailed("the copy of the process was late")

    walked.answer = fail
    bench.tick()
    bench.tick()
    newest = bench.history.list()[0]
    assert newest.types is None
    assert newest.stacks is not None
    assert bench.sampler.postponed == "the copy of the process was late"
    with pytest.raises(WalkFailed):
        bench.sampler.take("a snapshot")


def test_walks_that_hold_the_application_for_long_are_not_made_unasked(
    tracer: FakeTracer, walked: Walked
) -> None:
    bench = Bench(tracer, heap_budget=1.0)
    slow = Census(CENSUS.types, None, None, Price(pause_ms=200.0))
    walked.answer = lambda: slow
    for _ in range(10):
        bench.tick()
    assert walked.calls == 3
    assert bench.sampler.postponed is not None
    assert "0.20 s" in bench.sampler.postponed
    assert bench.sampler.look("a count of types", types=True).types


def test_a_glance_does_not_wait_for_a_heavy_capture(tracer: FakeTracer) -> None:
    tracer.sample_bytes = 65536
    bench = Bench(tracer)
    with bench.sampler.gate.hold("an exact trace", seconds=300, patience_s=0.01):
        seen = bench.sampler.glance()
    assert (seen.id, seen.stacks, seen.gauges.traced_bytes) == ("now", (APPLICATION,), 1000)
    assert bench.history.list() == ()


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

    def read(
        available_bytes: int | None = None, uptime_s: float = 0.0
    ) -> tuple[tuple[LiveStack, ...], Price]:
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
