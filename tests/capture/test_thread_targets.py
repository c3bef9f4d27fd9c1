"""What threads run: real ones of every kind, and hostile ones untouched."""

import _thread
import ctypes
import functools
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leakprobe.capture import thread_targets
from leakprobe.capture.pace import Pace
from leakprobe.capture.thread_targets import read_targets
from leakprobe.model.memory import Frame
from tests.capture.test_procfs import plant
from tests.hostile import alive_zoo, assert_untouched, biting_thread

HERE = Path(__file__).stem
MODULE = __name__


def targets(exclude: frozenset[int] = frozenset()) -> dict[str, Frame | None]:
    return dict(read_targets(Pace(), exclude))


def counts() -> Counter[str]:
    return Counter(name for name, _ in read_targets(Pace()))


class Waiter:
    """What a thread is started with."""

    def __init__(self) -> None:
        self.started, self.stop = threading.Event(), threading.Event()

    def wait(self) -> None:
        self.started.set()
        self.stop.wait()

    __call__ = wait


class OwnRun(threading.Thread):
    def __init__(self, waiter: Waiter) -> None:
        super().__init__(daemon=True)
        self.waiter = waiter

    def run(self) -> None:
        self.waiter.wait()


class Inherits(OwnRun):
    pass


@contextmanager
def running(make: Callable[[Waiter], threading.Thread]) -> Iterator[threading.Thread]:
    waiter = Waiter()
    thread = make(waiter)
    thread.start()
    assert waiter.started.wait(10)
    try:
        yield thread
    finally:
        waiter.stop.set()
        thread.join()


def a_function(waiter: Waiter) -> None:
    waiter.wait()


def line_of(function: Callable[..., object]) -> int:
    return function.__code__.co_firstlineno


def thread_of(target: Callable[[], object]) -> threading.Thread:
    return threading.Thread(target=target, daemon=True)


def test_a_function_is_named_with_its_module_and_place() -> None:
    expected = Frame(__file__, line_of(a_function), "a_function")
    with running(lambda waiter: thread_of(functools.partial(a_function, waiter))):
        assert targets()[f"{MODULE}.a_function"] == expected


def test_a_bound_method_is_named_by_its_function() -> None:
    with running(lambda waiter: thread_of(waiter.wait)):
        assert targets()[f"{MODULE}.Waiter.wait"] == Frame(
            __file__, line_of(Waiter.wait), "Waiter.wait"
        )


def test_an_object_that_is_called_is_named_by_its_type() -> None:
    with running(thread_of):
        assert targets()[f"{MODULE}.Waiter"] is None


def test_a_class_is_named_with_the_place_of_its_run() -> None:
    place = Frame(__file__, line_of(OwnRun.run), "OwnRun.run")
    with running(OwnRun), running(Inherits):
        assert targets()[f"{MODULE}.OwnRun"] == place
        assert targets()[f"{MODULE}.Inherits"] == place


def test_a_timer_is_named_with_its_function() -> None:
    timer = threading.Timer(600, a_function)
    timer.start()
    name = f"threading.Timer of {MODULE}.a_function"
    assert targets()[name] == Frame(__file__, line_of(a_function), "a_function")
    timer.cancel()
    timer.join()
    assert name not in targets()


def test_a_builtin_and_a_class_without_a_target() -> None:
    lock = threading.Lock()
    lock.acquire()
    before = counts()
    thread = threading.Thread(target=lock.acquire, daemon=True)
    thread.start()
    assert counts() - before == Counter({"lock.acquire": 1})
    lock.release()
    thread.join()


def test_threads_that_threading_did_not_start() -> None:
    waiter, before = Waiter(), counts()
    _thread.start_new_thread(a_function, (waiter,))
    assert waiter.started.wait(10)
    assert counts() - before == Counter({f"{HERE}.a_function": 1})
    waiter.stop.set()


def test_a_thread_of_c_that_calls_python_is_named_once() -> None:
    """`threading` registers a stand-in for it, which has its native id."""
    waiter, before = Waiter(), counts()

    def from_c() -> None:
        threading.current_thread()
        a_function(waiter)

    # pthread_create(3) in a C thread of its own: its start routine is our callback.
    libc = ctypes.CDLL(None)
    callback = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(lambda _: from_c())
    ident = ctypes.c_ulong()
    assert libc.pthread_create(ctypes.byref(ident), None, callback, None) == 0
    assert waiter.started.wait(10)
    found = counts() - before
    waiter.stop.set()
    libc.pthread_join.argtypes = [ctypes.c_ulong, ctypes.c_void_p]
    libc.pthread_join(ident, None)
    assert sum(found.values()) == 1
    assert next(iter(found)).startswith(f"{HERE}.")


def test_each_thread_is_counted_once_and_some_are_left_out() -> None:
    with running(lambda waiter: thread_of(waiter.wait)) as thread:
        assert thread.ident is not None
        every, without = counts(), targets(exclude=frozenset({thread.ident}))
    assert every["main thread"] == 1
    assert f"{MODULE}.Waiter.wait" in every
    assert f"{MODULE}.Waiter.wait" not in without


@pytest.mark.parametrize(("unidentified", "left"), [(0, 2), (1, 1)])
def test_the_kernel_knows_more_threads_than_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unidentified: int, left: int
) -> None:
    """Python does not know the ids of some of its threads: one is left out for each of them."""
    plant(tmp_path, "self/comm", "uvicorn\n")
    for tid, name in ((1, "uvicorn"), (2, "av:h264:df0"), (3, "uvicorn")):
        plant(tmp_path, f"self/task/{tid}/comm", f"{name}\n")
    idents = [threading.main_thread().ident, *range(unidentified)]
    running = {ident: sys._getframe() for ident in idents}
    monkeypatch.setattr(thread_targets, "current_frames", lambda: running)
    names = Counter(name for name, _ in read_targets(Pace(), proc=tmp_path))
    assert names["C thread av:h264:df0"] == 1
    assert names["C thread uvicorn"] == left, "Python's own threads have ids that are not theirs"


def test_hostile_threads_are_not_touched() -> None:
    with alive_zoo(), biting_thread():
        assert read_targets(Pace())
        assert_untouched()
