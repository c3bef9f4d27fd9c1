"""What malloc and pymalloc hold: in use, and held though nobody uses it.

Both have to be asked with care. mallinfo2(3) walks the list of free blocks under malloc's
locks: 0.1 ms for a thousand of them, so 25 ms in a heap with a quarter of a million holes.
Pymalloc's statistics walk every pool under the GIL: 0.02 ms in a young process, 2 to 3 ms
per GiB. So each is asked again only when its price has been spread over enough time.
"""

import ctypes
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from leakprobe.capture.libc import FindFunction, find_function
from leakprobe.capture.native import sampler_missing
from leakprobe.model.memory import Price

if sampler_missing() is None:
    from leakprobe.capture._native import _sampler

__all__ = ["NOT_READ", "AllocatorCamera", "Allocators", "read_malloc", "read_pymalloc"]

SHARE = 0.001  # of the time

ARENAS = re.compile(r"^\d+ arenas \* \d+ bytes/arena +=\s+([\d,]+)$", re.MULTILINE)
IN_BLOCKS = re.compile(r"^# bytes in allocated blocks +=\s+([\d,]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Use:
    """What an allocator has handed out, and what it holds beyond that, in bytes."""

    used: int
    free: int


@dataclass(frozen=True, slots=True)
class Allocators:
    """Both allocators in bytes; None where one does not say."""

    malloc_used_bytes: int | None = None
    malloc_free_bytes: int | None = None
    pymalloc_used_bytes: int | None = None
    pymalloc_free_bytes: int | None = None


NOT_READ = Allocators()


class MallInfo(ctypes.Structure):
    """`struct mallinfo2` (malloc.h)."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


class _Rationed:
    """Asks, or repeats the last answer where that was dear and not long ago.

    The price is CPU time: a clock would count the wait for the GIL after the answer too.
    """

    def __init__(
        self,
        ask: Callable[[], Use | None],
        clock: Callable[[], float],
        cpu_clock: Callable[[], float],
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._last: Use | None = None
        self._next_s = -math.inf

    def read(self) -> tuple[Use | None, float]:
        """What is known, and the CPU seconds that asking took."""
        now = self._clock()
        if now < self._next_s:
            return self._last, 0.0
        began = self._cpu_clock()
        self._last = self._ask()
        cost = self._cpu_clock() - began
        self._next_s = now + cost / SHARE
        return self._last, cost


class AllocatorCamera:
    """Reads both allocators, at no more than a thousandth of the time each.

    So an answer may be older than the call, by a thousand times what it took.

    Args:
        malloc: asks malloc.
        pymalloc: asks pymalloc.
        clock: seconds, never going back.
        cpu_clock: CPU time of this thread, in seconds.
    """

    def __init__(
        self,
        malloc: Callable[[], Use | None] | None = None,
        pymalloc: Callable[[], Use | None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._malloc = _Rationed(malloc or read_malloc, clock, cpu_clock)
        self._pymalloc = _Rationed(pymalloc or read_pymalloc, clock, cpu_clock)

    def read(self) -> tuple[Allocators, Price]:
        """What both hold, and what asking has cost."""
        started = time.perf_counter()
        malloc, malloc_s = self._malloc.read()
        pymalloc, pymalloc_s = self._pymalloc.read()
        found = Allocators(
            malloc_used_bytes=malloc.used if malloc else None,
            malloc_free_bytes=malloc.free if malloc else None,
            pymalloc_used_bytes=pymalloc.used if pymalloc else None,
            pymalloc_free_bytes=pymalloc.free if pymalloc else None,
        )
        return found, Price(
            pause_ms=max(malloc_s, pymalloc_s) * 1e3,
            wall_ms=(time.perf_counter() - started) * 1e3,
            cpu_ms=(malloc_s + pymalloc_s) * 1e3,
        )


def read_malloc(find: FindFunction = find_function) -> Use | None:
    """What glibc's malloc holds; None in another C library, and before glibc 2.33.

    Blocks that it maps on their own count as used; so does what its threads' caches hold.

    Args:
        find: finds the function in the C library.
    """
    mallinfo2 = find("mallinfo2", MallInfo)
    if mallinfo2 is None:
        return None
    found = mallinfo2()
    return Use(used=found.uordblks + found.hblkhd, free=found.fordblks)


def read_pymalloc(report: Callable[[], str | None] | None = None) -> Use | None:
    """What pymalloc holds; None without the native core, or where it is switched off.

    Objects/obmalloc.c: _PyObject_DebugMallocStats. Free is all of the arenas that is not
    handed out: unused blocks and pools, their headers, and what alignment leaves over.

    Args:
        report: what CPython says, as `sys._debugmallocstats` would print it.
    """
    if report is None and sampler_missing() is not None:
        return None
    text = (report or _sampler.pymalloc_report)() or ""
    arenas, blocks = ARENAS.search(text), IN_BLOCKS.search(text)
    if arenas is None or blocks is None:
        return None
    held, used = (int(found[1].replace(",", "")) for found in (arenas, blocks))
    return Use(used=used, free=held - used)
