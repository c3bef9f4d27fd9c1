"""Threads: real ones of every kind, and none of them touched or kept."""

import _thread
import ctypes
import gc
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from leakprobe.analysis.grouping import group_threads
from leakprobe.capture.threads import read_threads
from leakprobe.model.live import ThreadInfo
from tests.hostile import IMG_NAME, alive_zoo, assert_untouched, biting_thread


@contextmanager
def waiting_thread(
    name: str, run: Callable[[], object] | None = None
) -> Iterator[threading.Thread]:
    """A thread that stands in `stop.wait` (or in `run`, which then has to end by itself)."""
    stop, started = threading.Event(), threading.Event()

    def planted_wait() -> None:
        started.set()
        stop.wait()

    thread = threading.Thread(target=run or planted_wait, name=name, daemon=True)
    thread.start()
    if run is None:
        assert started.wait(10)
    try:
        yield thread
    finally:
        stop.set()
        thread.join()


def by_name(name: str, rows: tuple[ThreadInfo, ...] | None = None) -> ThreadInfo:
    (found,) = [row for row in rows or read_threads()[0] if row.name == name]
    return found


def test_everything_about_a_thread() -> None:
    with waiting_thread("planted") as thread:
        row = by_name("planted")
        assert (row.ident, row.native_id) == (thread.ident, thread.native_id)
        assert (row.daemon, row.count) == (True, 1)
        assert 0 <= (row.age_s or 0) < 60
        assert row.cpu_s is not None
        functions = [frame.function for frame in row.stack]
        here = "waiting_thread.<locals>.planted_wait"
        assert functions.index("Event.wait") < functions.index(here) < functions.index("Thread.run")
        planted = row.stack[functions.index(here)]
        assert (planted.file, planted.line) == (__file__, here_line("        stop.wait()"))


def here_line(text: str) -> int:
    return Path(__file__).read_text().splitlines().index(text) + 1


def test_the_calling_thread_is_shown_without_our_own_frames() -> None:
    row = by_name(threading.current_thread().name)
    assert row.ident == threading.get_ident()
    assert row.native_id == threading.get_native_id()
    assert row.stack[0].function == "by_name"
    assert row.stack[1].function == "test_the_calling_thread_is_shown_without_our_own_frames"


def test_excluded_threads_are_not_there_even_as_native_ones() -> None:
    with waiting_thread("ours") as thread:
        rows, _ = read_threads(exclude=frozenset({thread.ident or 0, threading.get_ident()}))
        shown = {row.native_id for row in rows}
    assert thread.native_id not in shown
    assert os.getpid() not in shown


def test_fifty_timers_are_one_group() -> None:
    timers = [threading.Timer(3600, print) for _ in range(50)]
    for timer in timers:
        timer.start()
    try:
        groups = group_threads(read_threads()[0])
    finally:
        for timer in timers:
            timer.cancel()
            timer.join()
    assert groups[0].count == 50
    assert "Timer.run" in [frame.function for frame in groups[0].stack]
    assert groups[0].cpu_s is not None


def test_a_stack_is_cut_at_its_outer_end() -> None:
    with waiting_thread("deep"):
        whole = by_name("deep").stack
        assert by_name("deep", read_threads(frames=2)[0]).stack == whole[:2]


@pytest.mark.skipif(not Path("/proc/self/syscall").exists(), reason="needs the stack pointer")
def test_a_thread_that_threading_does_not_know() -> None:
    lock, standing, ended = _thread.allocate_lock(), threading.Event(), threading.Event()
    tids: list[int] = []

    def stand_in_a_raw_thread() -> None:
        tids.append(threading.get_native_id())
        standing.set()
        with lock:
            ended.set()

    with lock:
        ident = _thread.start_new_thread(stand_in_a_raw_thread, ())
        assert standing.wait(10)
        row, rows = look_for(ident)
    assert ended.wait(10)
    assert row.stack[0].function is not None
    assert row.stack[0].function.endswith("stand_in_a_raw_thread")
    assert row.daemon is None
    assert row.native_id == tids[0]
    assert row.name == Path(f"/proc/{os.getpid()}/comm").read_text().strip()
    assert [r.native_id for r in rows].count(tids[0]) == 1


