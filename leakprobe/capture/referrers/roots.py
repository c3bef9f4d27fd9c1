"""Where a search for holders ends: at what lives by itself."""

import sys
import threading
from types import FrameType, ModuleType
from typing import cast

from objgraph import is_proper_module  # type: ignore[import-untyped]  # it has no stubs

from leakprobe.capture.heap.kinds import Kind
from leakprobe.capture.names import clean_name, type_mro, type_name
from leakprobe.capture.referrers.frames import RunningFrame, frame_title
from leakprobe.capture.referrers.parts import module_namespace

__all__ = ["Roots"]

Root = tuple[str, str]


class Roots:
    """The modules, running frames, classes and threads of this process."""

    def __init__(self, frames: list[RunningFrame]) -> None:
        self._modules = _modules()
        self._frames = {id(running.frame) for running in frames}

    def of(self, o: object, kind: Kind) -> Root | None:
        """What kind of root an object is, and its name; None: it is none."""
        name = self._modules.get(id(o))
        if name is not None:
            return "module", name
        if id(o) in self._frames:
            return "frame", frame_title(cast("FrameType", o))
        if kind.is_class:
            return "type", type_name(cast("type", o))
        is_thread = any(base is threading.Thread for base in type_mro(kind.cls))
        return ("thread", kind.name) if is_thread else None


def _modules() -> dict[int, str]:
    """Loaded modules and their namespaces, by address, with the name that they go by."""
    names: dict[int, str] = {}
    for name, module in list(dict.items(sys.modules)):
        if type(name) is not str or not any(b is ModuleType for b in type_mro(type(module))):
            continue
        for address in (id(module), id(module_namespace(module))):
            if _is_proper(module) or address not in names:
                names[address] = clean_name(name)
    return names


def _is_proper(module: ModuleType) -> bool:
    """Whether a module is loaded under its own name.

    Asked only of plain modules that have a name: others would run code of their own.
    """
    if type(module) is not ModuleType:
        return False
    pairs = list(dict.items(module_namespace(module)))
    named = any(type(k) is str and k == "__name__" and type(v) is str for k, v in pairs)
    return named and bool(is_proper_module(module))
