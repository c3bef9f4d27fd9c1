"""The variables of frames.

`tp_traverse` of a frame that runs reports nothing (CPython, Objects/frameobject.c:
frame_traverse), so the only way to its variables is `f_locals`. Until Python 3.12 that
fills a dict which the frame then keeps; what it holds would live as long as the frame
runs, so the dict is emptied again if nobody else has it.
"""

import sys
from dataclasses import dataclass
from types import CodeType, FrameType

from leakprobe.capture.heap.kinds import is_ours
from leakprobe.capture.names import clean_name

__all__ = ["RunningFrame", "frame_title", "running_frames", "variables"]

Variables = list[tuple[str, object]]

# Include/cpython/code.h: CO_OPTIMIZED, the variables are in fast slots and not in a dict.
FAST_VARIABLES = 1
# f_locals as `sys.getrefcount` sees it when only the frame and we have it.
UNSHARED = 3

frame_code = FrameType.__dict__["f_code"].__get__
frame_globals = FrameType.__dict__["f_globals"].__get__
frame_line = FrameType.__dict__["f_lineno"].__get__
frame_locals = FrameType.__dict__["f_locals"].__get__
frame_trace = FrameType.__dict__["f_trace"].__get__
frame_back = FrameType.__dict__["f_back"].__get__


@dataclass(frozen=True, slots=True, eq=False)
class RunningFrame:
    """A frame that runs in some thread, and what its variables are now."""

    frame: FrameType
    variables: Variables


def running_frames() -> list[RunningFrame]:
    """The frames of every thread, but leakprobe's own."""
    frames = []
    stacks = list(sys._current_frames().values())  # noqa: SLF001  # the documented way to them
    # No variable may refer to a frame at the end: this one is among them, and would be a
    # cycle that keeps all that its callers have.
    while stacks:
        frame: FrameType | None = stacks.pop()
        while frame is not None:
            if not _is_our_frame(frame):
                frames.append(RunningFrame(frame, variables(frame)))
            frame = frame_back(frame)
    return frames


def variables(frame: FrameType) -> Variables:
    """Names and values of a function's local and closure variables.

    Of a module's or class body's frame none: they are in its namespace.
    """
    code: CodeType = frame_code(frame)
    if not code.co_flags & FAST_VARIABLES:
        return []
    found = frame_locals(frame)
    if type(found) is not dict:
        return list(found.items())
    pairs = list(found.items())
    if sys.getrefcount(found) <= UNSHARED and frame_trace(frame) is None:
        found.clear()
    return pairs


def frame_title(frame: FrameType) -> str:
    """`function at file.py:42`."""
    code: CodeType = frame_code(frame)
    file = clean_name(code.co_filename.rpartition("/")[2])
    return f"{clean_name(code.co_qualname)} at {file}:{frame_line(frame)}"


def _is_our_frame(frame: FrameType) -> bool:
    for name, value in list(dict.items(frame_globals(frame))):
        if type(name) is str and name == "__name__":
            return type(value) is str and is_ours(value)
    return False
