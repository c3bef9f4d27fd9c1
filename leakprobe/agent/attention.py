"""Looks closer for a while, where something grows: what would cost too much all the time."""

import time
from collections.abc import Callable

from leakprobe.capture.tracer import Tracer

__all__ = ["Attention"]

TIGHT_BYTES = 8192
WINDOW_S = 60.0
REST_S = 600.0


class Attention:
    """Bounded windows in which the tracer sees more.

    A window lasts a minute and is followed by ten of rest, so what it costs (a few
    percent where much is allocated) is bounded. What was seen in it stays known.

    Args:
        tracer: whose mean distance between samples is changed, and who follows objects
            from free lists.
        clock: seconds on a monotonic clock.
    """

    def __init__(self, tracer: Tracer, clock: Callable[[], float] = time.monotonic) -> None:
        self._tracer = tracer
        self._tight = _Window(clock)
        self._following = _Window(clock)
        self._usual_bytes = 0

    def tighten(self) -> None:
        """Sample tightly from now on, unless that was done lately or nothing samples."""
        tracer = self._tracer
        if tracer.sample_bytes > TIGHT_BYTES and self._tight.begin():
            self._usual_bytes = tracer.sample_bytes
            tracer.set_sample_bytes(TIGHT_BYTES)

    def follow_recycled(self) -> None:
        """Charge objects from free lists to who makes them, unless that was done lately."""
        if self._following.begin():
            self._tracer.follow_recycled(wanted=True)

    def look_at_the_clock(self) -> None:
        """End the windows whose time is over."""
        if self._tight.is_over:
            self._relax()
        if self._following.is_over:
            self._unfollow()

    def end(self) -> None:
        """As it was set, from now on."""
        self._relax()
        self._unfollow()

    def _relax(self) -> None:
        if self._tight.end():
            self._tracer.set_sample_bytes(self._usual_bytes)

    def _unfollow(self) -> None:
        if self._following.end():
            self._tracer.follow_recycled(wanted=False)


class _Window:
    """When it is open, and when it may be opened again."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began: float | None = None
        self._open = False

    def begin(self) -> bool:
        """Open it; False: it is open, or rests."""
        now = self._clock()
        if self._open or (self._began is not None and now - self._began < WINDOW_S + REST_S):
            return False
        self._began, self._open = now, True
        return True

    @property
    def is_over(self) -> bool:
        """Whether it is time to close it."""
        return self._open and self._began is not None and self._clock() - self._began >= WINDOW_S

    def end(self) -> bool:
        """Close it; False: it was not open."""
        was_open, self._open = self._open, False
        return was_open
