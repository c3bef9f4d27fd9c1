"""Takes snapshots: on demand in the caller's thread, and on schedule in one of its own.

What a scheduled snapshot reads is decided by `leakprobe.analysis.cadence`; what somebody
asks for is read at once and its price is stated. The thread survives every exception,
counts it, and keeps the last one for the overview.
"""

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from leakprobe.agent.gate import Gate
from leakprobe.analysis.cadence import traces_due, traces_postponed, walk_due
from leakprobe.analysis.own import drop_own_stacks
from leakprobe.capture.heap.kinds import is_ours
from leakprobe.capture.heap.types import count_types
from leakprobe.capture.listed import SAFE
from leakprobe.capture.process import available_memory_bytes, read_gauges
from leakprobe.capture.requests import RequestCounters
from leakprobe.capture.tasks import TaskCamera
from leakprobe.capture.tracer import Tracer
from leakprobe.errors import Refusal
from leakprobe.history import History
from leakprobe.model import LiveStack, Price, Snapshot, TypeCount
from leakprobe.own_threads import OwnThread
from leakprobe.settings import Settings

__all__ = ["NOW", "Sampler", "own_stacks_dropped"]

PACKAGE = Path(__file__).resolve().parent.parent
# The one file of ours that is on the stack of every request of the application.
SHARED_FILES = frozenset({str(PACKAGE / "web" / "middleware.py")})
GIVE_UP_JOINING_S = 10.0
# About two seconds of walking; a larger heap is walked by the thread instead.
MOST_BLOCKS_WAITED_FOR = 1_000_000
WALKS_POSTPONED = (
    "types: a heap walk in the running process can disturb a thread that is building a tuple "
    "from a generator, so none is made unasked; GET /types walks the heap now"
)
# What a snapshot that is not kept is called: no id, but the word that asks for it.
NOW = "now"
# Nobody asked for a scheduled snapshot, so nobody is refused because of one.
SCHEDULED_PATIENCE_S = 60.0

