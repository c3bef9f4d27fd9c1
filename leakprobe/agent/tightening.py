"""Samples more often for a while, where something grows and no sample has named its line."""

import time
from collections.abc import Callable

from leakprobe.capture.tracer import Tracer

__all__ = ["Tightening"]

TIGHT_BYTES = 8192
TIGHT_S = 60.0
REST_S = 600.0


class Tightening:
    """Bounded windows of tighter sampling.

    A window lasts a minute and is followed by ten of rest, so what it costs (a few
    percent where much is allocated) is bounded. What was sampled in it stays known.

    Args:
        tracer: whose mean distance between samples is changed.
        clock: seconds on a monotonic clock.
    """

    def __init__(self, tracer: Tracer, clock: Callable[[], float] = time.monotonic) -> None:
        self._tracer = tracer
        self._clock = clock
        self._began: float | None = None
        self._usual_bytes: int | None = None

    def begin(self) -> None:
        """Sample tightly from now on, unless that was done lately or nothing samples."""
        tracer = self._tracer
        if self._usual_bytes is not None or tracer.sample_bytes <= TIGHT_BYTES:
            return
        if self._began is not None and self._clock() - self._began < TIGHT_S + REST_S:
            return
        self._began, self._usual_bytes = self._clock(), tracer.sample_bytes
        tracer.set_sample_bytes(TIGHT_BYTES)

    def look_at_the_clock(self) -> None:
        """End the window where its time is over."""
        if self._began is not None and self._clock() - self._began >= TIGHT_S:
            self.end()

    def end(self) -> None:
        """Sample as it was set, from now on."""
        usual, self._usual_bytes = self._usual_bytes, None
        if usual is not None:
            self._tracer.set_sample_bytes(usual)
