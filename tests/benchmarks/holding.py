"""What a call costs, and for how long it holds other threads."""

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from leakprobe.model import Price

# Short, so that the gap that is left is what could not be interrupted, and no turn to run.
SWITCH_INTERVAL_S = 0.0005


@dataclass(frozen=True, slots=True)
class Measured:
    """What one call cost.

    Attributes:
        gap_ms: the longest time between two time stamps of a thread that does nothing else.
        said_ms: the pause that the call reports itself; None: it does not.
        more_bytes: how much more memory was resident while it ran, its child's included.
    """

    name: str
    wall_ms: float
    cpu_ms: float
    child_cpu_ms: float
    gap_ms: float
    said_ms: float | None
    more_bytes: int


class GapProbe:
    """The longest time that a thread which always wants to run was kept from it."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._stamping = threading.Event()
        self.longest_s = 0.0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "GapProbe":
        self._before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._thread.start()
        self._stamping.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        sys.setswitchinterval(self._before)

    def _run(self) -> None:
        self._stamping.set()
        clock, stopped, longest = time.perf_counter, self._stop.is_set, 0.0
        last = clock()
        while not stopped():
            now = clock()
            longest = max(longest, now - last)
            last = now
        self.longest_s = longest


def measure(name: str, call: Callable[[], Price | None]) -> Measured:
    """Run a call beside a thread that takes time stamps."""
    _forget_peak()
    resident = resident_bytes()
    with GapProbe() as probe:
        wall, cpu = time.perf_counter(), time.thread_time()
        price = call()
        wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
    child = (price.child_peak_rss_bytes if price else None) or resident
    return Measured(
        name=name,
        wall_ms=wall * 1e3,
        cpu_ms=cpu * 1e3,
        child_cpu_ms=(price.child_cpu_ms if price else None) or 0.0,
        gap_ms=probe.longest_s * 1e3,
        said_ms=price.pause_ms if price else None,
        more_bytes=_status_bytes("VmHWM") - resident + child - resident,
    )


def resident_bytes() -> int:
    """The resident set of this process."""
    return _status_bytes("VmRSS")


def _forget_peak() -> None:
    """Let the peak of the resident set begin anew (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


def _status_bytes(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)
