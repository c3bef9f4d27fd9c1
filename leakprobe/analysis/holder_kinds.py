"""What kind of thing holds: the mistake behind a leak, by the way that leads to it."""

import re
from collections.abc import Callable

from leakprobe.model import HolderPath

__all__ = ["holder_kind", "is_below_limit", "is_task_step", "limit_of", "task_of", "thread_of"]

TASK = re.compile(r" \(task (?P<name>.*)\)$")
THREAD = re.compile(r" \(thread (?P<name>.*)\)$")
LIMIT = re.compile(r" \(at most (\d+)\)$")
# Caches of the standard library that drop entries at their bound, and do not show it to a walk.
# Lib/re/__init__.py: _MAXCACHE, _MAXCACHE2.
LIMITS = {"re._cache": 512, "re._cache2": 256}
TRACEBACK = ("attribute __traceback__", "attribute tb_next", "attribute tb_frame")


def holder_kind(path: HolderPath | None, state: str) -> str | None:
    """The kind of a holder as `SuspectHolder.kind` lists them; None: none of these.

    What says most comes first: a task that waits in a list of a module is a task.

    Args:
        path: the way from a root to what is held.
        state: what it hangs on, as in `ContainerHolder`.
    """
    if state == "garbage":
        return "uncollected cycle"
    if path is None:
        return "C code" if state == "c_held" else None
    for kind, tells in STEPS:
        if any(tells(step) for step in path.steps):
            return kind
    if state == "c_held" or path.steps[0].startswith("held by "):
        return "C code"
    if path.steps[0].startswith(("frame ", "thread ")):
        return "frame"
    second = path.steps[1] if len(path.steps) > 1 else ""
    if path.steps[0].startswith("class ") or second.startswith("class attribute "):
        return "class attribute"
    return "module global" if second.startswith("global ") else None


def is_task_step(step: str) -> bool:
    """Whether the step leads to an asyncio task."""
    return TASK.search(step) is not None


def task_of(path: HolderPath | None) -> str | None:
    """The coroutine of the last task on the way."""
    return _last(TASK, path)


def thread_of(path: HolderPath | None) -> str | None:
    """The type of the last thread on the way."""
    return _last(THREAD, path)


def limit_of(path: HolderPath | None) -> int | None:
    """How many entries the container at the end of a way may have; None: no limit is known.

    An `lru_cache` is known by its function; its entries are one step further.
    """
    if path is not None and path.text in LIMITS:
        return LIMITS[path.text]
    steps = list(() if path is None else path.steps)
    while steps and steps[-1] == "cached result":
        steps.pop()
    found = LIMIT.search(steps[-1]) if steps else None
    return None if found is None else int(found[1])


def is_below_limit(path: HolderPath | None) -> bool:
    """Whether a container with a limit is on the way."""
    if path is None:
        return False
    return any(LIMIT.search(step) for step in path.steps) or path.text.partition("[")[0] in LIMITS


def _last(pattern: re.Pattern[str], path: HolderPath | None) -> str | None:
    found = [pattern.search(step) for step in (() if path is None else path.steps)]
    names = [match["name"] for match in found if match is not None]
    return names[-1] if names else None


def _ends(*ends: str) -> Callable[[str], bool]:
    return lambda step: step.endswith(ends)


def _begins(*begins: str) -> Callable[[str], bool]:
    return lambda step: step.startswith(begins)


STEPS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("exception traceback", _begins(*TRACEBACK)),
    ("asyncio task", is_task_step),
    ("lru_cache", _begins("cached result")),
    ("logging handler", _ends("(logging handler)")),
    ("timer handle", _ends("(timer handle)")),
    ("weakref callback", _begins("attribute __callback__")),
    ("weakref callback", lambda step: step == "class weakref.finalize"),
    ("thread-local", _begins("thread-local")),
    ("context variable", _begins("context variable")),
    ("closure", _begins("closure variable")),
)
