"""Child processes, and which of them are zombies: proc(5).

psutil would read a file of every process of the machine. The kernel lists a process's
children by thread (`/proc/pid/task/tid/children`, CONFIG_PROC_CHILDREN).
"""

from dataclasses import dataclass
from pathlib import Path

from leakprobe.capture.procfs import PARENT, PROC, list_numbers, read_small_file, stat_fields

__all__ = ["Child", "list_children", "read_children"]

# A file is read of each: about 10 µs.
MOST_CHILDREN_READ = 256
MOST_PROCESSES_READ = 256
STATE = 3 - 3  # fields of proc_pid_stat(5), counted from the one behind the command


@dataclass(frozen=True, slots=True)
class Child:
    """A child process: its program, of at most 15 bytes, and whether it has ended unwaited for."""

    program: str
    zombie: bool


def list_children(pid: int, proc: Path = PROC) -> list[int] | None:
    """Ids of child processes, zombies included; None where that cannot be told cheaply.

    Where the kernel does not list them, each process's parent is read, if they are not
    too many.
    """
    tasks = f"{proc}/{pid}/task"
    listed = [read_small_file(f"{tasks}/{tid}/children") for tid in list_numbers(tasks)]
    known = [text for text in listed if text is not None]
    if known:
        return [int(child) for text in known for child in text.split()]
    others = list_numbers(str(proc))
    if not others or len(others) > MOST_PROCESSES_READ:
        return None
    return [n for n in others if stat_fields(f"{proc}/{n}")[PARENT : PARENT + 1] == [str(pid)]]


def read_children(pids: list[int], proc: Path = PROC) -> list[Child]:
    """The first 256 of these processes, without those that are gone."""
    found = (_read_child(f"{proc}/{pid}/stat") for pid in pids[:MOST_CHILDREN_READ])
    return [child for child in found if child is not None]


def _read_child(path: str) -> Child | None:
    text = read_small_file(path) or ""
    before, _, behind = text.rpartition(")")
    fields = behind.split()
    if not before or not fields:
        return None
    return Child(program=before.partition("(")[2], zombie=fields[STATE] in {"Z", "X"})
