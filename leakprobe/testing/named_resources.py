"""Threads, tasks, descriptors and children by what they are, to say which of them grew."""

from leakprobe.capture.resources import read_groups
from leakprobe.capture.tasks import TaskCamera, find_tasks
from leakprobe.model.memory import ResourceGroup

__all__ = ["NamedCounts", "count_named", "grown_names"]

FRAMES = 4

NamedCounts = dict[tuple[str, str], int]


def count_named() -> NamedCounts:
    """How many there are of each, by resource (`threads`, `tasks`, `fds`, `children`) and name."""
    tasks = TaskCamera().read(frames=FRAMES)[0] if find_tasks() else ()
    return by_name(read_groups(tasks)[0])


def by_name(groups: tuple[ResourceGroup, ...]) -> NamedCounts:
    """Groups as a table."""
    return {(group.resource, group.name): group.count for group in groups}


def grown_names(before: NamedCounts, now: NamedCounts, resource: str) -> tuple[str, ...]:
    """What grew of one resource, the most first: `+3 file /srv/data/*.wav`."""
    grown = [
        (count - before.get(key, 0), key[1])
        for key, count in now.items()
        if key[0] == resource and count > before.get(key, 0)
    ]
    return tuple(f"+{count:,} {name}" for count, name in sorted(grown, reverse=True))
