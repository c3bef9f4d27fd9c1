"""Threads that are ours, told from the application's by their type."""

import threading
from collections.abc import Callable

__all__ = ["OwnThread", "own_idents", "own_threads"]


class OwnThread(threading.Thread):
    """A daemon thread of the agent: never shown, never waited for at exit."""

    def __init__(self, name: str, target: Callable[[], object]) -> None:
        super().__init__(target=target, name=f"leakprobe-{name}", daemon=True)


def own_threads() -> tuple[OwnThread, ...]:
    """Our threads that run now."""
    # threading.enumerate() would wait for a lock that a dying thread may hold.
    threads = list(threading._active.values())  # type: ignore[attr-defined]  # noqa: SLF001
    return tuple(thread for thread in threads if type(thread) is OwnThread)


def own_idents() -> frozenset[int]:
    """Identities of our threads that run now."""
    return frozenset(thread.ident for thread in own_threads() if thread.ident is not None)
