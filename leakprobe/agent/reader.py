"""Reads a snapshot, part by part: gauges always, what is dear when it is asked for."""

from collections.abc import Callable
from dataclasses import replace

from leakprobe.agent.walks import HeapWalks
from leakprobe.analysis.cadence import cost_due, traces_due, traces_postponed
from leakprobe.analysis.own import drop_own_stacks
from leakprobe.capture.allocator import AllocatorCamera
from leakprobe.capture.heap.own import PACKAGE, SHARED_FILES
from leakprobe.capture.process import read_gauges
from leakprobe.capture.requests import RequestCounters
from leakprobe.capture.resources import read_groups
from leakprobe.capture.tasks import TaskCamera
from leakprobe.capture.tracer import Tracer
from leakprobe.model import Gauges, LiveStack, Price, Snapshot
from leakprobe.settings import Settings

__all__ = ["SnapshotReader", "own_stacks_dropped"]

# Of the time: threads, tasks, descriptors and children are told apart at that price.
GROUPS_SHARE = 0.005


class SnapshotReader:
    """Adds to a snapshot what it is asked for; who asks for stacks or types holds the gate.

    Args:
        settings: where memory ends.
        tracer: who records allocations.
        requests: counts of finished requests.
        walks: who walks the heap.
        clock: seconds on a monotonic clock.
        wall_clock: seconds since the epoch.

    Attributes:
        tasks: remembers since when each asyncio task is known.
        longest_pause_ms: the longest time for which a capture held the application.
    """

    def __init__(
        self,
        settings: Settings,
        tracer: Tracer,
        requests: RequestCounters,
        walks: HeapWalks,
        *,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        self.walks = walks
        self._settings = settings
        self._tracer = tracer
        self._requests = requests
        self._clock = clock
        self._wall_clock = wall_clock
        self.after_fork()

    def after_fork(self) -> None:
        """Begin anew: a clock, ages of tasks and prices of its own."""
        self.walks.forget()
        self.tasks = TaskCamera()
        self.started_at, self._started = self._wall_clock(), self._clock()
        self.longest_pause_ms = 0.0
        self._stacks_read: float | None = None
        self._groups_read: float | None = None
        self._groups_cost_s: float | None = None
        self._allocators = AllocatorCamera(clock=self._clock)

    @property
    def uptime_s(self) -> float:
        """Seconds since this reader was made, or its process was forked."""
        return self._clock() - self._started

    def note_pause(self, price: Price) -> None:
        """Remember the longest time for which the application was held."""
        self.longest_pause_ms = max(self.longest_pause_ms, price.pause_ms)

    def bare(self, name: str, label: str | None) -> Snapshot:
        """A snapshot of the gauges."""
        return Snapshot(
            id=name,
            label=label,
            taken_at=self._wall_clock(),
            uptime_s=self.uptime_s,
            requests=self._requests.counts(),
            gauges=self.gauges(),
            tracer=self._tracer.name,
            stacks=None,
            types=None,
            price=Price(),
        )

    def gauges(self) -> Gauges:
        """The process in numbers."""
        allocators, price = self._allocators.read()
        self.note_pause(price)
        if allocators.malloc_used_bytes is not None:
            used = max(0, allocators.malloc_used_bytes - self._tracer.self_bytes())
            allocators = replace(allocators, malloc_used_bytes=used)
        # A task's age counts from when it was first seen.
        tasks, price = self.tasks.read(frames=0)
        self.note_pause(price)
        return read_gauges(
            memory_limit_bytes=self._settings.memory_limit_bytes,
            traced_bytes=self._tracer.traced_bytes(),
            allocators=allocators,
            tasks=len(tasks),
        )

    def stacks_due(self) -> bool:
        """Whether allocation stacks may be read on schedule now."""
        tracer, read = self._tracer, self._stacks_read
        since_s = None if read is None else self._clock() - read
        return tracer.traced_bytes() is not None and traces_due(
            tracer.expected_traces(), tracer.seconds_per_trace, since_s
        )

    @property
    def stacks_postponed(self) -> str | None:
        """Why they are never read on schedule; None: they are."""
        return traces_postponed(self._tracer.expected_traces(), self._tracer.seconds_per_trace)

    def with_stacks(self, snapshot: Snapshot) -> Snapshot:
        """With live bytes by stack.

        Raises:
            NotAvailable: nothing records them.
            NotEnoughMemory: there is no room for them.
        """
        self._stacks_read = self._clock()
        available = snapshot.gauges.memory_available_bytes
        stacks, price = self._tracer.read(available, snapshot.uptime_s)
        self.note_pause(price)
        gauges = snapshot.gauges
        if self._tracer.sample_bytes:  # it knows the sum from its readings only
            gauges = replace(gauges, traced_bytes=self._tracer.traced_bytes())
        return replace(
            snapshot,
            gauges=gauges,
            stacks=own_stacks_dropped(stacks),
            price=_together(snapshot.price, price),
        )

    def with_types(self, snapshot: Snapshot, *, asked: bool = False) -> Snapshot:
        """With live objects by type, the long containers, and the totals of the heap.

        Args:
            snapshot: what to add them to.
            asked: whether somebody asked for it.

        Raises:
            NotEnoughMemory: there is no room for the walk.
            WalkFailed: the copy of the process was late or died.
        """
        census = self.walks.walk(snapshot.gauges.memory_available_bytes, asked=asked)
        self.note_pause(census.price)
        return replace(
            snapshot,
            types=census.types,
            containers=census.containers,
            totals=census.totals,
            price=_together(snapshot.price, census.price),
        )

    def with_groups(self, snapshot: Snapshot) -> Snapshot:
        """With threads, tasks, descriptors and children by what they are, where that is due."""
        since_s = None if self._groups_read is None else self._clock() - self._groups_read
        if not cost_due(since_s, self._groups_cost_s, GROUPS_SHARE):
            return snapshot
        self._groups_read = self._clock()
        tasks, tasks_price = self.tasks.read()
        groups, groups_price = read_groups(tasks)
        price = _together(tasks_price, groups_price)
        self._groups_cost_s = price.cpu_ms / 1e3
        self.note_pause(price)
        return replace(snapshot, groups=groups, price=_together(snapshot.price, price))


def own_stacks_dropped(stacks: tuple[LiveStack, ...]) -> tuple[LiveStack, ...]:
    """Without what leakprobe itself allocated."""
    return drop_own_stacks(stacks, str(PACKAGE), SHARED_FILES)


def _together(first: Price, second: Price) -> Price:
    """The price of two captures, one after the other."""
    return Price(
        pause_ms=max(first.pause_ms, second.pause_ms),
        wall_ms=first.wall_ms + second.wall_ms,
        cpu_ms=first.cpu_ms + second.cpu_ms,
        child_cpu_ms=first.child_cpu_ms + second.child_cpu_ms,
        child_peak_rss_bytes=max(first.child_peak_rss_bytes, second.child_peak_rss_bytes),
    )
