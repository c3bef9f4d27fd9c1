"""Lists what the collector tracks, without what may be under construction.

`tuple(generator)` fills a tuple that the collector already lists, and resizes it at its
end; `_PyTuple_Resize` (CPython, Objects/tupleobject.c) raises SystemError if anybody else
holds a reference by then. So a listing that keeps such a tuple while other threads run
breaks the application. From 3.12 on exact tuples are left out inside one call into C, in
which no other thread can run; those that are complete are found through what refers to
them. On 3.11 that did not help when it was tried, so there `SAFE` is false, and nothing
is listed unless somebody asks for it.
"""

import gc
import itertools
import sys
from collections.abc import Iterator
from itertools import chain, compress, tee
from operator import not_

__all__ = ["SAFE", "UNLISTED_IDS", "listed_objects"]

SAFE = sys.version_info >= (3, 12)

# Beside tuples: the iterators at work here. They hold the last objects that went through
# them, and they are listed themselves.
UNLISTED_IDS = frozenset(
    map(id, (tuple, chain, compress, map, type(tee(())[0]), itertools._tee_dataobject))  # type: ignore[attr-defined]  # noqa: SLF001 - the blocks in which tee keeps objects
)


def listed_objects() -> list[object]:
    """Tracked objects in one hold of the GIL; where that is `SAFE`, none of `UNLISTED_IDS`."""
    return list(_all_but_unlisted()) if SAFE else gc.get_objects()


def _all_but_unlisted() -> Iterator[object]:
    # In a frame of its own: a local variable would keep the last objects until its
    # function returns, and other threads may run before that. gc.get_objects is called
    # when the first object is asked for, within the one call that makes the list.
    objects, twins = tee(chain.from_iterable(map(gc.get_objects, (None,))))
    return compress(objects, map(not_, map(UNLISTED_IDS.__contains__, map(id, map(type, twins)))))
