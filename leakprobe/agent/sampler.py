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
from leakprobe.agent.judge import Judge
from leakprobe.agent.reader import SnapshotReader
from leakprobe.agent.walks import HeapWalks
from leakprobe.analysis.benign import Benign
from leakprobe.capture.requests import RequestCounters
from leakprobe.capture.tracer import Tracer
from leakprobe.errors import Refusal, UnknownName
from leakprobe.history import History
from leakprobe.model import Snapshot
from leakprobe.own_threads import OwnThread
from leakprobe.settings import Settings

__all__ = ["NOW", "Sampler"]

GIVE_UP_JOINING_S = 10.0
# About two seconds of walking in the process; a larger heap is walked when somebody asks.
MOST_BLOCKS_WAITED_FOR = 1_000_000
# A copy of the process is made at once and walks half a million objects in that time.
LONGEST_WAIT_AT_START_S = 0.3
# What a snapshot that is not kept is called: no id, but the word that asks for it.
NOW = "now"
# Nobody asked for a scheduled snapshot, so nobody is refused because of one.
SCHEDULED_PATIENCE_S = 60.0
# However long a snapshot took.
LEAST_REST_S = 0.05
# A process that uses less of a core, and finishes no request, is taken for idle.
IDLE_SHARE = 0.1


class Sampler:
    """The camera's finger: decides what is read when, and files it in the album.

    Args:
        settings: how often, and at what price.
        tracer: who records allocations.
        history: where snapshots go.
        requests: counts of finished requests.
        own: roots of the agent's own objects, which no walk may count.
        benign: growth that is known to end.
        clock: seconds on a monotonic clock.
        wall_clock: seconds since the epoch.

    Attributes:
        gate: lets one heavy capture in at a time.
        reader: takes the parts of a snapshot.
        judge: sees every snapshot that is filed.
    """

    def __init__(
        self,
        settings: Settings,
        tracer: Tracer,
        history: History,
        requests: RequestCounters,
        own: tuple[object, ...],
        *,
        benign: tuple[Benign, ...] = (),
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.gate = Gate()
        self.errors = 0
        self.last_error: str | None = None
        self.cpu_s = 0.0
        self._settings = settings
        self._tracer = tracer
        self._history = history
        self.walks = HeapWalks((*own, self), settings.heap_budget, clock=clock)
        self.reader = SnapshotReader(
            settings, tracer, requests, self.walks, clock=clock, wall_clock=wall_clock
        )
        self.judge = Judge(
            settings, self.reader, self.gate, tracer, history, benign=benign, clock=clock
        )
        self._busy_since: tuple[int, float, float] = (0, 0.0, 0.0)
        self._unwalked_start: str | None = None
        self._refused: str | None = None
        self._opened = threading.Event()
        self._stopping = threading.Event()
        self._thread: OwnThread | None = None

    @property
    def uptime_s(self) -> float:
        """Seconds since this sampler was made."""
        return self.reader.uptime_s

    @property
    def postponed(self) -> str | None:
        """What is not read on schedule, and why; None where everything is."""
        reasons = (self.reader.stacks_postponed, self.walks.postponed, self._refused)
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
            walked = self._tried(self.reader.with_types, walked)
        start_tracer()
        start = replace(walked, gauges=self.reader.gauges(), tracer=self._tracer.name)
        start = self._tried(self.reader.with_groups, start)
        if self._tracer.name != "off":
            start = self._tried(self.reader.with_stacks, start)
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
        self.judge.stop()

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
            snapshot = self.reader.with_groups(self._bare(label))
            if self._tracer.name != "off":
                snapshot = self.reader.with_stacks(snapshot)
            snapshot = self.reader.with_types(snapshot, asked=True)
        self._history.add(snapshot, pinned=True)
        self.judge.observe(snapshot)
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
            bare = self.reader.bare(NOW, None)
            if types:
                return self.reader.with_types(bare, asked=True)
            return self.reader.with_stacks(bare)

    def glance(self) -> Snapshot:
        """A snapshot of now with stacks, not kept: for a tracer whose reading is not heavy.

        It neither waits for a heavy capture nor keeps one waiting.

        Raises:
            NotAvailable: nothing records them.
        """
        return self.reader.with_stacks(self.reader.bare(NOW, None))

    def note_error(self, error: Exception) -> None:
        """Count a failure of ours, and remember it for the overview."""
        self.errors += 1
        self.last_error = f"{type(error).__name__}: {error}"

    def after_fork(self) -> None:
        """In a forked child: a clock, a gate and a thread of its own."""
        self.gate.after_fork()
        self.reader.after_fork()
        self.judge.after_fork()
        self._stopping, self._opened = threading.Event(), threading.Event()
        self._unwalked_start = self._refused = None
        self._busy_since = (0, 0.0, 0.0)
        self.errors, self.cpu_s = 0, 0.0
        self.start()

    def _run(self) -> None:
        stopping = self._stopping
        self._survive(self._walk_the_start)
        self._opened.set()
        while not stopping.is_set():
            due_s = self.uptime_s + self._settings.interval_s
            self._survive(self._tick)
            self._survive(self._think)
            stopping.wait(max(LEAST_REST_S, due_s - self.uptime_s))

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
                walked = self.reader.with_types(start)
            self.cpu_s += walked.price.child_cpu_ms / 1e3
            self._history.update(walked)
            self.judge.observe(walked)

    def _tick(self) -> None:
        first = len(self._history) == 0
        label = "start" if first else None
        self._refused = None
        try:
            with self.gate.hold("a scheduled snapshot", patience_s=SCHEDULED_PATIENCE_S):
                snapshot = self._read_what_is_due(self._bare(label), walk=not first)
        except Refusal as refusal:
            self._refused = str(refusal)
            snapshot = self._tried(self.reader.with_groups, self._bare(label))
        self.cpu_s += snapshot.price.child_cpu_ms / 1e3
        if first:
            self._file_start(snapshot)
        else:
            self._history.add(snapshot)
            self.judge.observe(snapshot)

    def _read_what_is_due(self, snapshot: Snapshot, *, walk: bool) -> Snapshot:
        """What is exact comes first: it is to be counted when the requests were."""
        snapshot = self._tried(self.reader.with_groups, snapshot)
        # The start is filed at once; what comes after may take the time to walk the heap.
        if walk and self.walks.due(busy=self._busy(snapshot)):
            self._busy_since = _work(snapshot)
            snapshot = self._tried(self.reader.with_types, snapshot)
        if self.reader.stacks_due():
            snapshot = self._tried(self.reader.with_stacks, snapshot)
        return snapshot

    def _think(self) -> None:
        self.cpu_s += self.judge.think()

    def _busy(self, snapshot: Snapshot) -> bool:
        """Whether a walk would see something new, as far as that is known without one."""
        if self.judge.suspicious:
            return True
        requests, cpu_s, uptime_s = self._busy_since
        now_requests, now_cpu_s, now_s = _work(snapshot)
        return now_requests != requests or now_cpu_s - cpu_s > IDLE_SHARE * (now_s - uptime_s)

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

    def _bare(self, label: str | None) -> Snapshot:
        """A snapshot of the gauges, with a name of its own."""
        return self.reader.bare(self._history.new_id(), label)


def _work(snapshot: Snapshot) -> tuple[int, float, float]:
    """Requests finished, CPU time used, and when."""
    return sum(snapshot.requests.values()), snapshot.gauges.cpu_s, snapshot.uptime_s
