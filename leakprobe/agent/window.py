"""An exact window: tracemalloc on, some seconds, the difference, tracemalloc off."""

import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from leakprobe.agent.reader import own_stacks_dropped
from leakprobe.analysis.diff import diff_snapshots
from leakprobe.capture.process import read_gauges
from leakprobe.capture.requests import RequestCounters
from leakprobe.capture.tracemalloc_tracer import TracemallocTracer
from leakprobe.model import Diff, Gauges, Handler, Price, Snapshot

__all__ = ["Window", "trace_window"]


@dataclass(frozen=True, slots=True)
class Window:
    """What grew while a window was open.

    `frames` is the depth of the stacks: where tracemalloc ran already, its own.
    """

    diff: Diff
    frames: int
    price: Price


def trace_window(
    seconds: float,
    frames: int,
    *,
    by: str,
    limit: int | None,
    requests: RequestCounters,
    handlers: Sequence[Handler],
    memory_limit_bytes: int | None,
    wait: Callable[[float], object],
) -> Window:
    """Trace for some seconds and say what grew.

    Where tracemalloc is on already it is read twice and left on; else it is started and
    stopped, and the analysis runs after the stop.

    Args:
        seconds: how long the window stays open.
        frames: depth of the stacks, where tracemalloc is started here.
        by: what to group by, one of `leakprobe.analysis.diff.DIFF_BY` but `type`.
        limit: most rows of the answer.
        requests: counts of finished requests.
        handlers: where the application's handlers stand.
        memory_limit_bytes: the setting of that name.
        wait: waits for so many seconds, or until the agent stops.

    Raises:
        NotEnoughMemory: the traces would not fit.
    """
    tracer = TracemallocTracer(frames, "a window")
    was_on = tracemalloc.is_tracing()
    gauges = read_gauges(memory_limit_bytes=memory_limit_bytes)
    tracer.start()
    try:
        before, first_price = tracer.read() if was_on else ((), Price())
        start = _snapshot("window-start", gauges, requests)
        wait(seconds)
        end = _snapshot("window-end", gauges, requests)
        after, price = tracer.read_and_stop(gauges.memory_available_bytes)
    finally:
        tracer.stop()
    diff = diff_snapshots(
        replace(start, stacks=own_stacks_dropped(before)),
        replace(end, stacks=own_stacks_dropped(after)),
        by=by,
        limit=limit,
        handlers=handlers,
    )
    pause_ms = max(price.pause_ms, first_price.pause_ms)
    return Window(diff, tracer.frames, replace(price, pause_ms=pause_ms))


def _snapshot(name: str, gauges: Gauges, requests: RequestCounters) -> Snapshot:
    return Snapshot(
        id=name,
        label=None,
        taken_at=time.time(),
        uptime_s=time.monotonic(),
        requests=requests.counts(),
        gauges=gauges,
        tracer="tracemalloc",
        stacks=None,
        types=None,
        price=Price(),
    )