def look_for(ident: int) -> tuple[ThreadInfo, tuple[ThreadInfo, ...]]:
    """Look until the thread waits: while it runs, its stack pointer cannot be read."""
    deadline = time.monotonic() + 10
    while True:
        rows, _ = read_threads()
        (row,) = [row for row in rows if row.ident == ident]
        if row.native_id is not None or time.monotonic() > deadline:
            return row, rows


@contextmanager
def c_thread() -> Iterator[None]:
    """A thread that stands in sem_wait(3) and never was in Python."""
    libc = ctypes.CDLL(None)
    semaphore, ident = ctypes.create_string_buffer(64), ctypes.c_ulong()
    libc.sem_init(semaphore, 0, 0)
    assert libc.pthread_create(ctypes.byref(ident), None, libc.sem_wait, semaphore) == 0
    try:
        yield
    finally:
        libc.sem_post(semaphore)
        libc.pthread_join(ident, None)


@pytest.mark.skipif(sys.platform != "linux", reason="native threads come from /proc")
def test_a_thread_that_python_does_not_know() -> None:
    before = {row.native_id for row in read_threads()[0]}
    with c_thread():
        (new,) = [row for row in read_threads()[0] if row.native_id not in before]
    assert (new.ident, new.daemon, new.stack, new.count) == (0, None, (), 1)
    assert new.name
    assert new.age_s is not None


def test_without_proc_the_kernel_s_part_is_none(tmp_path: Path) -> None:
    with waiting_thread("planted") as thread:
        row = by_name("planted", read_threads(proc=tmp_path)[0])
    assert (row.age_s, row.cpu_s, row.native_id) == (None, None, thread.native_id)


def test_a_held_lock_does_not_hang_us() -> None:
    with threading._active_limbo_lock:  # type: ignore[attr-defined]  # private
        assert by_name(threading.current_thread().name).stack


@pytest.mark.parametrize("broken", [None, "missing", {1: object(), "x": None}])
def test_a_library_that_replaced_threading_s_registry(
    broken: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    if broken == "missing":
        monkeypatch.delattr(threading, "_active")
    else:
        monkeypatch.setattr(threading, "_active", broken)
    rows, _ = read_threads()
    assert any(row.stack and row.ident == threading.get_ident() for row in rows)


def test_hostile_threads_are_not_touched() -> None:
    with alive_zoo(), biting_thread() as thread:
        ident = threading.Thread.__dict__["ident"].fget(thread)
        rows, _ = read_threads()
        assert_untouched()
    (row,) = [row for row in rows if row.ident == ident]
    assert row.name == Path(f"/proc/{os.getpid()}/comm").read_text().strip()


def test_names_are_made_harmless() -> None:
    with waiting_thread("red\x1b[31m\n" + "x" * 9999), waiting_thread(IMG_NAME):
        names = {row.name for row in read_threads()[0]}
    assert IMG_NAME in names
    assert all(name.isprintable() and len(name) <= 200 for name in names)


def test_a_file_name_that_is_a_hostile_string() -> None:
    class FileName(str):
        __slots__ = ()

    stop = threading.Event()
    space = {"stop": stop}
    exec(compile("def run(): stop.wait()", FileName("planted.py"), "exec"), space)
    with ExitStack() as stack:
        stack.enter_context(waiting_thread("odd", space["run"]))  # type: ignore[arg-type]  # made by exec
        stack.callback(stop.set)
        frames = [frame for row in read_threads()[0] for frame in row.stack]
    assert all(type(frame.file) is str for frame in frames)


def test_nothing_is_kept() -> None:
    class Held:
        pass

    def hold() -> None:
        held = Held()
        refs.append(weakref.ref(held))
        standing.set()
        stop.wait()

    refs: list[weakref.ref[Held]] = []
    standing, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=hold)
    thread.start()
    assert standing.wait(10)
    gc.disable()  # so that a cycle of ours would be seen
    try:
        rows, price = read_threads()
        stop.set()
        thread.join()
        assert refs[0]() is None
    finally:
        gc.enable()
    assert len(rows) >= 2
    assert 0 <= price.pause_ms <= price.wall_ms + 1  # CPU time: the clock may not have moved
    assert price.wall_ms > 0
    assert price.cpu_ms >= 0
