"""Every asyncio task of every event loop: what it runs, where it waits, how old it is.

Read from any thread while the loops run. A task and its coroutine are the application's,
and may be of its own subclasses, so they are read with the methods and members of
asyncio's own classes only, and one at a time, so that none outlives its turn here.

asyncio keeps all tasks in weak sets (Lib/asyncio/tasks.py): `_all_tasks` in 3.11; from
3.12 on `_scheduled_tasks`, and beside it the set `_eager_tasks` for those in their first,
eager step. Since 3.14 its own tasks are in linked lists of the loops' threads
(Modules/_asynciomodule.c), so there they are found among what the collector tracks.
"""

import asyncio.tasks
import gc
import sys
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from leakprobe.capture.awaiting import await_chain, coroutine_name, is_running, running_stack
from leakprobe.capture.names import clean_name
from leakprobe.capture.pace import Pace
from leakprobe.model.live import TaskInfo
from leakprobe.model.memory import Frame, Price

__all__ = ["TaskCamera", "find_tasks", "registered_tasks", "tracked_tasks"]

TaskRef: TypeAlias = weakref.ref[object]
FirstSeen: TypeAlias = dict[int, tuple[TaskRef, float]]

WEAK_REGISTRIES = ("_all_tasks", "_scheduled_tasks")
TASKS_PER_STRETCH = 100

# Private names, and absent where asyncio runs without its C part: hence getattr, and
# Any for what only this module knows the shape of.
PY_TASK: Any = asyncio.tasks._PyTask  # type: ignore[attr-defined]  # noqa: SLF001
C_TASK: Any = getattr(asyncio.tasks, "_CTask", PY_TASK)
read_py_attributes = asyncio.futures._PyFuture.__dict__["__dict__"].__get__  # type: ignore[attr-defined]  # noqa: SLF001
if C_TASK is not PY_TASK:
    read_waiter = C_TASK.__dict__["_fut_waiter"].__get__
    # Not get_coro(): on 3.11 that crashes for a task whose __init__ has not run.
    read_coroutine = C_TASK.__dict__["_coro"].__get__


@dataclass(frozen=True, slots=True)
class Facts:
    """What a task carries; holds the coroutine, so it must not be kept."""

    done: bool
    name: object
    coroutine: object
    waits: bool


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at all tasks: what was asked, and what it has found so far.

    Equal stacks are kept once: thousands of new objects would set off the collector, and
    its run would be our pause.
    """

    now: float
    exclude: frozenset[int]
    frames: int
    before: FirstSeen
    seen: FirstSeen = field(default_factory=dict)
    stacks: dict[tuple[Frame, ...], tuple[Frame, ...]] = field(default_factory=dict)


class TaskCamera:
    """Reads tasks, and remembers since when it has seen each of them.

    It remembers by weak reference, and only the tasks of its last look.

    Args:
        list_tasks: finds the tasks, as weak references.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        list_tasks: "Callable[[], list[TaskRef]] | None" = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._list_tasks = list_tasks or find_tasks
        self._clock = clock
        self._first_seen: FirstSeen = {}

    def read(
        self, *, exclude: frozenset[int] = frozenset(), frames: int = 64
    ) -> tuple[tuple[TaskInfo, ...], Price]:
        """All tasks that are not done, also those that a loop has left when it stopped.

        The state is `running` (its code runs, and its stack is that of the thread),
        `waiting` (for a future) or `ready` (the loop will run it in its next round, or
        for the first time). Tasks of classes that do not inherit from asyncio's are not
        shown. With `frames=0` it is a cheap look that only starts the ages.

        Args:
            exclude: tasks not to show, by `id()`: the one that asks.
            frames: depth at which an await chain is cut.
        """
        pace = Pace()
        references = pace.hold(self._list_tasks)
        look = _Look(self._clock(), exclude, frames, self._first_seen)
        rows: list[TaskInfo] = []
        for position, reference in enumerate(references, start=1):
            row = _see(reference(), look)
            if row is not None:
                rows.append(row)
            if position % TASKS_PER_STRETCH == 0:
                pace.rest()
        pace.rest()
        self._first_seen = look.seen
        return tuple(rows), pace.price()


def _see(task: object, look: _Look) -> TaskInfo | None:
    """One task, noted as seen; None for one that is over, foreign or excluded."""
    facts = _facts(task)
    if facts is None or facts.done or facts.coroutine is None or _find(task, look.seen):
        return None
    first = _find(task, look.before)
    look.seen[id(task)] = first or (weakref.ref(task), look.now)
    if id(task) in look.exclude:
        return None
    runs = is_running(facts.coroutine)
    stack = running_stack(facts.coroutine, look.frames) if runs else ()
    stack = stack or await_chain(facts.coroutine, look.frames)
    return TaskInfo(
        name=clean_name(facts.name) if type(facts.name) is str else "?",
        coroutine=coroutine_name(facts.coroutine),
        state="running" if runs else "waiting" if facts.waits else "ready",
        age_s=max(0.0, look.now - first[1]) if first else None,
        count=1,
        stack=look.stacks.setdefault(stack, stack),
    )


def find_tasks() -> list[TaskRef]:
    """Every task that asyncio knows, done or not, some perhaps twice."""
    return registered_tasks() + (tracked_tasks() if sys.version_info >= (3, 14) else [])


def registered_tasks() -> list[TaskRef]:
    """The tasks in asyncio's sets.

    A set is copied by one call into C, which neither hashes nor compares its elements,
    so a loop may change it before and after, but not meanwhile.
    """
    found: list[TaskRef] = []
    for name in WEAK_REGISTRIES:
        registry = getattr(asyncio.tasks, name, None)
        if type(registry) is weakref.WeakSet:
            found.extend(set.copy(registry.data))  # type: ignore[attr-defined]  # its set of references, not in the stubs
    eager = getattr(asyncio.tasks, "_eager_tasks", None)
    return found + (_references(list(set.copy(eager))) if type(eager) is set else [])


def tracked_tasks(list_objects: Callable[[], list[object]] = gc.get_objects) -> list[TaskRef]:
    """The tasks among what the collector tracks, which every task is."""
    return _references(list_objects())


def _references(objects: list[object]) -> list[TaskRef]:
    return [weakref.ref(o) for o in objects if issubclass(type(o), (C_TASK, PY_TASK))]


def _find(task: object, book: FirstSeen) -> tuple[TaskRef, float] | None:
    """The book's entry of this task; not of an earlier one that had its address."""
    entry = book.get(id(task))
    return entry if entry is not None and entry[0]() is task else None


def _facts(task: object) -> Facts | None:
    """What a task of asyncio's own classes, or of a subclass, carries."""
    if issubclass(type(task), PY_TASK):
        attributes = cast("dict[str, object]", read_py_attributes(task))
        state, name, coroutine, waiter = (
            dict.get(attributes, key) for key in ("_state", "_name", "_coro", "_fut_waiter")
        )
        pending = state is None or (type(state) is str and state == "PENDING")
        return Facts(not pending, name, coroutine, waiter is not None)
    if issubclass(type(task), C_TASK):
        waits = read_waiter(task) is not None
        return Facts(C_TASK.done(task), C_TASK.get_name(task), read_coroutine(task), waits)
    return None
