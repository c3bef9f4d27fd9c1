"""Stacks as values."""

import sys
import threading
from pathlib import Path

from leakprobe.capture import stacks
from leakprobe.capture.stacks import code_frame, copy_stack, current_frames
from leakprobe.model.memory import Frame


def planted() -> None:
    pass


def test_a_line_of_code() -> None:
    code = planted.__code__
    assert code_frame(code, 7) == Frame(__file__, 7, "planted")
    assert code_frame(code, None).line == code.co_firstlineno
    odd = code.replace(co_filename=type("Text", (str,), {})("odd.py"))
    assert type(code_frame(odd, 7).file) is str


def test_a_stack_begins_with_the_innermost_frame() -> None:
    whole = copy_stack(sys._getframe(), 1000)
    assert whole[0].function == "test_a_stack_begins_with_the_innermost_frame"
    assert "<module>" in [frame.function for frame in whole]
    assert copy_stack(sys._getframe(), 1)[0].function == whole[0].function
    assert copy_stack(sys._getframe(), 0) == copy_stack(None, 9) == ()


def test_this_thread_s_frame_is_the_caller_s() -> None:
    assert str(Path(stacks.__file__).parent) == stacks.OWN_DIRECTORY
    frames = current_frames()
    try:
        assert frames[threading.get_ident()] is sys._getframe()
    finally:
        frames.clear()
