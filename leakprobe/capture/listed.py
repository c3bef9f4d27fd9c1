"""What a walk in the running process can do to the application, and how we keep clear of it.

`tuple(generator)` fills a tuple that the collector already lists, and resizes it at its
end; `_PyTuple_Resize` (CPython, Objects/tupleobject.c) raises SystemError if anybody else
holds a reference by then. `gc.get_objects` hands out such a reference, and other threads
run while a walk works through it. Leaving tuples out inside one call into C (`tee` and
`compress`) did not help reliably when it was tried. So no such walk is made unasked while
the application serves; those that work on a copy of the process are.
"""

import sys

__all__ = ["untraversable"]


def untraversable() -> object | None:
    """The module that must not be given to `gc.get_referents`, if there is one.

    Before 3.12.6 traversing `_asyncio` revives dead objects of its free list, and the
    next collection never ends (https://github.com/python/cpython/issues/122695).
    """
    return sys.modules.get("_asyncio") if (3, 12) <= sys.version_info < (3, 12, 6) else None
