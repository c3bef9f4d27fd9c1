"""What became of live memory between two moments, stack by stack.

The bytes of a sampled tracer are estimates. Every sample is drawn by itself, so
variances add up: that of an estimate is the sum over its samples (Horvitz and Thompson,
1952). In the difference of two estimates the samples that live at both moments cancel
out, and with them their error: what is left is that of what was freed and of what is
new. So a small leak in a large stable heap is measured with the error of the leak.
"""

import math
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from leakprobe.errors import NotAvailable
from leakprobe.model import Frame, LiveStack, Snapshot, Stack

__all__ = ["Change", "StackChange", "stack_changes", "stacks_of", "sums"]

Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True)
class Change:
    """What became of some memory: how much of it there is at the end, and how much more.

    `variance` is that of `bytes_diff`; 0 where everything is exact.
    """

    bytes: int = 0
    bytes_diff: int = 0
    objects: int = 0
    objects_diff: int = 0
    variance: int = 0

    @property
    def bytes_error(self) -> int:
        """The standard error of `bytes_diff`."""
        return round(math.sqrt(self.variance))

    @property
    def weight(self) -> tuple[int, int]:
        """What to compare changes by."""
        return self.bytes_diff, self.objects_diff

    def count(self, sign: int, size: int, objects: int) -> None:
        """Count what was there at the end (sign 1) or at the start (sign -1)."""
        self.bytes_diff += sign * size
        self.objects_diff += sign * objects
        if sign > 0:
            self.bytes += size
            self.objects += objects

    def add(self, other: "Change") -> None:
        """Add what became of other memory."""
        self.bytes += other.bytes
        self.bytes_diff += other.bytes_diff
        self.objects += other.objects
        self.objects_diff += other.objects_diff
        self.variance += other.variance


@dataclass(slots=True)
class StackChange:
    """What became of the memory that one stack allocated for requests of one route.

    Attributes:
        stack: the stack.
        number: stands for the stack: equal where the stacks are.
        route: as in `LiveStack`.
        change: what became of it.
    """

    stack: Stack
    number: tuple[int, ...]
    route: str | None
    change: Change = field(default_factory=Change)


def stack_changes(start: Snapshot, end: Snapshot) -> list[StackChange]:
    """What became of each stack and route.

    The variance of a difference: samples born by the earlier moment are the same in both
    snapshots but for what was freed in between, so their variances are subtracted; all
    other variances are added. A row that does not say when it was born is taken as one
    whose samples are all different, which overstates the error.

    Raises:
        NotAvailable: one of the snapshots has no stacks.
    """
    number, earlier_s = _numbering(), min(start.uptime_s, end.uptime_s)
    changes: dict[tuple[tuple[int, ...], str | None], StackChange] = {}
    common: dict[tuple[tuple[int, ...], str | None], int] = {}
    for snapshot, sign in ((start, -1), (end, 1)):
        for live in stacks_of(snapshot):
            key = number(live.stack), live.route
            if key not in changes:
                changes[key] = StackChange(live.stack, *key)
            changes[key].change.count(sign, live.bytes, live.objects)
            if live.born_by_s is not None and live.born_by_s <= earlier_s:
                common[key] = common.get(key, 0) + sign * live.bytes_error**2
            else:
                changes[key].change.variance += live.bytes_error**2
    for key, variance in common.items():
        changes[key].change.variance += abs(variance)
    return list(changes.values())


def stacks_of(snapshot: Snapshot) -> tuple[LiveStack, ...]:
    """The snapshot's stacks.

    Raises:
        NotAvailable: it has none.
    """
    if snapshot.stacks is not None:
        return snapshot.stacks
    if snapshot.tracer == "off":
        why = "nothing traced allocations then (tracer=off); /types works without"
    else:
        why = "they were not read then, or dropped to save memory; compare with another"
    raise NotAvailable(f"snapshot {snapshot.id} has no allocation stacks: {why}")


def sums(changes: Iterable[tuple[Key, Change]]) -> dict[Key, Change]:
    """The changes added up by their keys, in the order of the keys' first appearance."""
    by_key: dict[Key, Change] = {}
    for key, change in changes:
        by_key.setdefault(key, Change()).add(change)
    return by_key


def _numbering() -> Callable[[Stack], tuple[int, ...]]:
    """A function from stacks to numbers that are equal where the stacks are.

    Hashing a stack means hashing each of its frames; snapshots share frames between
    their stacks, and stacks between routes and ages, so each is looked at once. The
    snapshots must live meanwhile.
    """
    by_frame: dict[Frame, int] = {}
    frames_by_id: dict[int, int] = {}
    stacks_by_id: dict[int, tuple[int, ...]] = {}

    def number_of_frame(frame: Frame) -> int:
        number = frames_by_id.get(id(frame))
        if number is None:
            number = frames_by_id[id(frame)] = by_frame.setdefault(frame, len(by_frame))
        return number

    def number_of(stack: Stack) -> tuple[int, ...]:
        number = stacks_by_id.get(id(stack))
        if number is None:
            number = stacks_by_id[id(stack)] = tuple(map(number_of_frame, stack.frames))
        return number

    return number_of
