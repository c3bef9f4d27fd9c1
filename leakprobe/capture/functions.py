"""Which function a line belongs to, for a tracer that records lines only.

tracemalloc knows file and line. The function's name comes from the code objects of the
functions that the loaded modules hold: each says its file and its lines. A module is
looked through once, the first ones before tracing begins. Only names and numbers are
remembered, never a code object.

References are followed from the modules down. Listing what the collector tracks would be
shorter, and could break the application (see `leakprobe.capture.listed`).
"""

import gc
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from types import CellType, CodeType, FunctionType, MethodType, ModuleType

from leakprobe.capture.listed import untraversable
from leakprobe.capture.names import TYPE_SUBCLASS, type_flags
from leakprobe.capture.pace import Pace

__all__ = ["FunctionNames"]

RawFrame = tuple[str, int]
Span = tuple[int, int, str]

HOLDERS_PER_STRETCH = 200
# What holds functions, beside modules and classes: wrappers, methods and closures.
HOLDER_IDS = frozenset(
    map(id, (FunctionType, MethodType, CellType, staticmethod, classmethod, property))
)

code_of = FunctionType.__dict__["__code__"].__get__
values_of = dict.__dict__["values"]


class FunctionNames:
    """Names of functions by (file, line), learned module by module."""

    def __init__(self) -> None:
        self._modules: set[str] = set()
        self._spans: dict[str, list[Span]] = {}

    def get(self, frame: RawFrame) -> str | None:
        """The qualified name of the innermost function around a line, where it is known."""
        file, line = frame
        spans = self._spans.get(file, [])
        for first, last, name in reversed(spans[: bisect_right(spans, (line, 1 << 31, ""))]):
            # Spans are in the order of their first lines: the innermost comes first here.
            if first <= line <= last:
                return name
        return None

    def learn(self, pace: Pace) -> None:
        """Look through the modules that were loaded since the last time."""
        loaded = dict(sys.modules)
        new = [
            module
            for name, module in loaded.items()
            if name not in self._modules
            and type(module) is ModuleType
            and module is not untraversable()
        ]
        self._modules.update(loaded)
        spans: dict[str, set[Span]] = {}
        for function in _functions_of(new, pace):
            for code in _with_nested(code_of(function)):
                spans.setdefault(code.co_filename, set()).add(_span(code))
        for file, found in spans.items():
            self._spans[file] = sorted(found.union(self._spans.get(file, ())))


def _functions_of(modules: Iterable[object], pace: Pace) -> Iterator[FunctionType]:
    """Every function that the modules hold, not through other modules."""
    todo = list(modules)
    seen = set(map(id, todo))
    while todo:
        stretch = todo[-HOLDERS_PER_STRETCH:]
        del todo[-HOLDERS_PER_STRETCH:]
        for held in _held_by(stretch, seen):
            if id(held) not in seen and _is_holder(held):
                seen.add(id(held))
                todo.append(held)
                if type(held) is FunctionType:
                    yield held
        pace.rest()


def _held_by(holders: list[object], seen: set[int]) -> Iterator[object]:
    """What they refer to, in their namespaces and closures too; `seen` learns the namespaces."""
    for held in gc.get_referents(*holders):
        if type(held) is dict:
            if id(held) not in seen:  # each function of a module refers to the module's
                seen.add(id(held))
                yield from list(values_of(held))
        elif type(held) is tuple:
            yield from held
        else:
            yield held


def _is_holder(o: object) -> bool:
    return id(type(o)) in HOLDER_IDS or bool(type_flags(type(o)) & TYPE_SUBCLASS)


def _span(code: CodeType) -> Span:
    lines = [line for _, _, line in code.co_lines() if line is not None]
    return code.co_firstlineno, max(lines, default=code.co_firstlineno), code.co_qualname


def _with_nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if type(constant) is CodeType:
            yield from _with_nested(constant)
