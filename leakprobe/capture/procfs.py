"""What the kernel says about processes and threads: proc(5), read once and cheaply.

psutil covers the rest; here stands what it does not read at once (threads by name, age
and CPU time). Where there is no `/proc`, such as on macOS, everything is empty or None.
"""

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "PROC",
    "NativeThread",
    "list_native_ids",
    "list_numbers",
    "read_native_threads",
    "read_small_file",
    "read_stack_pointer",
    "stat_fields",
]

PROC = Path("/proc")

# Fields of proc_pid_stat(5), counted from the one behind the command, which is number 3.
PARENT, USER_TIME, SYSTEM_TIME, START_TIME = 4 - 3, 14 - 3, 15 - 3, 22 - 3
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True, slots=True)
class NativeThread:
    """A thread as the kernel knows it.

    `name` has at most 15 bytes; ages and times are as fine as the clock tick, 10 ms.
    """

    name: str
    age_s: float | None
    cpu_s: float | None


def read_small_file(path: str) -> str | None:
    """The text of a file below `/proc` or `/sys`; None where it cannot be read."""
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # a third of Path.open's time
            return file.read().decode("utf-8", "replace")
    except (OSError, ValueError):
        return None


def list_numbers(directory: str) -> list[int]:
    """Names of a directory's entries that are numbers: processes, threads, descriptors."""
    try:
        names = os.listdir(directory)  # noqa: PTH208  # names are all that is wanted
    except OSError:
        return []
    return [int(name) for name in names if name.isascii() and name.isdigit()]


def stat_fields(directory: str) -> list[str]:
    """The fields behind the command, which itself may hold spaces and parentheses."""
    return (read_small_file(f"{directory}/stat") or "").rpartition(")")[2].split()


def read_native_threads(proc: Path = PROC) -> dict[int, NativeThread]:
    """Every thread of this process by its id: gettid(2)."""
    uptime_s = _uptime_s(proc)
    found = {}
    for tid in list_native_ids(proc):
        thread = _read_thread(f"{proc}/self/task/{tid}", uptime_s)
        if thread is not None:
            found[tid] = thread
    return found


def list_native_ids(proc: Path = PROC) -> list[int]:
    """Ids of this process's threads."""
    return list_numbers(f"{proc}/self/task")


def read_stack_pointer(tid: int, proc: Path = PROC) -> int | None:
    """Where a waiting thread's stack ends (`/proc/pid/syscall`); None for one that runs."""
    words = (read_small_file(f"{proc}/self/task/{tid}/syscall") or "").split()
    try:
        return int(words[-2], 16)
    except (IndexError, ValueError):
        return None


def _read_thread(directory: str, uptime_s: float | None) -> NativeThread | None:
    """One thread; None if it ended meanwhile."""
    stat = stat_fields(directory)
    name = read_small_file(f"{directory}/comm")
    if not stat and name is None:
        return None
    try:
        cpu_s = (int(stat[USER_TIME]) + int(stat[SYSTEM_TIME])) / TICKS_PER_SECOND
        started_s = int(stat[START_TIME]) / TICKS_PER_SECOND
    except (IndexError, ValueError):
        return NativeThread(name=(name or "").rstrip("\n"), age_s=None, cpu_s=None)
    age_s = None if uptime_s is None else max(0.0, uptime_s - started_s)
    return NativeThread(name=(name or "").rstrip("\n"), age_s=age_s, cpu_s=cpu_s)


def _uptime_s(proc: Path) -> float | None:
    """Seconds since the machine started: what start times count from."""
    try:
        return float((read_small_file(f"{proc}/uptime") or "").split()[0])
    except (IndexError, ValueError):
        return None
