"""Walks in real children: whatever becomes of them, they are reaped and nothing stays open."""

import ctypes
import errno
import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from leakprobe.capture.native import heap_walk_missing
from leakprobe.errors import NotEnoughMemory, WalkFailed
from tests.native import needs_heap_walk

if TYPE_CHECKING or heap_walk_missing() is None:
    from leakprobe.capture._native import _heap
    from leakprobe.capture._native._heap import Child
    from leakprobe.capture.heap import forked
    from leakprobe.capture.heap.forked import WalkRequest, walk

pytestmark = needs_heap_walk

PLENTY = 1 << 40
DESCRIPTORS = Path("/proc/self/fd")


class Planted:
    pass


class Children:
    """The children that walks have made, and what is done to each of them."""

    def __init__(self) -> None:
        self.born: list[Child] = []
        self.on_birth: Callable[[Child], object] = lambda _: None


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Iterator[Children]:
    """Records the children; in the end none is left and no descriptor of ours is open."""
    made = Children()
    spawn = _heap.spawn

    def recorded(**arguments: Any) -> "Child":
        child = spawn(**arguments)
        made.born.append(child)
        made.on_birth(child)
        return child

    monkeypatch.setattr(_heap, "spawn", recorded)
    before = sorted(DESCRIPTORS.iterdir())
    yield made
    assert sorted(DESCRIPTORS.iterdir()) == before
    for child in made.born:
        with pytest.raises(ProcessLookupError):
            os.kill(child.pid, 0)


def test_a_walk_finds_what_was_planted_and_says_what_it_cost(children: Children) -> None:
    kept = [Planted() for _ in range(77)]
    result, price = walk(WalkRequest(), available_bytes=PLENTY)
    counts = {tally.name: tally.objects for tally in result.types}
    assert counts[f"{__name__}.Planted"] == len(kept)
    assert len(children.born) == 1
    assert 0 < price.pause_ms <= price.wall_ms
    assert price.child_cpu_ms > 0
    assert price.child_peak_rss_bytes > 1 << 20


def test_memory_that_is_not_known_is_no_limit(children: Children) -> None:
    result, _ = walk(WalkRequest(), available_bytes=None)
    assert result.totals.objects > 1000


def test_too_little_memory_is_refused_before_anything_is_copied(children: Children) -> None:
    with pytest.raises(NotEnoughMemory, match=r"about \d+ MiB and 1 MiB are left"):
        walk(WalkRequest(), available_bytes=1 << 20)
    assert children.born == []


def test_a_child_that_needs_more_than_it_may_ends_itself(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forked, "check_headroom", lambda *_, **__: None)
    with pytest.raises(NotEnoughMemory, match="more than the 1 MiB that it may take"):
        walk(WalkRequest(), available_bytes=2 << 20)
    assert len(children.born) == 1


def test_a_late_child_is_killed(children: Children) -> None:
    children.on_birth = lambda child: os.kill(child.pid, signal.SIGSTOP)
    with pytest.raises(WalkFailed, match=r"longer than 0\.01 s and was ended"):
        walk(WalkRequest(), available_bytes=PLENTY, deadline_s=0.01)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_child_that_a_signal_ends_is_named(children: Children, number: signal.Signals) -> None:
    children.on_birth = lambda child: os.kill(child.pid, number)
    with pytest.raises(WalkFailed, match=f"ended by {number.name}"):
        walk(WalkRequest(), available_bytes=PLENTY)


def test_a_crash_on_a_broken_object_stays_in_the_child(children: Children) -> None:
    broken = [object()], [object()]
    slot = ctypes.c_void_p.from_address(id(broken) + tuple.__basicsize__)
    gc.disable()
    sound, slot.value = slot.value, 16
    try:
        with pytest.raises(WalkFailed, match="ended by SIGSEGV"):
            walk(WalkRequest(), available_bytes=PLENTY)
    finally:
        slot.value = sound
        gc.enable()


def test_a_result_that_is_cut_off_is_refused(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    reap = _heap.reap

    def cut(pid: int) -> object:
        ended = reap(pid)
        os.ftruncate(children.born[0].result, 100)
        return ended

    monkeypatch.setattr(_heap, "reap", cut)
    with pytest.raises(WalkFailed, match="cannot be read"):
        walk(WalkRequest(), available_bytes=PLENTY)


def test_a_result_that_is_far_too_large_is_not_read(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forked, "LARGEST_RESULT", 10)
    with pytest.raises(WalkFailed, match="left a result of"):
        walk(WalkRequest(), available_bytes=PLENTY)


@pytest.mark.parametrize(
    ("exit_code", "number", "message"),
    [
        (72, None, "could not be written"),
        (73, None, "more objects or references than it can number"),
        (9, None, "exit code 9"),
        (None, 99, "ended by signal 99"),
    ],
)
def test_every_other_end_is_told_too(
    children: Children,
    monkeypatch: pytest.MonkeyPatch,
    exit_code: int | None,
    number: int | None,
    message: str,
) -> None:
    reap = _heap.reap

    def changed(pid: int) -> SimpleNamespace:
        reap(pid)
        return SimpleNamespace(exit_code=exit_code, signal=number)

    monkeypatch.setattr(_heap, "reap", changed)
    with pytest.raises(WalkFailed, match=message):
        walk(WalkRequest(), available_bytes=PLENTY)


def test_a_caller_that_is_interrupted_leaves_no_child(children: Children) -> None:
    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    children.on_birth = lambda child: os.kill(child.pid, signal.SIGSTOP)
    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            walk(WalkRequest(), available_bytes=PLENTY)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


@pytest.mark.parametrize(
    ("number", "refusal"), [(errno.ENOMEM, NotEnoughMemory), (errno.EPERM, WalkFailed)]
)
def test_a_copy_that_the_system_refuses_is_said(
    monkeypatch: pytest.MonkeyPatch, number: int, refusal: type[Exception]
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(_heap, "spawn", refuse)
    with pytest.raises(refusal, match=r"copy of the process|not permitted"):
        walk(WalkRequest(), available_bytes=PLENTY)


def test_other_threads_run_while_one_waits(children: Children) -> None:
    stopped = threading.Event()

    def stop(child: "Child") -> None:
        os.kill(child.pid, signal.SIGSTOP)
        stopped.set()

    def let_it_go_on() -> None:
        stopped.wait()
        os.kill(children.born[0].pid, signal.SIGCONT)

    children.on_birth = stop
    thread = threading.Thread(target=let_it_go_on)
    thread.start()
    walk(WalkRequest(), available_bytes=PLENTY)
    thread.join()


def test_several_threads_may_walk_at_once(children: Children) -> None:
    found: list[int] = []

    def work() -> None:
        result, _ = walk(WalkRequest(), available_bytes=PLENTY)
        found.append(result.totals.objects)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(children.born) == 4
