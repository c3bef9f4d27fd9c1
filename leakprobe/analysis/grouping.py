"""Threads and tasks as groups: fifty that wait in one place are one line with a count."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from typing import TypeVar

from leakprobe.model.live import TaskInfo, ThreadInfo

__all__ = ["group_tasks", "group_threads"]

Member = TypeVar("Member", ThreadInfo, TaskInfo)


def group_threads(threads: Iterable[ThreadInfo]) -> tuple[ThreadInfo, ...]:
    """Threads that stand in the same stack as one, the largest group first.

    Threads without a stack, which Python does not know, are grouped by name. Name, ids
    and daemon are those of the oldest member; counts and CPU times add up.
    """
    groups = _gather(threads, lambda thread: thread.stack or thread.name)
    return _largest_first(
        replace(_oldest(members), count=_count(members), cpu_s=_sum(m.cpu_s for m in members))
        for members in groups
    )


def group_tasks(tasks: Iterable[TaskInfo]) -> tuple[TaskInfo, ...]:
    """Tasks of one coroutine that wait in the same place as one, the largest group first.

    Name and state are those of the oldest member.
    """
    groups = _gather(tasks, lambda task: (task.coroutine, task.stack))
    return _largest_first(replace(_oldest(members), count=_count(members)) for members in groups)


def _gather(members: Iterable[Member], key: Callable[[Member], Hashable]) -> Iterable[list[Member]]:
    groups: dict[Hashable, list[Member]] = {}
    for member in members:
        groups.setdefault(key(member), []).append(member)
    return groups.values()


def _largest_first(groups: Iterable[Member]) -> tuple[Member, ...]:
    return tuple(sorted(groups, key=lambda group: -group.count))


def _oldest(members: list[Member]) -> Member:
    """The one with the greatest age; the first one where ages are equal or not known."""
    return max(members, key=lambda member: -1.0 if member.age_s is None else member.age_s)


def _count(members: list[Member]) -> int:
    return sum(member.count for member in members)


def _sum(values: Iterable[float | None]) -> float | None:
    """The sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
