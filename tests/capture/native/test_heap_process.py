"""The copy of the process that walks the heap: nothing of the application may notice it."""

import ctypes
import gc
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leakprobe.capture.names import type_name
from leakprobe.capture.native import heap_walk_missing
from tests.capture.native.sampled import EVERY_BLOCK, sampling
from tests.capture.native.walking import ENOUGH, WalkEnded, finish, tally, wait, walk
from tests.native import needs_heap_walk, needs_sampler

if heap_walk_missing() is None:
    from leakprobe.capture._native import _heap

pytestmark = needs_heap_walk

PATIENCE_S = 30.0


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.001)


def open_files(pid: int) -> list[str]:
    return [entry.name for entry in Path(f"/proc/{pid}/fd").iterdir()]


def stopped_child() -> "_heap.Child":
    """A child that is stopped after it has closed what is not its own."""
    child = _heap.spawn(memory_budget=ENOUGH)
    while len(open_files(child.pid)) > 1:
        pass
    os.kill(child.pid, signal.SIGSTOP)
    return child


@contextmanager
def stopped_walk() -> Iterator["_heap.Child"]:
    """The same for a while; it is killed in the end."""
    child = stopped_child()
    try:
        yield child
    finally:
        os.kill(child.pid, signal.SIGKILL)
        wait(child)
        os.close(child.process)
        os.close(child.result)


def test_a_child_is_described() -> None:
    child = _heap.spawn(memory_budget=ENOUGH)
    assert child == (child.pid, child.process, child.result, child.pause_ns)
    assert 0 < child.pause_ns < 10**9
    assert not os.get_inheritable(child.process)
    assert not os.get_inheritable(child.result)
    ended = wait(child)
    os.close(child.process)
    os.close(child.result)
    assert ended.exit_code == 0
    assert ended.signal is None
    assert ended.cpu_ns > 0
    assert ended.peak_rss_bytes > 1 << 20


def test_the_copy_keeps_no_file_open_but_its_result() -> None:
    with stopped_walk() as child:
        assert open_files(child.pid) == [str(child.result)]


def test_peers_see_the_end_at_once_when_the_application_closes() -> None:
    ours, peer = socket.socketpair()
    peer.settimeout(PATIENCE_S)
    with peer, stopped_walk():
        ours.close()
        assert peer.recv(1) == b""


def test_the_application_is_told_of_no_child() -> None:
    told: list[int] = []
    before = signal.signal(signal.SIGCHLD, lambda number, _: told.append(number))
    try:
        walk()
        child = _heap.spawn(memory_budget=ENOUGH)
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        assert finish(child).totals.objects > 10_000
        assert told == []
        subprocess.run([sys.executable, "-c", ""], check=True)
        assert told == [signal.SIGCHLD]
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_children_of_the_application_are_waited_for_as_ever() -> None:
    with stopped_walk():
        process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"])
        pid, status = os.waitpid(-1, 0)
        assert pid == process.pid
        assert os.waitstatus_to_exitcode(status) == 7
        process.returncode = 7


def test_handlers_of_the_application_do_not_run_in_the_copy() -> None:
    here: list[int] = []
    read, write = os.pipe()
    os.set_blocking(write, False)
    before = signal.signal(signal.SIGTERM, lambda number, _: here.append(number))
    wakeup = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    try:
        child = _heap.spawn(memory_budget=ENOUGH)
        os.kill(child.pid, signal.SIGTERM)
        ended = wait(child)
        os.close(child.process)
        os.close(child.result)
        assert ended.signal in {signal.SIGTERM, None}
        assert select.select([read], [], [], 0)[0] == []
        assert here == []
    finally:
        signal.set_wakeup_fd(wakeup)
        signal.signal(signal.SIGTERM, before)
        os.close(read)
        os.close(write)


def test_a_signal_ends_the_copy() -> None:
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        child = stopped_child()
        os.kill(child.pid, signal.SIGTERM)
        os.kill(child.pid, signal.SIGCONT)
        with pytest.raises(WalkEnded) as caught:
            finish(child)
        assert caught.value.ended.signal == signal.SIGTERM
        assert caught.value.ended.exit_code is None
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_mask_of_signals_is_as_it_was() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        walk()
        assert signal.pthread_sigmask(signal.SIG_BLOCK, set()) == before | {signal.SIGUSR1}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