Stacks = tuple[LiveStack, ...]
Types = tuple[TypeCount, ...]


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
        self._own = (*own, self)
        self._clock = clock
        self._wall_clock = wall_clock
        self._started = clock()
        self._stacks_read: float | None = None
        self._heap_walked: float | None = None
        self._walk_cpu_s: float | None = None
        self._refused: str | None = None
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
        walks = None if SAFE or self._settings.heap_budget == 0 else WALKS_POSTPONED
        return "; ".join(reason for reason in (stacks, walks, self._refused) if reason) or None

    def take_start(self, start_tracer: Callable[[], None], *, walk: bool) -> None:
        """Take the snapshot that `start` names, around the start of the tracer.

        The heap is walked before, while the walk's own allocations are not yet traced.

        Args:
            start_tracer: makes the tracer record.
            walk: whether to walk the heap, where it is small enough to be waited for.
        """
        small = sys.getallocatedblocks() <= MOST_BLOCKS_WAITED_FOR
        counts, price = self._types_at_start() if walk and small else (None, Price())
        start_tracer()
        snapshot = self._read("start", stacks=self._tracer.name != "off", types=False)
        self._history.add(replace(snapshot, types=counts, price=price), pinned=True)

    def start(self) -> None:
        """Start the thread; its first act is a snapshot."""
        self._stopping.clear()
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
        """
        with self.gate.hold(what):
            snapshot = self._read(label, stacks=self._tracer.name != "off", types=True)
        self._history.add(snapshot, pinned=True)
        return snapshot

    def look(self, what: str, *, types: bool) -> Snapshot:
        """A snapshot of now that is not kept: with types, or else with stacks.

        Raises:
            CaptureBusy: another heavy capture runs.
            NotAvailable: stacks were asked for and nothing records them.
            NotEnoughMemory: there is no room for the capture.
        """
        with self.gate.hold(what):
            return self._read(None, stacks=not types, types=types, name=NOW)

    def note_pause(self, price: Price) -> None:
        """Remember the longest time for which the application was held."""
        self.longest_pause_ms = max(self.longest_pause_ms, price.pause_ms)

    def after_fork(self) -> None:
        """In a forked child: a clock, a gate and a thread of its own."""
        self.gate.after_fork()
        self.tasks = TaskCamera()
        self._stopping = threading.Event()
        self._started, self.started_at = self._clock(), self._wall_clock()
        self._stacks_read = self._heap_walked = self._walk_cpu_s = None
        self.errors, self.cpu_s, self.longest_pause_ms = 0, 0.0, 0.0
        self.start()

    def _run(self) -> None:
        stopping = self._stopping
        while not stopping.is_set():
            cpu = time.thread_time()
            first = len(self._history) == 0
            try:
                self._tick()
            except Exception as error:  # noqa: BLE001 - our failure is never the application's
                self.note_error(error)
            self.cpu_s += time.thread_time() - cpu
            stopping.wait(0 if first else self._settings.interval_s)

    def _tick(self) -> None:
        # The start is filed at once; the next snapshot may take the time to walk the heap.
        first = len(self._history) == 0
        label = "start" if first else None
        try:
            with self.gate.hold("a scheduled snapshot", patience_s=SCHEDULED_PATIENCE_S):
                types = not first and self._types_due()
                snapshot = self._read(label, stacks=self._stacks_due(), types=types)
            self._refused = None
        except Refusal as refusal:
            self._refused = str(refusal)
            snapshot = self._read(label, stacks=False, types=False)
        self._history.add(snapshot, pinned=first)
        self.tasks.read(frames=0)  # a task's age counts from when it was first seen

    def _stacks_due(self) -> bool:
        tracer = self._tracer
        return tracer.traced_bytes() is not None and traces_due(
            tracer.expected_traces(), tracer.seconds_per_trace, self._since(self._stacks_read)
        )

    def _types_due(self) -> bool:
        since_s = self._since(self._heap_walked)
        return SAFE and walk_due(since_s, self._walk_cpu_s, self._settings.heap_budget)

    def _since(self, moment: float | None) -> float | None:
        return None if moment is None else self._clock() - moment

    def _read(
        self, label: str | None, *, stacks: bool, types: bool, name: str | None = None
    ) -> Snapshot:
        gauges = read_gauges(
            memory_limit_bytes=self._settings.memory_limit_bytes,
            traced_bytes=self._tracer.traced_bytes(),
        )
        uptime_s, taken_at = self.uptime_s, self._wall_clock()
        requests, available = self._requests.counts(), gauges.memory_available_bytes
        live, stacks_price = self._read_stacks(available) if stacks else (None, Price())
        counts, types_price = self._read_types(available) if types else (None, Price())
        price = Price(
            pause_ms=max(stacks_price.pause_ms, types_price.pause_ms),
            wall_ms=stacks_price.wall_ms + types_price.wall_ms,
            cpu_ms=stacks_price.cpu_ms + types_price.cpu_ms,
        )
        self.note_pause(price)
        return Snapshot(
            id=name or self._history.new_id(),
            label=label,
            taken_at=taken_at,
            uptime_s=uptime_s,
            requests=requests,
            gauges=gauges,
            tracer=self._tracer.name,
            stacks=live,
            types=counts,
            price=price,
        )

    def _types_at_start(self) -> tuple[Types | None, Price]:
        if self._settings.heap_budget == 0:
            return None, Price()
        try:
            return self._read_types(available_memory_bytes(self._settings.memory_limit_bytes))
        except Refusal as refusal:
            self._refused = str(refusal)
            return None, Price()

    def _read_stacks(self, available_bytes: int | None) -> tuple[Stacks, Price]:
        self._stacks_read = self._clock()
        stacks, price = self._tracer.read(available_bytes)
        return own_stacks_dropped(stacks), price

    def _read_types(self, available_bytes: int | None) -> tuple[Types, Price]:
        self._heap_walked = self._clock()
        counts, price = count_types(own=self._own, available_bytes=available_bytes)
        self._walk_cpu_s = price.cpu_ms / 1e3
        return tuple(count for count in counts if not is_ours(count.type)), price

    def note_error(self, error: Exception) -> None:
        """Count a failure of ours, and remember it for the overview."""
        self.errors += 1
        self.last_error = f"{type(error).__name__}: {error}"


def own_stacks_dropped(stacks: Stacks) -> Stacks:
    """Without what leakprobe itself allocated."""
    return drop_own_stacks(stacks, str(PACKAGE), SHARED_FILES)
