"""Threads that are just ending get a moment to end: they are no leak.

A cancelled timer, or a worker that was told to stop and not joined, is gone within
milliseconds. What waits here waits for the threads themselves.
"""

import threading
import time
import weakref
from collections.abc import Callable

from leakprobe.own_threads import OwnThread

__all__ = ["KnownThreads", "known_threads", "let_threads_end"]

WITHIN_S = 0.1

KnownThreads = tuple["weakref.ref[threading.Thread]", ...]

# What `threading` calls threads that it did not start, which nobody can wait for.
UNKNOWN_TO_WAIT: tuple[type, ...] = (threading._DummyThread, OwnThread)  # noqa: SLF001  # no public name


def known_threads() -> KnownThreads:
    """The threads that run now, without keeping them."""
    return tuple(map(weakref.ref, _threads()))


def let_threads_end(
    before: KnownThreads,
    *,
    within_s: float = WITHIN_S,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Wait for threads that were not there before; those that stay cost this much time.

    Args:
        before: which are not waited for.
        within_s: at most so long, for all of them together.
        clock: in seconds.
    """
    old = {id(thread) for known in before if (thread := known()) is not None}
    deadline = clock() + within_s
    for thread in _threads():
        if id(thread) not in old and thread is not threading.current_thread():
            threading.Thread.join(thread, max(0.0, deadline - clock()))


def _threads() -> list[threading.Thread]:
    # As `threading.enumerate()`, which waits for a lock that a dying thread may hold.
    active = list(threading._active.values())  # type: ignore[attr-defined]  # noqa: SLF001
    return [thread for thread in active if type(thread) not in UNKNOWN_TO_WAIT]
