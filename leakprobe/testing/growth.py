"""A function called again and again: by how much memory and threads have grown then."""

import asyncio
import time
from array import array
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, overload

from leakprobe.analysis.calls import CallSeries
from leakprobe.model.calls import BYTES_PER_MB
from leakprobe.render.units import count_text, decimal_text
from leakprobe.testing.arguments import BadArgument, check_whole
from leakprobe.testing.captured import CapturedOutput
from leakprobe.testing.driving import Steps, drive_async, is_async, run_steps
from leakprobe.testing.ending_threads import known_threads, let_threads_end
from leakprobe.testing.measurement import Measurement
from leakprobe.testing.readings import Reading, take_reading

__all__ = ["MemoryGrowth", "measure_memory_growth"]

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class MemoryGrowth:
    """What many calls have left behind. It unpacks into two: `memory_mb, threads = growth`.

    Attributes:
        memory_mb: growth of memory in use over all calls, in MB (1,000,000 bytes), what only
            the first call took included.
        threads: how many more threads there are.
        fds: how many more file descriptors are open; None where the system does not say.
        rss_mb: growth of the resident set, in MB.
        peak_mb: the most that memory in use had grown at any reading, in MB.
        iterations: calls that were made.
        growth_per_iteration: bytes that each call leaves behind: the median of the slopes
            between readings, in which what only the first call took does not count. Over
            fewer than four readings it is the slope from end to end.
        measurements: memory in use in MB, at the start and after each interval.
        seconds: wall time of everything.
    """

    memory_mb: float
    threads: int
    fds: int | None
    rss_mb: float
    peak_mb: float
    iterations: int
    growth_per_iteration: float
    measurements: tuple[Measurement, ...]
    seconds: float

    def __iter__(self) -> Iterator[float | int]:
        return iter((self.memory_mb, self.threads))

    def __len__(self) -> int:
        return 2

    def __getitem__(self, place: int) -> float | int:
        """The first of the two or the second."""
        return (self.memory_mb, self.threads)[place]

    def __str__(self) -> str:
        return (
            f"memory {decimal_text(self.memory_mb * BYTES_PER_MB, sign=True)},"
            f" {count_text(self.threads, 'more thread')}"
            f" over {count_text(self.iterations, 'iteration')},"
            f" {decimal_text(self.growth_per_iteration, sign=True)} each"
        )


# A coroutine function's result depends on where it is asked for, which types cannot say:
# MemoryGrowth, or in a running event loop an awaitable of it.
@overload
def measure_memory_growth(
    func: Callable[[], Coroutine[Any, Any, object]],
    iterations: int = 100,
    cleanup_interval: int = 10,
    *,
    clock: Clock = time.perf_counter,
) -> Any: ...  # noqa: ANN401  # as above


@overload
def measure_memory_growth(
    func: Callable[[], object],
    iterations: int = 100,
    cleanup_interval: int = 10,
    *,
    clock: Clock = time.perf_counter,
) -> MemoryGrowth: ...


def measure_memory_growth(
    func: Callable[[], object],
    iterations: int = 100,
    cleanup_interval: int = 10,
    *,
    clock: Clock = time.perf_counter,
) -> "MemoryGrowth | Awaitable[MemoryGrowth]":
    """Call a function many times, and measure what that leaves behind.

        memory_mb, threads = measure_memory_growth(my_function, iterations=100)

    Of a coroutine function the calls are awaited one after the other in an event loop of
    their own; where one runs already, in that:

        memory_mb, threads = await measure_memory_growth(my_coroutine_function)

    What pytest captures of the calls (log records, output) is no growth, and is dropped.

    Args:
        func: takes no arguments; what it returns is dropped, what it raises comes out as it is.
        iterations: how often to call it.
        cleanup_interval: after so many calls the garbage collector runs, and memory is read.
        clock: in seconds.

    Raises:
        BadArgument: `func` cannot be called, or a number is no whole number of at least 1.
    """
    if not callable(func):
        raise BadArgument("func", func, "must be something that can be called")
    check_whole("iterations", iterations, 1)
    check_whole("cleanup_interval", cleanup_interval, 1)
    steps = _steps(iterations, cleanup_interval, clock)
    if is_async(func) and _loop_runs():
        return drive_async(steps, func)
    return run_steps(steps, func)


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _steps(iterations: int, interval: int, clock: Clock) -> Steps[MemoryGrowth]:
    began = clock()
    calls = array("q", [*range(0, iterations, interval), iterations])
    values = array("q", bytes(8 * len(calls)))  # filled in place: it must not grow itself
    threads, captured = known_threads(), CapturedOutput()
    captured.remember()
    start = now = take_reading()
    values[0] = start.memory_bytes
    for place in range(1, len(calls)):
        yield calls[place] - calls[place - 1]
        captured.forget()
        if place == len(calls) - 1:
            let_threads_end(threads)
        now = take_reading()
        values[place] = now.memory_bytes
    return _growth(start, now, calls, values, clock() - began)


def _growth(
    start: Reading, end: Reading, calls: "array[int]", values: "array[int]", seconds: float
) -> MemoryGrowth:
    return MemoryGrowth(
        memory_mb=(end.memory_bytes - start.memory_bytes) / BYTES_PER_MB,
        threads=end.threads - start.threads,
        fds=None if start.fds is None or end.fds is None else end.fds - start.fds,
        rss_mb=(end.rss_bytes - start.rss_bytes) / BYTES_PER_MB,
        peak_mb=(max(values) - start.memory_bytes) / BYTES_PER_MB,
        iterations=calls[-1],
        growth_per_iteration=CallSeries(calls, values).slope,
        measurements=tuple(
            Measurement(value / BYTES_PER_MB, f"after {count_text(made, 'iteration')}")
            for made, value in zip(calls, values, strict=True)
        ),
        seconds=seconds,
    )
