"""Live objects by type, counted by walking references in the running process.

The collector lists what it tracks; strings, numbers, bytes, dicts and tuples of such are
found through references. One call lists the objects and holds the application while it
does; the rest works in stretches of a few milliseconds. Nothing of the application is
called, and the collector is neither run nor switched off. An object that dies while the
walk holds it is released here, and its finalizer, if it has one, runs here.
"""

import gc
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from leakprobe.capture.heap.addresses import AddressMap
from leakprobe.capture.heap.kinds import PLAIN_IDS, Kind, KindBook
from leakprobe.capture.heap.listing import (
    Lister,
    batches,
    check_headroom,
    mark_own,
    tracked_objects,
)
from leakprobe.capture.heap.references import references
from leakprobe.capture.heap.unseen import unseen
from leakprobe.capture.pace import Pace
from leakprobe.model.memory import Price, TypeCount

__all__ = ["count_types"]

Objects = list[object]
Groups = list[tuple[Kind, Objects]]


def count_types(
    *,
    own: Iterable[object] = (),
    available_bytes: int | None = None,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.perf_counter,
    list_objects: Lister = gc.get_objects,
) -> tuple[tuple[TypeCount, ...], Price]:
    """Live objects, shallow and owned bytes of every type, the most owned bytes first.

    `bytes` and `owned_bytes` have the same sum over all types: that of every object seen.

    Args:
        own: the agent's tables; they and what they hold are left out.
        available_bytes: memory that is left, where that is known.
        pause: lets other threads run.
        clock: wall time, in seconds.
        list_objects: lists the tracked objects.

    Raises:
        NotEnoughMemory: the walk would take more than half of what is left.
    """
    check_headroom(available_bytes)
    pace = Pace(pause, clock)
    roots = [own, *own, pace]
    walk = _Walk(pace)
    listing = tracked_objects(list_objects, walk.book, pace)
    mark_own([roots, *roots, walk], walk.seen, walk.book)
    later = unseen([])
    while listing:
        _charge_owners(walk, listing, later)
    for batch in batches(later):
        for kind, objects in walk.book.grouped(batch):
            walk.charge(kind, objects, through=False)
    return walk.result(), pace.price()


def _charge_owners(walk: "_Walk", listing: Objects, later: Objects) -> None:
    """Count the next objects of the listing, and charge to them what they own.

    Containers move to `later`. Here no list but the listing or `later` may hold one: the
    number of references to it decides who owns what is in it.
    """
    for kind, objects in _counted(walk, listing, later):
        walk.charge(kind, objects, through=True)
    walk.pace.rest()


def _counted(walk: "_Walk", listing: Objects, later: Objects) -> Groups:
    owners: Groups = []
    batch = next(batches(listing))
    for kind, objects in walk.book.grouped(walk.seen.add_new(batch)):
        mine = [o for o in objects if not walk.book.of(o).ours] if kind.is_class else objects  # type: ignore[arg-type]  # the kind says that they are classes
        walk.count(kind, mine, owner=kind)
        if kind.plain or kind.plumbing:
            later += mine
        else:
            owners.append((kind, mine))
    return owners


@dataclass(slots=True, eq=False)
class _Tally:
    kind: Kind
    objects: int = 0
    bytes: int = 0
    owned_bytes: int = 0


class _Walk:
    """The tables of one walk. They live as long as the walk."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.book = KindBook()
        self.seen = AddressMap()
        self._tallies: dict[int, _Tally] = {}

    def count(self, kind: Kind, objects: Objects, owner: Kind) -> None:
        """Count objects of one type, and charge them to `owner`."""
        size = kind.bytes_of(objects)
        tally = self._tally(kind)
        tally.objects += len(objects)
        tally.bytes += size
        self._tally(owner).owned_bytes += size

    def charge(self, owner: Kind, objects: Objects, *, through: bool) -> None:
        """Count what these objects refer to and nobody counted yet, and charge it to `owner`.

        With `through` also what is in containers that nothing else refers to.
        """
        todo: Groups = [(owner, objects)]
        while todo:
            kind, group = todo.pop()
            for held in references(kind, group):
                todo += self._count_untracked(owner, held)
                if through:
                    todo += self.book.grouped(solely_held(held))
                self.pace.rest()

    def result(self) -> tuple[TypeCount, ...]:
        """What was counted. Types that share a name are one row."""
        rows: dict[str, list[int]] = {}
        for tally in self._tallies.values():
            row = rows.setdefault(tally.kind.name, [0, 0, 0])
            row[0] += tally.objects
            row[1] += tally.bytes
            row[2] += tally.owned_bytes
        counts = [TypeCount(name, *row) for name, row in rows.items() if row[0]]
        return tuple(sorted(counts, key=lambda count: (-count.owned_bytes, count.type)))

    def _count_untracked(self, owner: Kind, held: Objects) -> Iterator[tuple[Kind, Objects]]:
        """Count the untracked among them; those that refer to more are given back."""
        loose = [o for o in held if not is_tracked(o)]
        for kind, objects in self.book.grouped(self.seen.add_new(loose)):
            self.count(kind, objects, owner)
            if kind.traversed:
                yield kind, objects

    def _tally(self, kind: Kind) -> _Tally:
        tally = self._tallies.get(id(kind.cls))
        if tally is None:
            tally = self._tallies[id(kind.cls)] = _Tally(kind)
        return tally


def solely_held(held: Objects) -> Objects:
    """The tracked plain containers among referents that only their holder refers to."""
    containers = _containers(held)
    counts = map(sys.getrefcount, containers)
    return [containers[i] for i, count in enumerate(counts) if count <= SOLE]


def _containers(held: Objects) -> Objects:
    return [o for o in held if id(type(o)) in PLAIN_IDS and is_tracked(o)]


def _count_for_one_holder() -> int:
    """What `sys.getrefcount` says of a container with one holder, listed, as a referent.

    It differs between versions of Python, so it is read from a container that is just so.
    """
    listing: list[list[object]] = [[]]
    holder = [listing[0]]
    held = gc.get_referents(holder)
    return next(map(sys.getrefcount, _containers(held)))


is_tracked = gc.is_tracked
SOLE = _count_for_one_holder()
