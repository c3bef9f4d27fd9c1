"""One reading of what a test may leave behind, for everything in the toolkit that compares.

A leak is what survives a collection, so a reading collects first. The rest takes
0.1 ms, or half a millisecond where asyncio runs, and leaves nothing behind that the next
reading would count.
"""

import asyncio
import gc
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import cast

import psutil

from leakprobe.capture.children import list_children
from leakprobe.capture.in_use import MeasuredBy, read_memory_in_use
from leakprobe.capture.procfs import PROC, list_numbers
from leakprobe.capture.tasks import TaskCamera, find_tasks
from leakprobe.own_threads import own_idents

__all__ = ["Reading", "collect_all", "take_reading"]

# The first is of 3.13 and later, where the second is deprecated.
_clear_type_cache = cast(
    "Callable[[], None]",
    getattr(sys, "_clear_internal_caches", None) or getattr(sys, "_clear_type_cache", int),
)
DESCRIPTORS = f"{PROC}/self/fd"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the process has at one moment.

    Attributes:
        memory_bytes: memory in use, of Python and of C code; see `read_memory_in_use`.
        measured_by: what said so: `allocators`, or `resident set` where those do not.
        rss_bytes: resident set size.
        threads: threads that run Python code, without leakprobe's own.
        fds: open file descriptors; None where the system does not say.
        children: child processes, zombies too; None where the system does not say.
        tasks: asyncio tasks that are not done, without the one that asks.
    """

    memory_bytes: int
    measured_by: MeasuredBy
    rss_bytes: int
    threads: int
    fds: int | None
    children: int | None
    tasks: int


def take_reading(*, collect: bool = True) -> Reading:
    """Read everything now. The price beside the collection is 0.1 to 0.5 ms.

    Args:
        collect: run the garbage collector first.
    """
    _warm_up()
    if collect:
        collect_all()
    return _read()


def collect_all() -> None:
    """Run a full collection; where it freed something, a second for what that held.

    CPython's cache of attributes of types is emptied, too, for 30 µs: it keeps the names of
    up to 4,096 look-ups alive (Objects/typeobject.c), and C code makes a new one each time.
    """
    _clear_type_cache()
    if gc.collect():
        gc.collect()


@cache
def _warm_up() -> None:
    """Make what the first reading allocates for good: caches, and functions found in libc."""
    _read()


def _read() -> Reading:
    children = list_children(os.getpid())
    rss_bytes = psutil.Process().memory_info().rss
    threads, fds, tasks = _count_threads(), _count_fds(), _count_tasks()
    memory = read_memory_in_use()  # the last: what the others needed is no longer in use
    return Reading(
        memory_bytes=memory.bytes,
        measured_by=memory.by,
        rss_bytes=rss_bytes,
        threads=threads,
        fds=fds,
        children=None if children is None else len(children),
        tasks=tasks,
    )


def _count_threads() -> int:
    """Threads with a Python frame: the kernel lists one for a moment after its join."""
    return len(sys._current_frames().keys() - own_idents())  # noqa: SLF001  # documented


def _count_fds() -> int | None:
    listed = list_numbers(DESCRIPTORS)
    if listed:
        return len(listed) - 1  # without the one through which they were listed
    try:
        return psutil.Process().num_fds()
    except (psutil.Error, OSError, AttributeError):
        return None  # psutil leaves it out where the platform has none


def _count_tasks() -> int:
    references = find_tasks()
    if not references:
        return 0  # the camera rests, which would be most of the price of a reading
    try:
        asking = asyncio.current_task()
    except RuntimeError:
        asking = None
    tasks, _ = TaskCamera(lambda: references).read(exclude=frozenset({id(asking)}), frames=0)
    return sum(task.count for task in tasks)
