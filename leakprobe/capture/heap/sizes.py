"""The shallow size of an object, without running a `__sizeof__` that is written in Python.

`sys.getsizeof` asks the object. Here the first `__sizeof__` written in C is taken, from
the class itself or from what it inherits from, and what the interpreter puts in front of
the object is added as in CPython's Python/sysmodule.c (_PySys_GetSizeOf) and
Include/internal/pycore_object.h (_PyType_PreHeaderSize).
"""

import sys
from collections.abc import Callable
from types import MethodDescriptorType

from leakprobe.capture.names import (
    HAVE_GC,
    HEAP_TYPE,
    TYPE_SUBCLASS,
    class_namespace,
    type_flags,
    type_mro,
)

__all__ = ["Sizer", "header_size", "shallow_size", "sizer_of"]

Sizer = Callable[[object], int]

# Py_TPFLAGS_MANAGED_WEAKREF (3.12) and Py_TPFLAGS_MANAGED_DICT: two pointers in front.
MANAGED = 1 << 3 | 1 << 4
HEADER_SIZE = 16
# Classes that are C statics have no header; not every version of sys.getsizeof knows.
STATIC_CLASS_HEADER = sys.getsizeof(int) - type.__sizeof__(int)


def shallow_size(o: object) -> int:
    """Bytes of the object itself, its headers included, of nothing that it refers to."""
    cls = type(o)
    return sizer_of(cls)(o) + header_size(cls, o)


def sizer_of(cls: type) -> Sizer:
    """The `__sizeof__` in C that holds for instances of a class. Costs a walk over its bases."""
    for base in type_mro(cls):
        for name, value in class_namespace(base).items():
            if type(name) is str and name == "__sizeof__" and type(value) is MethodDescriptorType:
                return value
    return object.__sizeof__


def header_size(cls: type, o: object = None) -> int:
    """Bytes in front of an instance of a class; `o` matters only where it is a class itself."""
    flags = type_flags(cls)
    if flags & TYPE_SUBCLASS and o is not None and not type_flags(o) & HEAP_TYPE:  # type: ignore[arg-type]  # the flag says that it is a class
        return STATIC_CLASS_HEADER
    return HEADER_SIZE * bool(flags & HAVE_GC) + HEADER_SIZE * bool(flags & MANAGED)
