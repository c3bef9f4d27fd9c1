"""Memory in use: what the allocators have handed out, to the byte.

The resident set goes in pages, and falls when the system wants it to; what pymalloc and
malloc have handed out changes with each allocation and each free, of Python and of C code
alike. So a test sees a few hundred bytes where the resident set shows nothing.
"""

import tracemalloc
from dataclasses import dataclass
from typing import Literal

import psutil

from leakprobe.capture.allocator import read_malloc, read_pymalloc
from leakprobe.capture.native import sampler_missing

if sampler_missing() is None:
    from leakprobe.capture._native import _sampler

__all__ = ["MeasuredBy", "MemoryInUse", "read_memory_in_use"]

# Where the allocators do not say, the resident set has to do.
MeasuredBy = Literal["allocators", "resident set"]


@dataclass(frozen=True, slots=True)
class MemoryInUse:
    """Bytes in use, and what said so."""

    bytes: int
    by: MeasuredBy


def read_memory_in_use() -> MemoryInUse:
    """What the process has in use now, without the tables of tracemalloc and of our sampler.

    The resident set instead where the native core is not built, or malloc is not glibc's
    (`mallinfo2`). With PYTHONMALLOC=malloc all is malloc's. What malloc's threads keep for
    themselves (tcache, at most some hundred KiB each) counts as used.
    """
    malloc = read_malloc()
    if malloc is None or sampler_missing() is not None:
        return MemoryInUse(psutil.Process().memory_info().rss, "resident set")
    pymalloc = read_pymalloc()
    tables = tracemalloc.get_tracemalloc_memory()
    if _sampler.is_sampling():
        tables += _sampler.counters().self_bytes
    used = malloc.used + (0 if pymalloc is None else pymalloc.used)
    return MemoryInUse(max(0, used - tables), "allocators")
