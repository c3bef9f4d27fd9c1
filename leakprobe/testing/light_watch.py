"""Calls that are watched with a light hand: a few numbers after each window of them.

A watch must not grow with what it watches: a leak of 10 bytes a call shows, and so would a
list of readings. So the numbers lie in arrays that are there from the start.
"""

from array import array

from leakprobe.analysis.calls import (
    LEAST_BYTES,
    LEAST_COUNT,
    LEAST_RESIDENT_BYTES,
    CallSeries,
)
from leakprobe.model.calls import CallGrowth
from leakprobe.testing.readings import take_reading

__all__ = ["LightWatch"]

MEMORY, COUNTS = "memory_bytes", ("threads", "tasks", "fds", "children")


class LightWatch:
    """What was read after each window; its size does not change while it is filled.

    Args:
        windows: how many there will be.
    """

    def __init__(self, windows: int) -> None:
        self._calls = array("q", bytes(8 * (windows + 1)))
        self._values = {name: array("q", self._calls) for name in (MEMORY, *COUNTS)}
        self._unknown: set[str] = set()
        self._read = 0
        self.measured_by = ""

    def observe(self, calls: int) -> None:
        """Read everything, after a collection; what the system does not say is 0 throughout.

        Args:
            calls: how many were made until now.
        """
        reading, at = take_reading(), self._read
        self._calls[at] = calls
        for name, column in self._values.items():
            value = getattr(reading, name)
            if value is None:
                self._unknown.add(name)
            column[at] = value or 0
        self.measured_by = reading.measured_by
        self._read += 1

    @property
    def memory(self) -> CallSeries:
        """Memory in use, over the calls that count."""
        return self._series(MEMORY)

    @property
    def exact(self) -> bool:
        """Whether memory is known to the byte."""
        return self.measured_by == "allocators"

    @property
    def grows(self) -> bool:
        """Whether anything may grow: memory, or a count; where memory is not exact, it may."""
        least = LEAST_BYTES if self.exact else LEAST_RESIDENT_BYTES
        counts = any(self._series(name).rises(LEAST_COUNT) for name in COUNTS)
        return counts or not self.exact or self.memory.rises(least)

    @property
    def growth(self) -> CallGrowth:
        """Growth per call."""
        slopes = {name: self._series(name).slope for name in COUNTS}
        known = {name: None if name in self._unknown else slopes[name] for name in COUNTS}
        return CallGrowth(
            bytes=self.memory.slope,
            measured_by=self.measured_by,
            threads=slopes["threads"],
            tasks=slopes["tasks"],
            fds=known["fds"],
            children=known["children"],
        )

    def _series(self, name: str) -> CallSeries:
        return CallSeries(self._calls, self._values[name]).counted
