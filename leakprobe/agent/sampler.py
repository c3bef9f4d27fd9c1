"""Takes snapshots: on demand in the caller's thread, and on schedule in one of its own.

What a scheduled snapshot reads is decided by `leakprobe.analysis.cadence`; what somebody
asks for is read at once and its price is stated. The thread survives every exception,
counts it, and keeps the last one for the overview.
"""

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from leakprobe.agent.gate import Gate
from leakprobe.agent.walks import HeapWalks
from leakprobe.analysis.cadence import traces_due, traces_postponed
from leakprobe.analysis.own import drop_own_stacks
from leakprobe.capture.heap.own import PACKAGE, SHARED_FILES
from leakprobe.capture.process import read_gauges
from leakprobe.capture.requests import RequestCounters
from leakprobe.capture.tasks import TaskCamera
from leakprobe.capture.tracer import Tracer
from leakprobe.errors import Refusal, UnknownName
from leakprobe.history import History
from leakprobe.model import Gauges, LiveStack, Price, Snapshot
from leakprobe.own_threads import OwnThread
from leakprobe.settings import Settings

__all__ = ["NOW", "Sampler", "own_stacks_dropped"]

GIVE_UP_JOINING_S = 10.0
# About two seconds of walking in the process; a larger heap is walked when somebody asks.
MOST_BLOCKS_WAITED_FOR = 1_000_000
# A copy of the process is made at once and walks half a million objects in that time.
LONGEST_WAIT_AT_START_S = 0.3
# What a snapshot that is not kept is called: no id, but the word that asks for it.
NOW = "now"
# Nobody asked for a scheduled snapshot, so nobody is refused because of one.
SCHEDULED_PATIENCE_S = 60.0

Stacks = tuple[LiveStack, ...]


