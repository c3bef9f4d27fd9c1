"""One heavy capture at a time."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from leakprobe.errors import CaptureBusy

__all__ = ["PATIENCE_S", "Gate"]

PATIENCE_S = 1.0


class Gate:
    """Lets one heavy capture in; a second one waits a moment and is then refused.

    Args:
        clock: seconds on a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._holder = ""
        self._ends_at = 0.0
        self._patience_s = PATIENCE_S

    @contextmanager
    def hold(
        self, what: str, *, seconds: float = 0.0, patience_s: float = PATIENCE_S
    ) -> Iterator[None]:
        """Hold the gate for the length of the block.

        Args:
            what: what runs meanwhile, for the message of a refusal.
            seconds: how long it will take at least, where that is known.
            patience_s: how long others shall wait for it before they are refused.

        Raises:
            CaptureBusy: another capture holds it; says after how long to ask again.
        """
        lock = self._lock
        if not lock.acquire(timeout=self._patience_s):
            wait_s = max(1, math.ceil(self._ends_at - self._clock()))
            raise CaptureBusy(
                f"{self._holder} is running, and one heavy capture runs at a time; "
                f"ask again in {wait_s} s",
                retry_after_s=wait_s,
            )
        self._holder, self._patience_s = what, patience_s
        self._ends_at = self._clock() + seconds
        try:
            yield
        finally:
            self._patience_s = PATIENCE_S
            lock.release()

    def after_fork(self) -> None:
        """In a forked child: whoever held the gate is not here."""
        self._lock = threading.Lock()
        self._patience_s = PATIENCE_S
