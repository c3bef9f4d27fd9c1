"""Ways from roots down to what is held, compared: does one go through the other?"""

import re
from collections.abc import Iterable

from leakprobe.model import HolderPath

__all__ = ["Way", "goes_through", "is_lasting", "outermost", "root_module", "shared_steps", "way"]

# The steps of a way, without what differs from one run to the next.
Way = tuple[str, ...]

LINE = re.compile(r":\d+\b")
ADDRESS = re.compile(r"0x[0-9a-f]+")
CUT_OFF = "…"
# As in the search: a frame or thread holds something as long as it runs, C code perhaps
# for one call.
PASSING = ("frame ", "thread ", "held by ", "task ", CUT_OFF)


def way(path: HolderPath | None) -> Way:
    """The steps of a path, comparable; empty where there is none."""
    if path is None:
        return ()
    return tuple(_comparable(step) for step in path.steps)


def _comparable(step: str) -> str:
    if ":" not in step and "0x" not in step:
        return step
    return ADDRESS.sub("0x", LINE.sub("", step))


def goes_through(path: Way, holders: Iterable[Way]) -> bool:
    """Whether a way leads to one of the holders or through it."""
    return any(holder and path[: len(holder)] == holder for holder in holders)


def shared_steps(one: Way, other: Way) -> int:
    """How many steps from the root on two ways have in common."""
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def is_lasting(path: Way) -> bool:
    """Whether the way begins at what lives as long as the process: a module or a class."""
    return bool(path) and not path[0].startswith(PASSING)


def root_module(path: Way) -> str | None:
    """The module that a way begins in; None: it begins elsewhere."""
    for root in ("module ", "class "):
        if path and path[0].startswith(root):
            return path[0].removeprefix(root)
    return None


def outermost(path: Way, others: Iterable[Way]) -> bool:
    """Whether none of the others is on the way, itself left out."""
    return not goes_through(path, [other for other in others if len(other) < len(path)])
