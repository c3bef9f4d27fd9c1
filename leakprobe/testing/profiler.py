"""Memory, threads and descriptors around a piece of code, at its start, its end and between."""

import tracemalloc

from leakprobe.errors import LeakprobeError, NotAvailable
from leakprobe.model.calls import BYTES_PER_MB
from leakprobe.testing.allocations import Allocation, AllocationTrace
from leakprobe.testing.arguments import check_mb, check_whole
from leakprobe.testing.blocks import Block
from leakprobe.testing.ending_threads import KnownThreads, known_threads, let_threads_end
from leakprobe.testing.measurement import Measurement
from leakprobe.testing.named_resources import NamedCounts, count_named, grown_names
from leakprobe.testing.profiler_text import count_failure, memory_failure, summary
from leakprobe.testing.readings import Reading, collect_all, take_reading

__all__ = ["MemoryProfiler"]

TOP_LINES = 10
NOT_STARTED = "use it in a `with` block, or call start_profiling() first"


class MemoryProfiler(Block):
    """What a piece of code leaves behind.

        with MemoryProfiler("import of a feed") as profiler:
            import_feed()
        profiler.assert_no_memory_leak(max_growth_mb=2.0)

    In `async` code it is used in the same way, with `with` or `async with`; or step by
    step, with `start_profiling()`, `measure(label)` and, if wanted, `stop_profiling()`.

    Memory is memory in use, of Python and of C code, to the byte; the resident set where
    the allocators do not say (`leakprobe.capture.in_use`). 1 MB is 1,000,000 bytes. Before
    each value is read the garbage collector runs, as a leak is what survives it, and threads
    that are just ending get a moment to end.

    Until the block ends every property and assertion reads anew; afterwards they speak of
    its end.

    Args:
        name: stands in the messages.
        trace: also find the lines that allocated what grew, with tracemalloc, which makes
            the code several times slower. A tracemalloc that runs already is used anyway.
    """

    def __init__(self, name: str = "this code", *, trace: bool = False) -> None:
        self.name = name
        self._trace_wanted = trace
        self._trace: AllocationTrace | None = None
        self._start: Reading | None = None
        self._end: Reading | None = None
        self._peak_bytes = 0
        self._measurements: list[Measurement] = []
        self._threads: KnownThreads = ()
        self._named: NamedCounts = {}
        self._allocations: tuple[Allocation, ...] = ()

    def _begin(self) -> None:
        self.start_profiling()

    def _finish(self) -> None:
        self.stop_profiling()

    def start_profiling(self) -> float:
        """Begin, or begin anew.

        Returns:
            memory in use now, in MB; it is the first of `measurements`.
        """
        self._stop_trace()
        self._measurements, self._allocations, self._end = [], (), None
        self._named = count_named()
        self._begin_trace()
        self._threads = known_threads()
        self._start = take_reading()
        self._peak_bytes = self._start.memory_bytes
        return self._note(self._start, "start")

    def measure(self, label: str = "") -> float:
        """Read once more.

        Args:
            label: stands with the value in the messages.

        Returns:
            memory in use now, in MB; it is appended to `measurements`.

        Raises:
            LeakprobeError: profiling was not started, or has ended.
        """
        self._started()
        if self._end is not None:
            raise LeakprobeError("profiling has ended: call start_profiling() to begin anew")
        return self._note(self._read(), label)

    def stop_profiling(self) -> float:
        """End: from now on everything speaks of this moment. A second call changes nothing.

        Returns:
            memory in use at the end, in MB; it is the last of `measurements`.

        Raises:
            LeakprobeError: profiling was not started.
        """
        self._started()
        if self._end is None:
            self._end = self._read()
            self._note(self._end, "end")
            self._allocations = self._grown_lines()
            self._stop_trace()
        return self._measurements[-1]

    @property
    def measurements(self) -> list[Measurement]:
        """Memory in use in MB, in the order of measuring, the start first; each has a `label`."""
        return [*self._measurements]

    @property
    def memory_growth_mb(self) -> float:
        """Growth of memory in use since the start, in MB; negative where it shrank."""
        return (self._now().memory_bytes - self._started().memory_bytes) / BYTES_PER_MB

    @property
    def rss_growth_mb(self) -> float:
        """Growth of the resident set since the start, in MB."""
        return (self._now().rss_bytes - self._started().rss_bytes) / BYTES_PER_MB

    @property
    def peak_growth_mb(self) -> float:
        """The most memory in use at any reading, less that at the start, in MB.

        A reading for the peak comes before the collection, so garbage counts. What was
        taken and given back between two readings is seen with `trace=True` only, and then
        of Python's allocations, since tracemalloc keeps their peak.
        """
        self._now()
        return (self._peak_bytes - self._started().memory_bytes) / BYTES_PER_MB

    @property
    def thread_growth(self) -> int:
        """Threads that run Python code, since the start."""
        return self._now().threads - self._started().threads

    @property
    def task_growth(self) -> int:
        """Asyncio tasks that are not done, since the start."""
        return self._now().tasks - self._started().tasks

    @property
    def fd_growth(self) -> int:
        """Open file descriptors, since the start.

        Raises:
            NotAvailable: the system does not say how many there are.
        """
        return _grown(self._started().fds, self._now().fds, "open file descriptors")

    @property
    def child_growth(self) -> int:
        """Child processes, since the start.

        Raises:
            NotAvailable: the system does not say how many there are.
        """
        return _grown(self._started().children, self._now().children, "child processes")

    @property
    def top_allocations(self) -> tuple[Allocation, ...]:
        """The lines that allocated most of the growth; none where nothing traced."""
        return self._allocations if self._end is not None else self._grown_lines()

    def assert_no_memory_leak(self, max_growth_mb: float = 10.0) -> None:
        """See that memory in use has not grown by more than this.

        Args:
            max_growth_mb: in MB.

        Raises:
            AssertionError: it has; the message says by how much, and where.
            BadArgument: no number of megabytes.
        """
        __tracebackhide__ = True
        limit_mb, start, now = (
            check_mb("max_growth_mb", max_growth_mb),
            self._started(),
            self._now(),
        )
        if now.memory_bytes - start.memory_bytes > limit_mb * BYTES_PER_MB:
            peak = self._peak_bytes - start.memory_bytes
            lines = self.top_allocations if self._trace is not None or self._allocations else None
            raise AssertionError(
                memory_failure(self.name, start, now, limit_mb, peak, self._measurements, lines)
            )

    def assert_no_thread_leak(self, max_growth: int = 0) -> None:
        """See that there are not more threads than at the start, but for so many.

        Raises:
            AssertionError: there are; the message says what they run.
            BadArgument: no whole number.
        """
        __tracebackhide__ = True
        self._assert_count("threads", "thread", self.thread_growth, max_growth)

    def assert_no_fd_leak(self, max_growth: int = 0) -> None:
        """See that no more file descriptors are open than at the start, but for so many.

        Raises:
            AssertionError: there are; the message says what they point to.
            BadArgument: no whole number.
            NotAvailable: the system does not say how many there are.
        """
        __tracebackhide__ = True
        self._assert_count("fds", "open file descriptor", self.fd_growth, max_growth)

    def assert_no_task_leak(self, max_growth: int = 0) -> None:
        """See that there are not more unfinished asyncio tasks than at the start, but for so many.

        Raises:
            AssertionError: there are; the message says which coroutines they run.
            BadArgument: no whole number.
        """
        __tracebackhide__ = True
        self._assert_count("tasks", "asyncio task", self.task_growth, max_growth)

    def __str__(self) -> str:
        if self._start is None:
            return f"{self.name}: not started"
        return summary(self.name, self._start, self._now(), self._measurements)

    def _assert_count(self, resource: str, thing: str, growth: int, max_growth: int) -> None:
        __tracebackhide__ = True
        if growth > check_whole("max_growth", max_growth, 0):
            which = grown_names(self._named, count_named(), resource)
            raise AssertionError(count_failure(self.name, thing, growth, max_growth, which))

    def _started(self) -> Reading:
        if self._start is None:
            raise LeakprobeError(f"profiling of {self.name} was not started: {NOT_STARTED}")
        return self._start

    def _now(self) -> Reading:
        """The end, or as long as there is none this moment."""
        self._started()
        return self._end or self._read()

    def _read(self) -> Reading:
        let_threads_end(self._threads)
        self._see_peak(take_reading(collect=False))
        collect_all()
        reading = take_reading(collect=False)
        self._see_peak(reading)
        return reading

    def _see_peak(self, reading: Reading) -> None:
        above = 0 if self._trace is None else self._trace.peak_above_now()
        self._peak_bytes = max(self._peak_bytes, reading.memory_bytes + above)

    def _note(self, reading: Reading, label: str) -> float:
        self._measurements.append(Measurement(reading.memory_bytes / BYTES_PER_MB, label))
        return self._measurements[-1]

    def _begin_trace(self) -> None:
        if self._trace_wanted or tracemalloc.is_tracing():
            self._trace = AllocationTrace()
            self._trace.start()

    def _stop_trace(self) -> None:
        if self._trace is not None:
            self._trace.stop()
            self._trace = None

    def _grown_lines(self) -> tuple[Allocation, ...]:
        if self._trace is None or not tracemalloc.is_tracing():
            return ()
        return self._trace.growth(TOP_LINES)


def _grown(before: int | None, now: int | None, what: str) -> int:
    if before is None or now is None:
        raise NotAvailable(f"this system does not say how many {what} there are")
    return now - before
