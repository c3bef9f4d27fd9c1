"""proc(5), on recorded trees and on the real one."""

import os
import threading
import time
from pathlib import Path

from leakprobe.capture.procfs import (
    TICKS_PER_SECOND,
    NativeThread,
    list_numbers,
    read_native_threads,
    read_small_file,
    read_stack_pointer,
)


def stat_line(pid: int, command: str, ppid: int = 1, ticks: int = 0, started: int = 0) -> str:
    """A line as the kernel writes it: 52 fields, the command in parentheses."""
    fields = ["S", ppid, *[0] * 9, ticks, ticks, *[0] * 6, started * TICKS_PER_SECOND, *[0] * 30]
    return f"{pid} ({command}) {' '.join(str(field) for field in fields)}\n"


def plant(proc: Path, path: str, text: str) -> None:
    (proc / path).parent.mkdir(parents=True, exist_ok=True)
    (proc / path).write_text(text)


def test_a_thread_with_a_command_that_looks_like_fields(tmp_path: Path) -> None:
    plant(tmp_path, "uptime", "100.50 200.00\n")
    command = "a) R 1 (b"
    line = stat_line(7, command, ticks=3 * TICKS_PER_SECOND, started=40)
    plant(tmp_path, "self/task/7/stat", line)
    plant(tmp_path, "self/task/7/comm", command + "\n")
    expected = NativeThread(name=command, age_s=60.5, cpu_s=6.0)
    assert read_native_threads(tmp_path) == {7: expected}


def test_what_is_missing_or_malformed_is_none(tmp_path: Path) -> None:
    plant(tmp_path, "self/task/7/comm", "worker\n")
    plant(tmp_path, "self/task/8/comm", "short\n")
    plant(tmp_path, "self/task/8/stat", "8 (short) S 1 2\n")
    plant(tmp_path, "self/task/9/stat", stat_line(9, "x"))
    plant(tmp_path, "self/task/nonsense/stat", "?")
    (tmp_path / "self/task/10").mkdir()
    threads = read_native_threads(tmp_path)
    assert threads[7] == NativeThread("worker", None, None)
    assert threads[8] == NativeThread("short", None, None)
    assert threads[9] == NativeThread("", None, 0.0)
    assert set(threads) == {7, 8, 9}
    assert read_native_threads(tmp_path / "nowhere") == {}


def test_the_real_threads() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    before = time.monotonic()
    thread.start()
    found = read_native_threads()
    stop.set()
    thread.join()
    age_s = found[thread.native_id or 0].age_s
    assert age_s is not None
    assert age_s <= time.monotonic() - before + 1
    assert found[os.getpid()].cpu_s is not None
    assert (found[os.getpid()].age_s or 0) >= age_s


def test_the_stack_pointer_of_a_thread_that_waits(tmp_path: Path) -> None:
    plant(tmp_path, "self/task/7/syscall", "202 0x1 0x2 0x3 0x4 0x5 0x6 0x7fad80 0x7fad90\n")
    plant(tmp_path, "self/task/8/syscall", "running\n")
    plant(tmp_path, "self/task/9/syscall", "1 x y\n")
    assert [read_stack_pointer(tid, tmp_path) for tid in (7, 8, 9, 10)] == [0x7FAD80] + [None] * 3


def test_a_small_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xff\xfe")
    assert read_small_file(str(tmp_path / "latin")) == "\ufffd\ufffd"
    assert read_small_file(str(tmp_path)) is None
    assert read_small_file("\0") is None


def test_only_numbers_are_listed(tmp_path: Path) -> None:
    for name in ("7", "12", "self", "1x", "\u0663"):
        (tmp_path / name).mkdir()
    assert sorted(list_numbers(str(tmp_path))) == [7, 12]
    assert list_numbers(str(tmp_path / "nowhere")) == []
