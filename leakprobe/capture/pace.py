"""How long a walk holds the application, and the rests in which it lets go.

Python code gives up the GIL when another thread asks for it (`sys.getswitchinterval`,
5 ms); one call into C does not. So walks work in short stretches with a rest after each,
and what is measured is the CPU time of the longest stretch: an upper bound of the hold,
which does not count the time that other threads took meanwhile.

A rest has to be a real one. A thread that waits for the GIL asks for it after 5 ms in
which nobody let go (CPython, Python/ceval_gil.c: take_gil). `time.sleep(0)` lets go and
takes it back before the other has woken up, which only makes the other's wait begin anew:
measured, that kept others waiting for 40 to 90 ms.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from leakprobe.model.memory import Price

__all__ = ["REST_S", "Pace"]

Result = TypeVar("Result")

WORK_S = 0.002
REST_S = 0.0001


class Pace:
    """Measures one capture.

    Args:
        pause: called with the seconds of each rest; `time.sleep` lets other threads run.
        clock: wall time, in seconds.
        cpu_clock: CPU time of this thread, in seconds.
    """

    __slots__ = ("_clock", "_cpu_clock", "_longest_s", "_pause", "_started", "_stretch")

    def __init__(
        self,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.perf_counter,
        cpu_clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._pause = pause
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._longest_s = 0.0
        self._started = (clock(), cpu_clock())
        self._stretch = self._started[1]

    def hold(self, call: Callable[[], Result]) -> Result:
        """Make one call that holds the GIL from its beginning to its end, and rest after it."""
        self._pause_now()
        started = self._clock()
        result = call()
        self._longest_s = max(self._longest_s, self._clock() - started)
        self._pause_now()
        return result

    def held(self, seconds: float) -> None:
        """Count a hold that C code has measured itself, and begin a new stretch after it."""
        self._longest_s = max(self._longest_s, seconds)
        self._stretch = self._cpu_clock()

    def rest(self) -> None:
        """End a piece of work; let other threads run if enough was done since they last did."""
        if self._cpu_clock() - self._stretch >= WORK_S:
            self._pause_now()

    def _pause_now(self) -> None:
        self._longest_s = max(self._longest_s, self._cpu_clock() - self._stretch)
        self._pause(REST_S)
        self._stretch = self._cpu_clock()

    def price(self) -> Price:
        """What the capture has cost until now."""
        wall, cpu = self._started
        return Price(
            pause_ms=self._longest_s * 1e3,
            wall_ms=(self._clock() - wall) * 1e3,
            cpu_ms=(self._cpu_clock() - cpu) * 1e3,
        )