KILLED_PARENT = """
import os, signal, sys
from leakprobe.capture._native import _heap
child = _heap.spawn(memory_budget=1 << 30)
while len(os.listdir(f"/proc/{child.pid}/fd")) > 1:
    pass
os.kill(child.pid, signal.SIGSTOP)
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_the_copy_ends_with_the_application() -> None:
    command = [sys.executable, "-c", KILLED_PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        wait_until(lambda: state_of(child) in "ZX")


def test_the_copy_ends_with_the_thread_that_made_it() -> None:
    made: list[_heap.Child] = []
    thread = threading.Thread(target=lambda: made.append(stopped_child()))
    thread.start()
    thread.join()
    with pytest.raises(WalkEnded) as caught:
        finish(made[0])
    assert caught.value.ended.signal == signal.SIGKILL


# Include/cpython/object.h: where `tp_traverse` stands in a class.
TRAVERSE_OFFSET = 184


@contextmanager
def traversing_by(cls: type, address: int) -> Iterator[None]:
    """The collector's function of a class is replaced; the collector must not run meanwhile."""
    slot = ctypes.c_void_p.from_address(id(cls) + TRAVERSE_OFFSET)
    before = slot.value
    gc.disable()
    slot.value = address
    try:
        yield
    finally:
        slot.value = before
        gc.enable()


def test_a_crash_in_an_extension_is_a_signal_and_nothing_more(tmp_path: Path) -> None:
    cls = type("Crashing", (), {})
    kept = cls()
    before, here = resource.getrlimit(resource.RLIMIT_CORE), Path.cwd()
    os.chdir(tmp_path)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        with traversing_by(cls, 16), pytest.raises(WalkEnded) as caught:
            walk()
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
        os.chdir(here)
    assert caught.value.ended.signal == signal.SIGSEGV
    assert list(tmp_path.iterdir()) == []
    assert tally(walk(), type_name(cls)).objects == 1
    assert kept is not None


def test_one_that_hangs_can_be_killed() -> None:
    cls = type("Hanging", (), {})
    kept = cls()
    pause = ctypes.cast(ctypes.CDLL(None).pause, ctypes.c_void_p).value
    assert pause is not None
    with traversing_by(cls, pause):
        child = _heap.spawn(memory_budget=ENOUGH)
        wait_until(lambda: state_of(child.pid) == "S")
        signal.pidfd_send_signal(child.process, signal.SIGKILL)
        with pytest.raises(WalkEnded) as caught:
            finish(child)
    assert caught.value.ended.signal == signal.SIGKILL
    assert kept is not None


def state_of(pid: int) -> str:
    """One letter, as ps(1) shows it; Z where the process is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return "Z"
    return stat.rpartition(")")[2].split()[0]


def test_many_walk_at_once() -> None:
    cls = type("Planted", (), {"__module__": __name__})
    kept = [cls() for _ in range(100)]
    children = [_heap.spawn(memory_budget=ENOUGH) for _ in range(5)]
    assert {tally(finish(child), type_name(cls)).objects for child in children} == {len(kept)}


def test_many_threads_walk() -> None:
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(walk().totals.objects)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert min(found) > 10_000


def test_walks_while_tracemalloc_traces() -> None:
    tracemalloc.start()
    try:
        kept = [bytearray(10) for _ in range(1000)]
        assert tally(walk(), "bytearray").objects >= len(kept)
    finally:
        tracemalloc.stop()


@needs_sampler
def test_walks_while_every_block_is_sampled() -> None:
    with sampling(EVERY_BLOCK):
        kept = [bytearray(10) for _ in range(1000)]
        assert tally(walk(), "bytearray").objects >= len(kept)


def test_walks_in_the_middle_of_a_collection() -> None:
    found: list[int] = []

    class Ring:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            found.append(walk().totals.objects)

    Ring()
    gc.collect()
    assert len(found) == 1
    assert found[0] > 10_000


# gh-122695: before 3.12.6 gc.get_referents gave out freed iterators, which went back onto the
# free list twice and made a ring of it; from then on the collector itself would not end.
RING = """
import asyncio, gc, os, sys
import _asyncio
gc.disable()
loop = asyncio.new_event_loop()
iterators = [iter(loop.create_future()) for _ in range(20)]
iterators.clear()
gc.get_referents(_asyncio)
from tests.capture.native.sampled import EVERY_BLOCK, sampling
from tests.capture.native.walking import walk
assert walk().totals.objects > 10_000
os._exit(33)
"""


def test_a_ring_in_a_free_list_does_not_keep_it() -> None:
    done = subprocess.run([sys.executable, "-c", RING], timeout=60, check=False)
    assert done.returncode == 33


@pytest.mark.timeout(600)
@pytest.mark.parametrize("walks", [30, pytest.param(1000, marks=pytest.mark.slow)])
def test_walks_under_load_leave_nothing_behind(walks: int) -> None:
    script = Path(__file__).parent / "walk_under_load.py"
    subprocess.run([sys.executable, script, _heap.__file__, str(walks)], check=True, timeout=590)
