import sys
import threading
import weakref
from types import FrameType

from leakprobe.capture.referrers.frames import frame_title, running_frames, variables


class Kept:
    pass


def test_variables_of_a_function_are_its_locals_and_closure() -> None:
    outer = Kept()

    def function(argument: object) -> dict[str, object]:
        local = outer
        found = dict(variables(sys._getframe()))
        assert local is outer
        return found

    found = function(1)
    assert found["argument"] == 1
    assert found["outer"] is found["local"] is outer


def test_a_module_body_has_none() -> None:
    frame: list[FrameType] = []
    exec("frame.append(sys._getframe())", {"frame": frame, "sys": sys})
    assert variables(frame[0]) == []


def test_the_frame_keeps_nothing_alive() -> None:
    local = Kept()
    gone = weakref.ref(local)
    found = variables(sys._getframe())
    assert any(value is local for _, value in found)
    del found, local
    assert gone() is None


def test_a_dict_that_the_application_has_is_left_alone() -> None:
    local = Kept()
    mine = locals()
    variables(sys._getframe())
    assert mine["local"] is local


def test_frames_of_all_threads_run() -> None:
    ready, done = threading.Event(), threading.Event()

    def work() -> None:
        marker = "in a thread"
        ready.set()
        done.wait()
        assert marker

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    frames = running_frames()
    done.set()
    thread.join()
    assert ("marker", "in a thread") in [pair for f in frames for pair in f.variables[:1]]
    titles = [frame_title(f.frame) for f in frames]
    assert any("test_frames_of_all_threads_run at test_frames.py:" in t for t in titles)
    assert not any("running_frames" in t for t in titles)
