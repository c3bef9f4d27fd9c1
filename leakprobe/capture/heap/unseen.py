"""Lists that the collector does not go through.

A list of a million objects is young when a walk has just made it, so the next collection
of the youngest generation, which any thread may cause at any time, goes through all of it
and holds the GIL for 30 to 45 ms. A list that the collector does not track is not gone
through; what it refers to counts as referred to from outside, which it is.
"""

from collections.abc import Callable
from functools import cache

__all__ = ["unseen"]

Objects = list[object]


def unseen(objects: Objects) -> Objects:
    """The same list, untracked (CPython, Modules/gcmodule.c: PyObject_GC_UnTrack).

    It must not end up in a cycle, which nobody would free. Without ctypes it stays tracked.
    """
    _untrack()(objects)
    return objects


@cache
def _untrack() -> Callable[[Objects], object]:
    try:
        import ctypes
    except ImportError:
        return lambda _: None
    function = ctypes.pythonapi.PyObject_GC_UnTrack
    function.argtypes = (ctypes.py_object,)
    function.restype = None
    return function
