"""Half of a snapshot, where a whole one takes too much."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from leakprobe.model import Snapshot

__all__ = ["lighter"]

Item = TypeVar("Item")


def lighter(snapshot: Snapshot) -> Snapshot:
    """The snapshot with the heavier half of its stacks, types, containers and groups."""
    return replace(
        snapshot,
        stacks=_heavier_half(snapshot.stacks or (), lambda live: live.bytes),
        types=_heavier_half(snapshot.types or (), lambda count: count.bytes),
        containers=_heavier_half(snapshot.containers or (), lambda container: container.length),
        groups=_heavier_half(snapshot.groups or (), lambda group: group.count),
    )


def _heavier_half(items: Sequence[Item], weight: Callable[[Item], int]) -> tuple[Item, ...] | None:
    order = sorted(range(len(items)), key=lambda position: weight(items[position]), reverse=True)
    return tuple(items[position] for position in sorted(order[: len(items) // 2])) or None
