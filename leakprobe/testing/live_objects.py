"""The live objects of some types, in this process, also those that the collector does not track.

The collector lists what it tracks. Bytes, strings, numbers and the like it does not, nor
tuples and dicts of such: they are found through the references of all others, which takes
a third of a second for 200,000 objects. What only C code holds is not found then.
"""

import gc

from leakprobe.capture.heap.addresses import AddressMap
from leakprobe.capture.heap.kinds import Kind, KindBook
from leakprobe.capture.heap.listing import batches, mark_own, tracked_objects
from leakprobe.capture.heap.references import references
from leakprobe.capture.names import HAVE_GC, type_flags
from leakprobe.capture.pace import Pace
from leakprobe.capture.referrers.universe import collect

__all__ = ["live_objects"]

Objects = list[object]

# The collector stops tracking these where they hold nothing that it tracks.
UNTRACKED_AT_TIMES = frozenset(map(id, (tuple, dict)))


def live_objects(classes: list[type], own: tuple[object, ...]) -> Objects:
    """Every object that is exactly of one of these types, each once.

    Args:
        classes: subclasses are not included by themselves.
        own: tables of ours; they and what they hold are left out.
    """
    search = _Search(classes, own)
    try:
        if all(map(_always_tracked, classes)):
            search.listed()
        else:
            search.everywhere()
        return search.found
    finally:
        search.forget()


def _always_tracked(cls: type) -> bool:
    return bool(type_flags(cls) & HAVE_GC) and id(cls) not in UNTRACKED_AT_TIMES


class _Search:
    """Finds objects, and never what it works with: that is all in `_own`, and no method of it
    is bound to a variable.
    """

    def __init__(self, classes: list[type], own: tuple[object, ...]) -> None:
        self.found: Objects = []
        self._own = [own, *own, classes, self]
        self._wanted = frozenset(map(id, classes))
        self._book = KindBook()
        self._pace = Pace()

    def forget(self) -> None:
        """End the cycle that it is, which would keep what was found."""
        self._own.clear()

    def listed(self) -> None:
        """Look at what the collector tracks, and what is frozen."""
        listing = tracked_objects(gc.get_objects, self._book, self._pace)
        seen = AddressMap()
        mark_own(self._own, seen, self._book)
        for batch in batches(listing):
            self.found += seen.add_new(_of_types(batch, self._wanted))
            self._pace.rest()

    def everywhere(self) -> None:
        """Look at all that can be reached, and at the variables of running functions."""
        universe = collect(gc.get_objects, self._own, self._book, self._pace, self)
        seen = AddressMap()
        seen.add_new(self.found)
        for running in universe.frames:
            self._look_below(seen, [value for _, value in running.variables])
        universe.release()

    def __call__(self, kind: Kind, objects: Objects) -> None:
        if id(kind.cls) in self._wanted:
            self.found += objects

    def _look_below(self, seen: AddressMap, values: Objects) -> None:
        """Untracked objects among these, and what such of them hold."""
        todo = self._book.grouped(_new_untracked(seen, values))
        while todo:
            kind, objects = todo.pop()
            self(kind, objects)
            if kind.traversed:
                for held in references(kind, objects):
                    todo += self._book.grouped(_new_untracked(seen, held))


# Apart, as a comprehension makes cells of the variables that it uses, up to Python 3.11, and
# the cells of a function that runs while objects are listed would be among them.
def _of_types(objects: Objects, wanted: frozenset[int]) -> Objects:
    return [o for o in objects if id(type(o)) in wanted]


def _new_untracked(seen: AddressMap, objects: Objects) -> Objects:
    return seen.add_new([o for o in objects if not gc.is_tracked(o)])
