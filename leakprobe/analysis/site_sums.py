"""Live bytes by line of the application: what survives, and where it came from.

A stack is looked at once for as long as it lives: readings share their stacks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from leakprobe.model import Frame, LiveStack, Stack
from leakprobe.model.application import application_frame

__all__ = ["SiteGrowth", "SiteSums"]

UNKNOWN_SITE = Frame("<unknown>", 0)
FEWEST_SITES_KEPT = 1000


@dataclass(frozen=True, slots=True)
class SiteGrowth:
    """What is new and alive of one line, at the latest reading.

    Attributes:
        bytes: born since, and survived the reading before.
        objects: how many blocks.
        variance: of `bytes`; 0 where the tracer is exact.
        old_bytes: born before.
        stack: the one that most of it came from.
        tags: bytes by the route that allocated them, the most first.
    """

    bytes: int
    objects: int
    variance: int
    old_bytes: int
    stack: tuple[Frame, ...]
    tags: tuple[tuple[str | None, int], ...]


class SiteSums:
    """Adds up stacks by the line of the application that they came from."""

    __slots__ = ("_numbers", "_sites", "_stacks")

    def __init__(self) -> None:
        self._stacks: dict[int, tuple[Stack, int]] = {}
        self._sites: list[Frame] = []
        self._numbers: dict[Frame, int] = {}

    @property
    def size_bytes(self) -> int:
        """About what it takes; the stacks are the tracer's."""
        return 200 * len(self._stacks) + 150 * len(self._sites)

    def survivors(self, stacks: Iterable[LiveStack], born_by_s: float) -> Mapping[Frame, int]:
        """Bytes of each line that were there at some uptime already.

        Where it is not known when memory was allocated, all of it counts.
        """
        known, kept = self._stacks, {}
        sums: dict[int, int] = {}
        for live in stacks:
            stack = live.stack
            entry = known.get(id(stack))
            if entry is None:
                entry = known[id(stack)] = stack, self._number(stack)
            kept[id(stack)] = entry
            born = live.born_by_s
            if born is None or born <= born_by_s:
                number = entry[1]
                sums[number] = sums.get(number, 0) + live.bytes
        self._stacks = kept
        found = {self._sites[number]: size for number, size in sums.items()}
        if len(self._sites) > 2 * len(kept) + FEWEST_SITES_KEPT:
            self._forget_sites()
        return found

    def growth_of(
        self, site: Frame, stacks: Iterable[LiveStack], born_after_s: float, born_by_s: float
    ) -> SiteGrowth:
        """What became of one line between two moments, of which the later is nearly now."""
        number = self._numbers.get(site)
        size = objects = variance = old = 0
        by_stack: dict[int, int] = {}
        by_route: dict[str | None, int] = {}
        frames: dict[int, tuple[Frame, ...]] = {}
        for live in stacks:
            entry = self._stacks.get(id(live.stack))
            if entry is None or entry[1] != number:
                continue
            born = live.born_by_s
            if born is not None and born > born_by_s:
                continue
            if born is not None and born <= born_after_s:
                old += live.bytes
                continue
            size += live.bytes
            objects += live.objects
            variance += live.bytes_error**2
            key = id(live.stack)
            by_stack[key] = by_stack.get(key, 0) + live.bytes
            frames[key] = live.stack.frames
            by_route[live.route] = by_route.get(live.route, 0) + live.bytes
        heaviest = max(by_stack, key=by_stack.__getitem__, default=None)
        return SiteGrowth(
            bytes=size,
            objects=objects,
            variance=variance,
            old_bytes=old,
            stack=() if heaviest is None else frames[heaviest],
            tags=tuple(sorted(by_route.items(), key=lambda tag: (-tag[1], tag[0] or ""))),
        )

    def _forget_sites(self) -> None:
        """Forget those of stacks that are gone; all others are numbered anew."""
        stacks = [stack for stack, _ in self._stacks.values()]
        self._sites, self._numbers = [], {}
        self._stacks = {id(stack): (stack, self._number(stack)) for stack in stacks}

    def _number(self, stack: Stack) -> int:
        site = application_frame(stack.frames) or UNKNOWN_SITE
        number = self._numbers.get(site)
        if number is None:
            number = self._numbers[site] = len(self._sites)
            self._sites.append(site)
        return number