class Sampler:
    """The camera's finger: decides what is read when, and files it in the album.

    Args:
        settings: how often, and at what price.
        tracer: who records allocations.
        history: where snapshots go.
        requests: counts of finished requests.
        own: roots of the agent's own objects, which no walk may count.
        clock: seconds on a monotonic clock.
        wall_clock: seconds since the epoch.
    """

    def __init__(
        self,
        settings: Settings,
        tracer: Tracer,
        history: History,
        requests: RequestCounters,
        own: tuple[object, ...],
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.gate = Gate()
        self.tasks = TaskCamera()
        self.errors = 0
        self.last_error: str | None = None
        self.longest_pause_ms = 0.0
        self.cpu_s = 0.0
        self.started_at = wall_clock()
        self._settings = settings
        self._tracer = tracer
        self._history = history
        self._requests = requests
        self.walks = HeapWalks((*own, self), settings.heap_budget, clock=clock)
        self._clock = clock
        self._wall_clock = wall_clock
        self._started = clock()
        self._stacks_read: float | None = None
        self._unwalked_start: str | None = None
        self._refused: str | None = None
        self._opened = threading.Event()
        self._stopping = threading.Event()
        self._thread: OwnThread | None = None

    @property
    def uptime_s(self) -> float:
        """Seconds since this sampler was made."""
        return self._clock() - self._started

    @property
    def postponed(self) -> str | None:
        """What is not read on schedule, and why; None where everything is."""
        tracer = self._tracer
        stacks = traces_postponed(tracer.expected_traces(), tracer.seconds_per_trace)
        reasons = (stacks, self.walks.postponed, self._refused)
        return "; ".join(reason for reason in reasons if reason) or None

    def open(self, start_tracer: Callable[[], None], *, walk: bool) -> None:
        """Take the snapshot that `start` names, around the start of the tracer, and the thread.

        A walk in the process is made before, while its own allocations are not traced yet.
        A copy of the process is walked by the thread, at once: its types join the start
        when they are known.

        Args:
            start_tracer: makes the tracer record.
            walk: wait for the walk, where it does not take long.
        """
        in_process = walk and not self.walks.native and self._settings.heap_budget > 0
        small = sys.getallocatedblocks() <= MOST_BLOCKS_WAITED_FOR
        walked = self._bare("start")
        if in_process and small:
            walked = self._tried(self._with_types, walked)
        start_tracer()
        start = replace(walked, gauges=self._gauges(), tracer=self._tracer.name)
        if self._tracer.name != "off":
            start = self._tried(self._with_stacks, start)
        self._file_start(start)
        self.start()
        if walk and self.walks.native:
            self._opened.wait(LONGEST_WAIT_AT_START_S)

    def start(self) -> None:
        """Start the thread; its first act is a walk of the heap, where that is cheap."""
        self._stopping.clear()
        self._opened.clear()
        self._thread = OwnThread("sampler", self._run)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(GIVE_UP_JOINING_S)

    def wait(self, seconds: float) -> bool:
        """Wait, or until the agent stops; whether it did."""
        return self._stopping.wait(seconds)

    def take(self, what: str, label: str | None = None) -> Snapshot:
        """A snapshot of everything that can be read, filed and exempt from thinning.

        Args:
            what: who asks, for the message to somebody who asks meanwhile.
            label: a name for it.

        Raises:
            CaptureBusy: another heavy capture runs.
            NotEnoughMemory: there is no room for the capture.
            WalkFailed: the copy of the process was late or died.
        """
        with self.gate.hold(what):
            snapshot = self._bare(label)
            if self._tracer.name != "off":
                snapshot = self._with_stacks(snapshot)
            snapshot = self._with_types(snapshot)
        self._history.add(snapshot, pinned=True)
        return snapshot

    def look(self, what: str, *, types: bool) -> Snapshot:
        """A snapshot of now that is not kept: with types, or else with stacks.

        Raises:
            CaptureBusy: another heavy capture runs.
            NotAvailable: stacks were asked for and nothing records them.
            NotEnoughMemory: there is no room for the capture.
            WalkFailed: the copy of the process was late or died.
        """
        with self.gate.hold(what):
            bare = self._bare(None, NOW)
            return self._with_types(bare) if types else self._with_stacks(bare)

    def glance(self) -> Snapshot:
        """A snapshot of now with stacks, not kept: for a tracer whose reading is not heavy.

        It neither waits for a heavy capture nor keeps one waiting.

        Raises:
            NotAvailable: nothing records them.
        """
        return self._with_stacks(self._bare(None, NOW))

    def note_pause(self, price: Price) -> None:
        """Remember the longest time for which the application was held."""
        self.longest_pause_ms = max(self.longest_pause_ms, price.pause_ms)

    def note_error(self, error: Exception) -> None:
        """Count a failure of ours, and remember it for the overview."""
        self.errors += 1
        self.last_error = f"{type(error).__name__}: {error}"

    def after_fork(self) -> None:
        """In a forked child: a clock, a gate and a thread of its own."""
        self.gate.after_fork()
        self.walks.forget()
        self.tasks = TaskCamera()
        self._stopping, self._opened = threading.Event(), threading.Event()
        self._started, self.started_at = self._clock(), self._wall_clock()
        self._stacks_read = self._unwalked_start = self._refused = None
        self.errors, self.cpu_s, self.longest_pause_ms = 0, 0.0, 0.0
        self.start()

    def _run(self) -> None:
        stopping = self._stopping
        self._survive(self._walk_the_start)
        self._opened.set()
        while not stopping.is_set():
            self._survive(self._tick)
            stopping.wait(self._settings.interval_s)

    def _survive(self, act: Callable[[], None]) -> None:
        cpu = time.thread_time()
        try:
            act()
        except Refusal as refusal:
            self._refused = str(refusal)
        except Exception as error:  # noqa: BLE001 - our failure is never the application's
            self.note_error(error)
        self.cpu_s += time.thread_time() - cpu

    def _walk_the_start(self) -> None:
        """Complete the start with types; a forked child has to take it first."""
        if len(self._history) == 0:
            self._tick()
        start_id, self._unwalked_start = self._unwalked_start, None
        if start_id is None or not self.walks.native or not self.walks.scheduled:
            return
        # Whoever removed the start meanwhile does not want it.
        with suppress(UnknownName):
            start = self._history.get(start_id)
            with self.gate.hold("the first heap walk", patience_s=SCHEDULED_PATIENCE_S):
                walked = self._with_types(start)
            self.cpu_s += walked.price.child_cpu_ms / 1e3
            self._history.update(walked)

    def _tick(self) -> None:
        # The start is filed at once; what comes after may take the time to walk the heap.
        first = len(self._history) == 0
        snapshot = self._bare("start" if first else None)
        self._refused = None
        try:
            with self.gate.hold("a scheduled snapshot", patience_s=SCHEDULED_PATIENCE_S):
                if self._stacks_due():
                    snapshot = self._tried(self._with_stacks, snapshot)
                if not first and self.walks.due():
                    snapshot = self._tried(self._with_types, snapshot)
        except Refusal as refusal:
            self._refused = str(refusal)
        self.cpu_s += snapshot.price.child_cpu_ms / 1e3
        if first:
            self._file_start(snapshot)
        else:
            self._history.add(snapshot)
        self.tasks.read(frames=0)  # a task's age counts from when it was first seen

    def _file_start(self, snapshot: Snapshot) -> None:
        self._history.add(snapshot, pinned=True)
        self._unwalked_start = snapshot.id if snapshot.types is None else None

    def _tried(self, read: Callable[[Snapshot], Snapshot], snapshot: Snapshot) -> Snapshot:
        """The snapshot with what `read` adds, or as it is where that was refused."""
        try:
            return read(snapshot)
        except Refusal as refusal:
            self._refused = str(refusal)
            return snapshot

    def _stacks_due(self) -> bool:
        tracer, read = self._tracer, self._stacks_read
        since_s = None if read is None else self._clock() - read
        return tracer.traced_bytes() is not None and traces_due(
            tracer.expected_traces(), tracer.seconds_per_trace, since_s
        )

    def _bare(self, label: str | None, name: str | None = None) -> Snapshot:
        """A snapshot of the gauges."""
        return Snapshot(
            id=name or self._history.new_id(),
            label=label,
            taken_at=self._wall_clock(),
            uptime_s=self.uptime_s,
            requests=self._requests.counts(),
            gauges=self._gauges(),
            tracer=self._tracer.name,
            stacks=None,
            types=None,
            price=Price(),
        )

    def _gauges(self) -> Gauges:
        return read_gauges(
            memory_limit_bytes=self._settings.memory_limit_bytes,
            traced_bytes=self._tracer.traced_bytes(),
        )

    def _with_stacks(self, snapshot: Snapshot) -> Snapshot:
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

    def _with_types(self, snapshot: Snapshot) -> Snapshot:
        census = self.walks.walk(snapshot.gauges.memory_available_bytes)
        self.note_pause(census.price)
        price = _together(snapshot.price, census.price)
        return replace(snapshot, types=census.types, containers=census.containers, price=price)


def own_stacks_dropped(stacks: Stacks) -> Stacks:
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
