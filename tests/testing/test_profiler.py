"""A profiler says what was planted: so many bytes, threads and files, and no more."""

import asyncio
import gc
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress

import pytest

from leakprobe.errors import LeakprobeError
from leakprobe.testing import MemoryProfiler
from tests.hostile import assert_untouched, biting_thread
from tests.native import needs_sampler

KEPT = 3_000_000


class Held:
    """What a test keeps for a while, and lets go of when it is over."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.memory: list[object] = []
        self.threads: list[threading.Thread] = []

    def run_threads(self, count: int) -> None:
        for _ in range(count):
            thread = threading.Thread(target=self.stop.wait)
            thread.start()
            self.threads.append(thread)

    def open_files(self, count: int) -> None:
        self.memory += [open(__file__) for _ in range(count)]  # noqa: PTH123, SIM115  # it leaks on purpose

    def release(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()
        for thing in self.memory:
            if hasattr(thing, "close"):
                thing.close()


@pytest.fixture
def held() -> Iterator[Held]:
    held = Held()
    yield held
    held.release()


class Knot:
    def __init__(self) -> None:
        self.me, self.load = self, bytes(1000)


@needs_sampler
def test_what_is_kept_is_measured_within_two_percent(held: Held) -> None:
    with MemoryProfiler("keeps") as profiler:
        held.memory += [bytes(10_000) for _ in range(KEPT // 10_000)]
        inside = profiler.memory_growth_mb
    assert inside == pytest.approx(KEPT / 1e6, rel=0.02)
    assert profiler.memory_growth_mb == pytest.approx(inside, abs=0.01)


@needs_sampler
def test_what_is_dropped_is_not_measured_cycles_neither(held: Held) -> None:
    with MemoryProfiler("drops") as profiler:
        for _ in range(3000):
            Knot()
        dropped = [bytes(1000) for _ in range(3000)]
        del dropped
    profiler.assert_no_memory_leak(max_growth_mb=0.05)
    profiler.assert_no_thread_leak()
    profiler.assert_no_fd_leak()
    profiler.assert_no_task_leak()


def test_threads_are_counted_exactly_and_named(held: Held) -> None:
    with MemoryProfiler("workers") as profiler:
        held.run_threads(4)
    assert profiler.thread_growth == 4
    profiler.assert_no_thread_leak(max_growth=4)
    with pytest.raises(AssertionError) as failure:
        profiler.assert_no_thread_leak(max_growth=3)
    assert str(failure.value).splitlines() == [
        "workers: 4 threads more than before, 3 are allowed",
        "  +4 threading.Event.wait",
    ]


def test_timers_that_were_cancelled_and_not_joined_are_no_leak() -> None:
    with MemoryProfiler("timers") as profiler:
        for _ in range(10):
            timer = threading.Timer(3600, print)
            timer.start()
            timer.cancel()
    profiler.assert_no_thread_leak()


def test_a_hostile_thread_is_counted_and_not_touched() -> None:
    with MemoryProfiler("zoo") as profiler, biting_thread():
        growth = profiler.thread_growth
        with pytest.raises(AssertionError, match="1 thread more"):
            profiler.assert_no_thread_leak()
    assert growth == 1
    assert_untouched()
    profiler.assert_no_thread_leak()


def test_open_files_are_counted_exactly_and_named(held: Held) -> None:
    with MemoryProfiler("files") as profiler:
        held.open_files(3)
    assert profiler.fd_growth == 3
    with pytest.raises(AssertionError) as failure:
        profiler.assert_no_fd_leak()
    assert str(failure.value).splitlines() == [
        "files: 3 open file descriptors more than before, none is allowed",
        f"  +3 file {__file__}",
    ]


@needs_sampler
def test_step_by_step(held: Held) -> None:
    profiler = MemoryProfiler()
    initial = profiler.start_profiling()
    held.memory.append(bytes(KEPT))
    middle = profiler.measure("filled")
    held.memory.clear()
    final = profiler.measure("Final")
    assert middle - initial == pytest.approx(KEPT / 1e6, rel=0.02)
    assert final - initial == pytest.approx(0, abs=0.02)
    assert profiler.measurements == [initial, middle, final]
    assert [value.label for value in profiler.measurements] == ["start", "filled", "Final"]
    assert max(profiler.measurements) == middle
    assert profiler.peak_growth_mb == pytest.approx(KEPT / 1e6, rel=0.02)
    assert profiler.memory_growth_mb == pytest.approx(0, abs=0.02)


@needs_sampler
def test_garbage_counts_for_the_peak() -> None:
    gc.disable()
    try:
        with MemoryProfiler() as profiler:
            for _ in range(2000):
                Knot()
    finally:
        gc.enable()
    assert profiler.memory_growth_mb < 0.1
    assert profiler.peak_growth_mb > 2.0


@needs_sampler
def test_a_trace_sees_the_peak_between_readings_and_the_lines(held: Held) -> None:
    with MemoryProfiler("import", trace=True) as profiler:
        peak = bytes(9_000_000)
        del peak
        held.memory.append(bytes(KEPT))
    assert not tracemalloc.is_tracing()
    assert profiler.peak_growth_mb == pytest.approx(9.0, rel=0.05)
    assert profiler.top_allocations[0].file == __file__
    assert profiler.top_allocations[0].bytes == pytest.approx(KEPT, rel=0.01)
    with pytest.raises(AssertionError) as failure:
        profiler.assert_no_memory_leak(max_growth_mb=1.0)
    first, *rest = str(failure.value).splitlines()
    assert first.startswith("import: memory grew by 3.")
    assert "allowed are 1.00 MB (peak +9." in first
    assert "allocated by:" in rest
    assert f"  {profiler.top_allocations[0]}" in rest


@needs_sampler
def test_without_a_trace_the_message_says_how_to_get_the_lines(held: Held) -> None:
    profiler = MemoryProfiler("import")
    profiler.start_profiling()
    held.memory.append(bytes(KEPT))
    profiler.measure("after the first feed")
    with pytest.raises(AssertionError) as failure:
        profiler.assert_no_memory_leak(max_growth_mb=2)
    assert "after the first feed" in str(failure.value)
    assert "MemoryProfiler(trace=True)" in str(failure.value)


@needs_sampler
def test_around_async_code(held: Held) -> None:
    async def main() -> MemoryProfiler:
        async with MemoryProfiler("poller") as profiler:
            tasks = [asyncio.create_task(asyncio.sleep(3600)) for _ in range(2)]
            held.memory.append(bytes(KEPT))
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return profiler

    profiler = asyncio.run(main())
    assert profiler.task_growth == 2
    assert profiler.memory_growth_mb == pytest.approx(KEPT / 1e6, rel=0.02)
    assert profiler.child_growth == 0


@needs_sampler
def test_after_its_end_it_speaks_of_its_end(held: Held) -> None:
    with MemoryProfiler("block") as profiler:
        pass
    held.memory.append(bytes(KEPT))
    held.open_files(1)
    profiler.assert_no_memory_leak(max_growth_mb=0.05)
    assert profiler.fd_growth == 0
    assert str(profiler).startswith("block: memory ")
    with pytest.raises(LeakprobeError, match="has ended"):
        profiler.measure()
    assert profiler.stop_profiling() == profiler.measurements[-1]


@needs_sampler
def test_it_can_begin_anew(held: Held) -> None:
    profiler = MemoryProfiler()
    with profiler:
        held.memory.append(bytes(KEPT))
    with profiler:
        pass
    assert [value.label for value in profiler.measurements] == ["start", "end"]
    assert abs(profiler.memory_growth_mb) < 0.05


@needs_sampler
def test_what_the_block_raises_comes_out_and_is_measured(held: Held) -> None:
    profiler = MemoryProfiler()
    with suppress(ZeroDivisionError), profiler:
        held.memory.append(bytes(KEPT))
        _ = 1 / 0
        pytest.fail("the error was swallowed")
    assert profiler.memory_growth_mb == pytest.approx(KEPT / 1e6, rel=0.05)


@pytest.mark.parametrize("ask", ["measure", "stop_profiling", "assert_no_memory_leak"])
def test_before_its_start_it_says_what_to_do(ask: str) -> None:
    profiler = MemoryProfiler("nothing yet")
    with pytest.raises(LeakprobeError, match=r"nothing yet was not started: .*start_profiling"):
        getattr(profiler, ask)()
    assert str(profiler) == "nothing yet: not started"


def test_limits_that_are_none_are_refused() -> None:
    with MemoryProfiler() as profiler:
        pass
    with pytest.raises(ValueError, match=r"^max_growth_mb=-1: must be a number of megabytes"):
        profiler.assert_no_memory_leak(-1)
    with pytest.raises(ValueError, match=r"^max_growth=0.5: must be a whole number"):
        profiler.assert_no_thread_leak(0.5)  # type: ignore[arg-type]  # that is the point
