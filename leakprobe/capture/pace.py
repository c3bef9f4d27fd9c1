"""How long a walk holds the application, and the rests in which it lets go.

Python code gives up the GIL when another thread asks for it (`sys.getswitchinterval`,
5 ms); one call into C does not. So walks work in short stretches with a rest after each,
and what is measured is the CPU time of the longest stretch: an upper bound of the hold,
which does not count the time that other threads took meanwhile.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from leakprobe.model.memory import Price

__all__ = ["Pace"]

Result = TypeVar("Result")


class Pace:
    """Measures one capture.

    Args:
        pause: called with 0 at each rest; `time.sleep` lets other threads run.
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
        self.rest()
        started = self._clock()
        result = call()
        self._longest_s = max(self._longest_s, self._clock() - started)
        self.rest()
        return result

    def rest(self) -> None:
        """End a stretch of work and let other threads run."""
        self._longest_s = max(self._longest_s, self._cpu_clock() - self._stretch)
        self._pause(0)
        self._stretch = self._cpu_clock()

    def price(self) -> Price:
        """What the capture has cost until now."""
        wall, cpu = self._started
        return Price(
            pause_ms=self._longest_s * 1e3,
            wall_ms=(self._clock() - wall) * 1e3,
            cpu_ms=(self._cpu_clock() - cpu) * 1e3,
        )
