"""The live objects of some types, in this process, also those that the collector does not track.

The collector lists what it tracks. Bytes, strings, numbers and the like it does not, nor
tuples and dicts of such: they are found through the references of all others, which takes
a tenth of a second or more. What only C code holds is not found then.

Objects are sorted out by calls into C that allocate nothing: under tracemalloc each new
number would be recorded with its stack, and the search would take twenty times as long.
"""

import gc
from collections.abc import Iterable, Iterator
from itertools import compress, filterfalse, repeat
from operator import is_, not_
from typing import TypeVar

from leakprobe.capture.heap.addresses import AddressMap
from leakprobe.capture.heap.kinds import KindBook
from leakprobe.capture.heap.listing import batches, mark_own, tracked_objects
from leakprobe.capture.heap.references import references
from leakprobe.capture.names import HAVE_GC, type_flags
from leakprobe.capture.pace import Pace
from leakprobe.capture.referrers.frames import running_frames

__all__ = ["live_objects"]

Objects = list[object]
Thing = TypeVar("Thing")

# The collector stops tracking these where they hold nothing that it tracks.
UNTRACKED_AT_TIMES: list[type] = [tuple, dict]
# Above, one look-up for each object is cheaper than one pass for each class.
FEW_CLASSES = 16


def live_objects(classes: list[type], own: tuple[object, ...]) -> Objects:
    """Every object that is exactly of one of these types, each once.

    Args:
        classes: subclasses are not included by themselves.
        own: tables of ours; they and what they hold are left out.
    """
    search = _Search(classes, own)
    try:
        search.run()
        return search.found
    finally:
        search.forget()


class _Search:
    """Finds objects, and never what it works with: that is all in `_own`, and no method of it
    is bound to a variable.
    """

    def __init__(self, classes: list[type], own: tuple[object, ...]) -> None:
        self.found: Objects = []
        self._own = [own, *own, classes, self]
        self._wanted = _Exactly(classes)
        self._containers = _Exactly(UNTRACKED_AT_TIMES)
        # The collector does not see the keys of dicts that have only strings for keys.
        self._keys_too = any(cls is str for cls in classes)
        self._below = not all(map(_always_tracked, classes))
        self._book = KindBook()
        self._pace = Pace()
        self._seen = AddressMap()
        self._opened = AddressMap()

    def run(self) -> None:
        """Look at what the collector tracks and what is frozen; if need be also below it."""
        listing = tracked_objects(gc.get_objects, self._book, self._pace)
        ours = _Ours()
        mark_own(self._own, ours, self._book)
        # Only now: what a frame's variables refer to must not pass for ours.
        frames = running_frames() if self._below else []
        for batch in batches(listing):
            others = ours.left_out_of(batch)
            self.found += self._seen.add_new(self._wanted.among(others))
            if self._below:
                self._look_below(others)
            self._pace.rest()
        for running in frames:
            for containers in self._look_at([value for _, value in running.variables]):
                self._look_below(containers)

    def forget(self) -> None:
        """End the cycle that it is, which would keep what was found."""
        self._own.clear()

    def _look_below(self, holders: Objects) -> None:
        """Look at what these refer to, through untracked containers however deep."""
        todo = [holders]
        while todo:
            for held in self._held_by(todo.pop()):
                todo += self._look_at(held)
                self._pace.rest()

    def _held_by(self, holders: Objects) -> Iterator[Objects]:
        if not self._keys_too:
            yield gc.get_referents(*holders)
            return
        for kind, objects in self._book.grouped(holders):
            if kind.traversed:
                yield from references(kind, objects)

    def _look_at(self, held: Objects) -> list[Objects]:
        """Take in the untracked objects among these; the containers of them come back."""
        untracked = list(filterfalse(gc.is_tracked, held))
        self.found += self._seen.add_new(self._wanted.among(untracked))
        containers = self._opened.add_new(self._containers.among(untracked))
        return [containers] if containers else []


class _Exactly:
    """Tells objects of some types from others, by the identity of their type."""

    def __init__(self, classes: list[type]) -> None:
        self._classes = classes
        self._ids = frozenset(map(id, classes))

    def among(self, objects: Objects) -> Objects:
        """Those of the objects that are exactly of one of the types."""
        types = list(map(type, objects))
        if len(self._classes) > FEW_CLASSES:
            return list(compress(objects, map(self._ids.__contains__, map(id, types))))
        found: Objects = []
        for cls in self._classes:
            found += compress(objects, map(is_, types, repeat(cls)))
        return found


class _Ours(AddressMap):
    """Our own objects: few, and looked up for every other."""

    __slots__ = ("_ids",)

    def __init__(self) -> None:
        super().__init__()
        self._ids: set[int] = set()

    def add_new(self, objects: Iterable[Thing]) -> list[Thing]:
        """As that of any map of addresses."""
        new = super().add_new(objects)
        self._ids.update(map(id, new))
        return new

    def left_out_of(self, objects: Objects) -> Objects:
        """The objects without ours."""
        return list(compress(objects, map(not_, map(self._ids.__contains__, map(id, objects)))))


def _always_tracked(cls: type) -> bool:
    return bool(type_flags(cls) & HAVE_GC) and not any(cls is each for each in UNTRACKED_AT_TIMES)
