"""Every thread of the process: what it is called, how old it is and where it stands.

Python knows threads that `threading` started, and others that run Python code; the
kernel knows all of them, also those of C libraries. Both are read without taking
`threading`'s lock, which a thread that hangs may hold, and without calling the methods
of the application's `Thread` subclasses.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from leakprobe.capture.names import clean_name
from leakprobe.capture.pace import Pace
from leakprobe.capture.procfs import (
    PROC,
    NativeThread,
    list_native_ids,
    read_native_threads,
    read_stack_pointer,
)
from leakprobe.capture.stacks import copy_stack, current_frames
from leakprobe.model.live import ThreadInfo
from leakprobe.model.memory import Frame, Price

__all__ = ["read_threads"]

UNKNOWN = NativeThread(name="?", age_s=None, cpu_s=None)

# The attributes of an instance, whatever its class says about `__dict__`.
read_attributes = threading.Thread.__dict__["__dict__"].__get__


@dataclass(frozen=True, slots=True)
class KnownThread:
    """What Python knows of a thread; None where it does not."""

    name: str | None = None
    native_id: int | None = None
    daemon: bool | None = None
    stack: tuple[Frame, ...] = ()


def read_threads(
    *, exclude: frozenset[int] = frozenset(), frames: int = 64, proc: Path = PROC
) -> tuple[tuple[ThreadInfo, ...], Price]:
    """All threads, those that Python knows first.

    A thread that Python does not know has ident 0, no stack, and the name that the
    kernel has for it; so has one that Python knows without a name. Ages and CPU times
    are None where there is no proc(5).

    Args:
        exclude: idents not to show: those of our own threads.
        frames: depth at which a stack is cut, the innermost frames being kept.
        proc: where proc(5) is mounted.
    """
    native = read_native_threads(proc)
    pace = Pace()
    pace.rest()
    known = _known_threads(frames)
    pace.rest()
    # A thread that lived before and after the look at Python's threads was there during it.
    native = {tid: native[tid] for tid in list_native_ids(proc) if tid in native}
    known = _find_native_ids(known, native, proc)
    rows = [
        _row(ident, thread, native.get(thread.native_id or 0, UNKNOWN))
        for ident, thread in known.items()
        if ident not in exclude and _lives(thread, native)
    ]
    ours = {thread.native_id for thread in known.values()}
    rows += [_row(0, KnownThread(native_id=tid), native[tid]) for tid in native if tid not in ours]
    return tuple(rows), pace.price()


def _row(ident: int, thread: KnownThread, native: NativeThread) -> ThreadInfo:
    return ThreadInfo(
        name=clean_name(thread.name or native.name),
        ident=ident,
        native_id=thread.native_id,
        daemon=thread.daemon,
        age_s=native.age_s,
        cpu_s=native.cpu_s,
        count=1,
        stack=thread.stack,
    )


def _lives(thread: KnownThread, native: dict[int, NativeThread]) -> bool:
    """False for what `threading` has forgotten to forget: it keeps dummies of foreign threads."""
    return bool(thread.stack) or not native or thread.native_id in native


def _known_threads(frames: int) -> dict[int, KnownThread]:
    """Python's threads by ident. Nothing in here waits, so that the stacks fit each other."""
    current = current_frames()
    # A copy made by one call into C, as threading.enumerate() would make it under its lock.
    active = getattr(threading, "_active", None)
    registered = dict.copy(active) if type(active) is dict else {}
    try:
        found = {ident: _describe(t, ()) for ident, t in registered.items() if type(ident) is int}
        for ident, frame in current.items():
            found[ident] = _describe(registered.get(ident), copy_stack(frame, frames))
        return found
    finally:
        current.clear()


def _describe(thread: object, stack: tuple[Frame, ...]) -> KnownThread:
    """What a `Thread` carries in its own attributes, none of its properties being asked."""
    try:
        attributes = cast("dict[str, object]", read_attributes(thread))
    except TypeError:  # None, or a stand-in for a thread that some library has registered
        return KnownThread(stack=stack)
    name, native_id, daemon = (
        dict.get(attributes, key) for key in ("_name", "_native_id", "_daemonic")
    )
    return KnownThread(
        name=name if type(name) is str else None,
        native_id=native_id if type(native_id) is int else None,
        daemon=daemon if type(daemon) is bool else None,
        stack=stack,
    )


def _find_native_ids(
    known: dict[int, KnownThread], native: Iterable[int], proc: Path
) -> dict[int, KnownThread]:
    """Threads that `_thread` or a C library started, with the kernel's ids that they lack.

    Where threads are POSIX threads the ident is the address of a descriptor that lies
    above the thread's stack (glibc: nptl/allocatestack.c; musl alike), so the thread
    whose stack pointer is the next one below that address is the one.
    """
    if all(thread.native_id is not None for thread in known.values()):
        return known
    taken = {thread.native_id for thread in known.values()}
    tops = sorted(known)
    owners: dict[int, tuple[int, int]] = {}
    for tid in native:
        pointer = None if tid in taken else read_stack_pointer(tid, proc)
        top = next((top for top in tops if pointer is not None and top > pointer), None)
        if pointer is not None and top is not None and known[top].native_id is None:
            owners[top] = max(owners.get(top, (0, 0)), (pointer, tid))
    return {
        ident: KnownThread(thread.name, owners[ident][1], thread.daemon, thread.stack)
        if ident in owners
        else thread
        for ident, thread in known.items()
    }
