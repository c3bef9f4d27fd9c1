"""Which lines of a stack are the application's own.

A leak is mended where the application asked for the memory, which is seldom the line that
allocated: that lies in a parser, an ORM or the standard library.
"""

from leakprobe.model.memory import Frame

__all__ = ["above_toolkit", "application_frame", "is_library"]

STANDARD_LIBRARY = ("/lib/python3",)
INSTALLED = ("/site-packages/", "/dist-packages/")
# The middleware, the agent and what starts the demo are on stacks of the application; the
# examples are one.
TOOLKIT = ("/leakprobe/testing/", "/leakprobe/commands/")
OWN = (*(f"/leakprobe/{place}/" for place in ("web", "agent", "capture", "demo")), *TOOLKIT)
EXAMPLES = "/leakprobe/examples/"


def is_library(file: str) -> bool:
    """Whether a file, as code objects name it, is somebody else's.

    Generated code (`<string>`, `<frozen importlib._bootstrap>`) has no line to look at and
    counts as a library, and so does a console script (`bin/uvicorn`).
    """
    if file.startswith("<"):
        return True
    if EXAMPLES in file:
        return False
    directory, _, name = file.rpartition("/")
    if directory.endswith("/bin") and "." not in name:
        return True
    return any(part in file for part in (*STANDARD_LIBRARY, *INSTALLED, *OWN))


def above_toolkit(stack: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """A stack without the frames that called what is tested, and all below them.

    Args:
        stack: the allocating frame first.
    """
    calling = (at for at, frame in enumerate(stack) if any(own in frame.file for own in TOOLKIT))
    return stack[: next(calling, len(stack))]


def application_frame(stack: tuple[Frame, ...]) -> Frame | None:
    """The innermost line of the application: the site of what the stack allocated.

    An application that is installed lies where libraries do: then it is the innermost line
    outside of the standard library, and where all is standard library the innermost of all.

    Args:
        stack: the allocating frame first.

    Returns:
        None: the stack is empty.
    """
    for frame in stack:
        if not is_library(frame.file):
            return frame
    for frame in stack:
        if any(part in frame.file for part in INSTALLED):
            return frame
    return stack[0] if stack else None
