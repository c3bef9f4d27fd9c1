"""Takes the sampler's hooks away and puts them back, for comparisons within one process.

leakprobe itself never takes them away: somebody else may have put hooks on top. In a
benchmark nobody has, and only so can a process be measured bare and sampled in turn.
"""

import ctypes
import sys
from dataclasses import dataclass

DOMAINS = (0, 1, 2)  # PYMEM_DOMAIN_RAW, _MEM and _OBJ (Include/cpython/pymem.h)
HAS_REFERENCE_TRACER = sys.version_info >= (3, 13)


class Allocator(ctypes.Structure):
    """`PyMemAllocatorEx` (Include/cpython/pymem.h)."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("ctx", "malloc", "calloc", "realloc", "free")]


@dataclass(frozen=True, slots=True)
class Hooks:
    """What stands at one moment between CPython and its allocators."""

    allocators: tuple[Allocator, ...]
    tracer: int | None
    tracer_data: int | None


def hooks() -> Hooks:
    """What stands there now."""
    found = []
    for domain in DOMAINS:
        allocator = Allocator()
        ctypes.pythonapi.PyMem_GetAllocator(domain, ctypes.byref(allocator))
        found.append(allocator)
    return Hooks(tuple(found), *_reference_tracer())


def put(wanted: Hooks) -> None:
    """Let these stand there."""
    for domain, allocator in zip(DOMAINS, wanted.allocators, strict=True):
        put_one(domain, allocator)
    if HAS_REFERENCE_TRACER:
        pointers = (ctypes.c_void_p(wanted.tracer), ctypes.c_void_p(wanted.tracer_data))
        if ctypes.pythonapi.PyRefTracer_SetTracer(*pointers) != 0:
            raise RuntimeError("the reference tracer could not be set")


def put_one(domain: int, allocator: Allocator) -> None:
    """Let this stand in one domain."""
    ctypes.pythonapi.PyMem_SetAllocator(domain, ctypes.byref(allocator))


def _reference_tracer() -> tuple[int | None, int | None]:
    if not HAS_REFERENCE_TRACER:
        return None, None
    data = ctypes.c_void_p()
    get = ctypes.pythonapi.PyRefTracer_GetTracer
    get.restype = ctypes.c_void_p
    return get(ctypes.byref(data)), data.value
