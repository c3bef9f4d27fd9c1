import threading

import pytest

from leakprobe.agent.gate import Gate
from leakprobe.errors import CaptureBusy


def test_one_at_a_time_and_the_refusal_says_who_and_when() -> None:
    gate = Gate()
    with gate.hold("an exact trace", seconds=30, patience_s=0.01):
        with (
            pytest.raises(CaptureBusy, match="an exact trace is running") as refused,
            gate.hold("x"),
        ):
            pass
        assert refused.value.retry_after_s is not None
        assert 28 <= refused.value.retry_after_s <= 30
    with gate.hold("another"):
        pass


def test_what_nobody_asked_for_is_waited_for() -> None:
    gate = Gate()
    held, let_go = threading.Event(), threading.Event()

    def first() -> None:
        with gate.hold("a scheduled one", patience_s=30):
            held.set()
            let_go.wait(30)

    thread = threading.Thread(target=first)
    thread.start()
    held.wait(30)
    threading.Timer(0.01, let_go.set).start()
    with gate.hold("a second one"):
        assert let_go.is_set()
    thread.join()


def test_an_exception_opens_the_gate() -> None:
    gate = Gate()
    with pytest.raises(ZeroDivisionError), gate.hold("a failure"):
        raise ZeroDivisionError
    with gate.hold("the next one"):
        pass


def test_a_forked_child_finds_it_open() -> None:
    gate = Gate()
    with gate.hold("the parent's capture", seconds=60):
        gate.after_fork()
        with gate.hold("the child's"):
            pass
