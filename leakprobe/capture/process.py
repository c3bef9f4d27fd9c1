"""The process in numbers: what every rolling snapshot reads, so it has to be cheap.

A rolling snapshot may come every 50 ms; all numbers together take about a quarter of a
millisecond.
"""

import gc
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import psutil

from leakprobe.capture.allocator import NOT_READ, Allocators
from leakprobe.capture.cgroup import CgroupMemory, read_cgroup_memory
from leakprobe.capture.children import list_children, read_children
from leakprobe.capture.procfs import PROC
from leakprobe.model.memory import Gauges

__all__ = ["available_memory_bytes", "read_gauges"]

Value = TypeVar("Value")


class MemoryUse(Protocol):
    """What `memory_info` of a `psutil.Process` answers with."""

    @property
    def rss(self) -> int: ...

    @property
    def vms(self) -> int: ...


class MachineMemory(Protocol):
    """What `psutil.virtual_memory` answers with."""

    @property
    def total(self) -> int: ...

    @property
    def available(self) -> int: ...


class ProcessSource(Protocol):
    """What is used of a `psutil.Process`."""

    def memory_info(self) -> MemoryUse: ...

    def num_threads(self) -> int: ...

    def num_fds(self) -> int: ...


def read_gauges(
    *,
    memory_limit_bytes: int | None = None,
    traced_bytes: int | None = None,
    allocators: Allocators = NOT_READ,
    tasks: int | None = None,
    process: ProcessSource | None = None,
    cgroup: Callable[[], CgroupMemory] = read_cgroup_memory,
    machine: Callable[[], MachineMemory] = psutil.virtual_memory,
    proc: Path = PROC,
) -> Gauges:
    """The process now. What the system refuses to tell is None, or 0 where None cannot be.

    Args:
        memory_limit_bytes: the setting of that name, which wins over the cgroup's limit.
        traced_bytes: live bytes that the tracer accounts for, where one runs.
        allocators: what they hold, from an `AllocatorCamera`.
        tasks: asyncio tasks that are not done, from a `TaskCamera`.
        process: the process; this one if not given.
        cgroup: reads the control group.
        machine: reads the machine's memory.
        proc: where proc(5) is mounted.
    """
    process = process or psutil.Process()
    use = _ask(process.memory_info)
    rss = use.rss if use else 0
    limit, available = _limits(rss, memory_limit_bytes, cgroup(), _ask(machine))
    collector = gc.get_stats()
    children = list_children(os.getpid(), proc)
    return Gauges(
        rss_bytes=rss,
        vms_bytes=use.vms if use else 0,
        cpu_s=time.process_time(),
        threads=_ask(process.num_threads) or len(sys._current_frames()),  # noqa: SLF001  # documented
        fds=_ask(process.num_fds),
        children=None if children is None else len(children),
        python_blocks=sys.getallocatedblocks(),
        traced_bytes=traced_bytes,
        gc_collections=sum(generation["collections"] for generation in collector),
        gc_uncollectable=sum(generation["uncollectable"] for generation in collector),
        memory_limit_bytes=limit,
        memory_available_bytes=available,
        file_bytes=getattr(use, "shared", None),  # psutil leaves it out on macOS
        malloc_used_bytes=allocators.malloc_used_bytes,
        malloc_free_bytes=allocators.malloc_free_bytes,
        pymalloc_used_bytes=allocators.pymalloc_used_bytes,
        pymalloc_free_bytes=allocators.pymalloc_free_bytes,
        tasks=tasks,
        zombies=_zombies(children, proc),
        gc_full_collections=collector[-1]["collections"],
        gc_enabled=gc.isenabled(),
    )


def available_memory_bytes(
    memory_limit_bytes: int | None = None,
    *,
    process: ProcessSource | None = None,
    cgroup: Callable[[], CgroupMemory] = read_cgroup_memory,
    machine: Callable[[], MachineMemory] = psutil.virtual_memory,
) -> int | None:
    """What a capture may use before somebody is killed; None where nothing is known.

    The least of what is left below the setting, below the cgroup's limit, and on the
    machine. Arguments as for `read_gauges`.
    """
    use = _ask((process or psutil.Process()).memory_info)
    return _limits(use.rss if use else 0, memory_limit_bytes, cgroup(), _ask(machine))[1]


def _zombies(children: list[int] | None, proc: Path) -> int | None:
    """How many of the first 256 children have ended and nobody waited for."""
    if children is None:
        return None
    return sum(child.zombie for child in read_children(children, proc))


def _limits(
    rss: int, setting: int | None, cgroup: CgroupMemory, machine: MachineMemory | None
) -> tuple[int | None, int | None]:
    """Where memory ends, and what is left of it."""
    limits = [cgroup.limit_bytes, machine.total if machine else None]
    left = [machine.available if machine else None]
    if cgroup.limit_bytes is not None and cgroup.current_bytes is not None:
        in_use = cgroup.current_bytes - (cgroup.reclaimable_bytes or 0)
        left.append(cgroup.limit_bytes - in_use)
    if setting is not None:
        left.append(setting - rss)
    limit = setting if setting is not None else _least(limits)
    available = _least(left)
    return limit, None if available is None else max(0, available)


def _least(values: list[int | None]) -> int | None:
    return min((value for value in values if value is not None), default=None)


def _ask(question: Callable[[], Value]) -> Value | None:
    """The answer, or None where the system refuses it or does not know it."""
    try:
        return question()
    except (psutil.Error, OSError, NotImplementedError, AttributeError):
        return None  # psutil leaves out what a platform does not have: num_fds on Windows
