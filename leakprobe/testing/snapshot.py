"""The process at one moment: memory, CPU, files, allocating lines, and objects by type."""

import gc
import os
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import psutil

from leakprobe.capture.descriptors import read_descriptors
from leakprobe.capture.heap.census import take_census
from leakprobe.capture.in_use import MeasuredBy, read_memory_in_use
from leakprobe.capture.names import clean_name
from leakprobe.capture.pace import Pace
from leakprobe.capture.process import available_memory_bytes
from leakprobe.model.calls import BYTES_PER_MB
from leakprobe.testing.allocations import Allocation, read_allocations
from leakprobe.testing.arguments import check_whole
from leakprobe.testing.readings import Reading, collect_all, take_reading

__all__ = ["MemorySnapshot"]

TOP_LINES = 10


@dataclass(frozen=True, slots=True)
class MemorySnapshot:
    """What there is at one moment, after a collection. It holds numbers and strings only.

        before = MemorySnapshot.take("before")
        work()
        print(MemoryLeakReport(before, MemorySnapshot.take("after")))

    Attributes:
        label: what it is of, in the words of who took it.
        pid: of which process.
        taken_at: seconds since the epoch.
        rss_bytes: resident set size.
        vms_bytes: virtual memory size.
        memory_bytes: memory in use, of Python and of C code, to the byte.
        measured_by: what said so: `allocators`, or `resident set` where those do not.
        cpu_s: CPU time of the process so far, user and system.
        cpu_percent: CPU time as a share of the time since the process began, in percent of
            one core. A report has that of the time between two snapshots.
        threads: threads that run Python code.
        fds: open file descriptors of all kinds; None where the system does not say.
        open_files: open regular files.
        open_file_paths: how often each of them is open.
        descriptors: open descriptors by what they point to, such as `pipe`,
            `tcp socket to 10.0.0.5:5432` or `file /srv/data/*.wav`.
        object_counts: live objects by full name of their type.
        top_allocations: the lines that allocated most of what lives; none where tracemalloc
            is off.
        traced: whether tracemalloc was on.
        own_bytes: by how much memory in use grew while this was taken: its own tables, which
            a report does not count.
    """

    label: str
    pid: int
    taken_at: float
    rss_bytes: int
    vms_bytes: int
    memory_bytes: int
    measured_by: MeasuredBy
    cpu_s: float
    cpu_percent: float
    threads: int
    fds: int | None
    open_files: int
    open_file_paths: Mapping[str, int]
    descriptors: Mapping[str, int]
    object_counts: Mapping[str, int]
    top_allocations: tuple[Allocation, ...]
    traced: bool
    own_bytes: int

    @classmethod
    def take(
        cls,
        label: str = "",
        *,
        top_lines: int = TOP_LINES,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Take one now; the walk of the heap takes some tenths of a second.

        Args:
            label: what it is of.
            top_lines: how many allocating lines to keep; needs tracemalloc, which the caller
                starts before the work (`tracemalloc.start()`, `python -X tracemalloc`).
            clock: seconds since the epoch.

        Raises:
            BadArgument: `top_lines` is no whole number.
            NotEnoughMemory: there is no room for the walk.
            WalkFailed: the copy of the process came to nothing.
        """
        check_whole("top_lines", top_lines, 0)
        process, reading, now = psutil.Process(), take_reading(), clock()
        memory, cpu_s = process.memory_info(), time.process_time()
        traced = tracemalloc.is_tracing()
        files = Counter(clean_name(file.path) for file in process.open_files())
        descriptors = Counter(read_descriptors(Pace()))
        objects = _count_objects()
        allocations = read_allocations(top_lines) if traced else ()
        return cls(
            label=label,
            pid=os.getpid(),
            taken_at=now,
            rss_bytes=memory.rss,
            vms_bytes=memory.vms,
            memory_bytes=reading.memory_bytes,
            measured_by=reading.measured_by,
            cpu_s=cpu_s,
            cpu_percent=100 * cpu_s / max(now - process.create_time(), 0.01),
            threads=reading.threads,
            fds=reading.fds,
            open_files=files.total(),
            open_file_paths=dict(files),
            descriptors=dict(descriptors),
            object_counts=objects,
            top_allocations=allocations,
            traced=traced,
            own_bytes=_grown_since(reading),
        )

    @property
    def rss_mb(self) -> float:
        """Resident set size in MB (1,000,000 bytes)."""
        return self.rss_bytes / BYTES_PER_MB

    @property
    def vms_mb(self) -> float:
        """Virtual memory size in MB."""
        return self.vms_bytes / BYTES_PER_MB

    @property
    def memory_mb(self) -> float:
        """Memory in use in MB."""
        return self.memory_bytes / BYTES_PER_MB


def _grown_since(reading: Reading) -> int:
    if reading.measured_by != "allocators":
        return 0
    collect_all()
    return max(0, read_memory_in_use().bytes - reading.memory_bytes)


def _count_objects() -> dict[str, int]:
    """Live objects by type, without what earlier snapshots consist of."""
    earlier = tuple(o for o in gc.get_objects() if type(o) is MemorySnapshot)
    census = take_census(own=earlier, available_bytes=available_memory_bytes())
    return {count.type: count.objects for count in census.types}
