"""The objects that a walk begins with: what the collector tracks, less what is ours."""

import gc
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator

from leakprobe.capture.heap.addresses import AddressMap
from leakprobe.capture.heap.kinds import CONTAINER_IDS, KindBook
from leakprobe.capture.heap.references import OBJECTS_AT_ONCE, references
from leakprobe.capture.heap.unseen import unseen
from leakprobe.capture.listed import untraversable
from leakprobe.capture.pace import Pace
from leakprobe.errors import NotEnoughMemory

__all__ = ["batches", "check_headroom", "mark_own", "tracked_objects"]

Objects = list[object]
Lister = Callable[[], Objects]

# Measured: 3 to 4 bytes at 4 million blocks; the listing alone takes 8 where all is tracked.
BYTES_PER_BLOCK = 16
BYTES_AT_LEAST = 1 << 20
# Python 3.12 counts some 400 immortal objects of its own as frozen; gc.freeze() means more.
FROZEN_BY_ITSELF = 1000
# What a table may consist of: containers and columns of numbers, which the collector tracks.
TABLE_IDS = CONTAINER_IDS | {id(array)}


def tracked_objects(list_objects: Lister, book: KindBook, pace: Pace) -> Objects:
    """Every object that the collector tracks, the frozen ones too (`gc.freeze`).

    The collector does not list what is frozen, so that is found by following references
    from what is listed and from the loaded modules; what only C code refers to is missed.
    """
    unseen([])  # its first call imports, which may collect: not with a large list around
    listing = unseen(pace.hold(list_objects))
    _leave_out(untraversable(), listing)
    if gc.get_freeze_count() > FROZEN_BY_ITSELF:
        _add_frozen(listing, book, pace)
    return listing


def mark_own(own: Iterable[object], seen: AddressMap, book: KindBook) -> None:
    """Put our own tracked objects into `seen`, so that a walk passes them by.

    Ours is what can be reached from `own` through containers, arrays, and instances of
    leakprobe's own classes. What those share with the application, such as a string, is
    not marked: it is counted if the application refers to it.
    """
    todo = seen.add_new(filter(gc.is_tracked, own))
    while todo:
        group, todo = todo, []
        for kind, objects in book.grouped(group):
            for held in references(kind, objects):
                todo += seen.add_new(
                    o
                    for o in held
                    if (id(type(o)) in TABLE_IDS or book.of(type(o)).ours) and gc.is_tracked(o)
                )


def batches(objects: Objects) -> Iterator[Objects]:
    """Take objects from the end of a list, some hundreds at a time, until it is empty."""
    while objects:
        batch = objects[-OBJECTS_AT_ONCE:]
        del objects[-OBJECTS_AT_ONCE:]
        yield batch


def check_headroom(
    available_bytes: int | None,
    blocks: int | None = None,
    *,
    bytes_per_block: int = BYTES_PER_BLOCK,
) -> None:
    """Refuse a walk that would take more than half of the memory that is left.

    Args:
        available_bytes: what is left; None: not known, and nothing is refused.
        blocks: allocated blocks of the process; None: ask the interpreter.
        bytes_per_block: what the walk needs for each of them.

    Raises:
        NotEnoughMemory: it would.
    """
    if available_bytes is None:
        return
    count = sys.getallocatedblocks() if blocks is None else blocks
    needed = count * bytes_per_block + BYTES_AT_LEAST
    if needed > available_bytes // 2:
        raise NotEnoughMemory(
            f"the walk would take about {needed >> 20} MiB and {available_bytes >> 20} MiB are"
            " left; it takes half of that at most"
        )


def _leave_out(what: object | None, listing: Objects) -> None:
    if what is None:
        return
    for position, o in enumerate(listing):
        if o is what:
            listing[position] = listing[-1]
            del listing[-1]
            return


def _add_frozen(listing: Objects, book: KindBook, pace: Pace) -> None:
    known = AddressMap()
    for start in range(0, len(listing), OBJECTS_AT_ONCE):
        known.add_new(listing[start : start + OBJECTS_AT_ONCE])
        pace.rest()
    known.add_new([untraversable()])
    found = known.add_new([sys.modules])
    listing += found
    done = 0
    while done < len(listing):
        batch = listing[done : done + OBJECTS_AT_ONCE]
        done += len(batch)
        for kind, objects in book.grouped(batch):
            for held in references(kind, objects):
                listing += known.add_new(filter(gc.is_tracked, held))
                pace.rest()
