"""Threads that end by themselves are waited for; those that stay cost a bounded time."""

import threading
from collections.abc import Iterator

from leakprobe.testing.ending_threads import known_threads, let_threads_end


def test_cancelled_timers_are_gone_afterwards() -> None:
    before = known_threads()
    timers = [threading.Timer(60, print) for _ in range(20)]
    for timer in timers:
        timer.start()
        timer.cancel()
    let_threads_end(before, within_s=30)
    assert not any(timer.is_alive() for timer in timers)


def test_a_thread_that_stays_is_given_up() -> None:
    before, stop = known_threads(), threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    ticks: Iterator[float] = iter(range(100))
    let_threads_end(before, within_s=0.5, clock=lambda: next(ticks))
    alive = thread.is_alive()
    stop.set()
    thread.join()
    assert alive
    assert next(ticks) == 2, "asked once for the deadline, once for the thread"


def test_threads_from_before_are_not_waited_for() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    let_threads_end(known_threads(), within_s=3600)
    stop.set()
    thread.join()


def test_the_thread_that_asks_does_not_wait_for_itself() -> None:
    before = known_threads()
    thread = threading.Thread(target=let_threads_end, args=(before,), kwargs={"within_s": 0.0})
    thread.start()
    thread.join(30)
    assert not thread.is_alive()


def test_known_threads_keep_no_thread() -> None:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    known = known_threads()
    thread.join()
    del thread
    assert threading.current_thread() in [reference() for reference in known]
    assert len([1 for reference in known if reference() is None]) <= 1
