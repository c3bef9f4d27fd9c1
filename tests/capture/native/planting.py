"""A module to hang objects on, and how the ways to them are read in tests of walks."""

import gc
import sys
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from leakprobe.capture.heap.layout import Path, Step, WalkResult
from tests.capture.native.walking import walk

__all__ = [
    "MODULE",
    "START",
    "Link",
    "Slotted",
    "Target",
    "ask",
    "path_to",
    "planted",
    "word",
    "words",
]

MODULE = "planted_by_a_test"
START = f"reference > reference > module {MODULE} > namespace"


class Target:
    """What is looked for."""


class Slotted:
    """Holds something in a slot."""

    __slots__ = ("left", "right")

    def __init__(self, held: object) -> None:
        self.right = held


class Link:
    """One of a chain."""

    def __init__(self, below: object) -> None:
        self.below = below


@contextmanager
def planted() -> Iterator[ModuleType]:
    """A loaded module, so that every way begins alike; nothing is collected meanwhile."""
    module = sys.modules[MODULE] = ModuleType(MODULE)
    gc.collect()  # what earlier tests left in cycles
    gc.disable()
    try:
        yield module
    finally:
        gc.enable()
        del sys.modules[MODULE]


def ask(*addresses: int, reveal: bool = False) -> WalkResult:
    """A walk that describes the objects at these addresses."""
    return walk(addresses=array("Q", addresses).tobytes(), reveal=reveal)


def path_to(result: WalkResult, address: int) -> Path:
    """The path to the object at an address."""
    return next(path for path in result.paths if result.nodes[path.node].address == address)


def word(step: Step) -> str:
    """Role and name of a step."""
    shown = step.name if step.index is None else f"#{step.index}"
    return step.role.name.lower() + (f" {shown}" if shown is not None else "")


def words(path: Path) -> str:
    """Roles and names from the root down."""
    return " > ".join(map(word, path.steps))
