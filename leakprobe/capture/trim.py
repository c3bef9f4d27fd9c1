"""Hands the memory that malloc holds free back to the system, on request.

What comes back is the proof of fragmentation: nobody used it (malloc_trim(3)).
"""

import ctypes
import time
from collections.abc import Callable

import psutil

from leakprobe.errors import NotAvailable
from leakprobe.model import Freed, Price

__all__ = ["trim"]

NOT_GLIBC = (
    "malloc_trim is glibc's, and this process has another C library; nothing is to be installed"
)


def trim(find: Callable[[], Callable[[], object] | None] | None = None) -> Freed:
    """Call `malloc_trim(0)`; the collector is not run before.

    The GIL is free meanwhile, but each of malloc's arenas is locked while it is trimmed:
    about 0.1 ms for a thousand free blocks. Pymalloc keeps its arenas.

    Args:
        find: finds the function; None where there is none.

    Raises:
        NotAvailable: the C library is not glibc.
    """
    malloc_trim = (find or _find)()
    if malloc_trim is None:
        raise NotAvailable(NOT_GLIBC)
    process = psutil.Process()
    before = process.memory_info().rss
    wall, cpu = time.perf_counter(), time.thread_time()
    malloc_trim()
    wall_ms = (time.perf_counter() - wall) * 1e3
    return Freed(
        action="trim",
        objects=None,
        uncollectable=None,
        rss_before_bytes=before,
        rss_after_bytes=process.memory_info().rss,
        price=Price(wall_ms, wall_ms, (time.thread_time() - cpu) * 1e3),
    )


def _find() -> Callable[[], object] | None:
    try:
        function = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # Windows takes no None
        return None
    function.argtypes = [ctypes.c_size_t]
    function.restype = ctypes.c_int
    return lambda: function(0)
