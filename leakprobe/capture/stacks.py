"""Running code as frames of the model: names and numbers, nothing that lives."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType

from leakprobe.model.memory import Frame

__all__ = ["code_frame", "copy_stack", "current_frames"]

OWN_DIRECTORY = str(Path(__file__).parent)


def current_frames() -> dict[int, FrameType]:
    """The innermost frame of each thread by ident; of this one, where it called the camera.

    The caller has to clear the dict: the frames in it hold the caller's, which holds them.
    """
    found = sys._current_frames()  # noqa: SLF001  # the documented way to other threads' frames
    own = sys._getframe(1)  # noqa: SLF001  # there is no public name for it that is as cheap
    while own.f_back is not None and own.f_code.co_filename.startswith(OWN_DIRECTORY):
        own = own.f_back
    found[threading.get_ident()] = own
    return found


def code_frame(code: CodeType, line: int | None) -> Frame:
    """One line of a code object; its first line where the line is not known."""
    return Frame(
        file=_exact(code.co_filename),
        line=line or code.co_firstlineno,
        function=_exact(code.co_qualname),
    )


def copy_stack(frame: FrameType | None, most: int) -> tuple[Frame, ...]:
    """The stack that ends in this frame, innermost first, at most so many frames."""
    return tuple(_walk(frame, most))


def _walk(frame: FrameType | None, most: int) -> Iterator[Frame]:
    for _ in range(most):
        if frame is None:
            return
        yield code_frame(frame.f_code, frame.f_lineno)
        frame = frame.f_back


def _exact(text: str) -> str:
    """A name as it is; `compile` also takes a subclass of str, which is the application's."""
    return text if type(text) is str else "?"
