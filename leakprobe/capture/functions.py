"""Which function a line belongs to, for a tracer that records lines only.

tracemalloc knows file and line. The function's name comes from the code objects of the
functions that are loaded: each says its file and its lines. Listing all objects holds
the GIL, so it is done once per new file and not once per new line. Only names and
numbers are remembered, never a code object.
"""

import gc
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from types import CodeType, FunctionType

from leakprobe.capture.pace import Pace

__all__ = ["FunctionNames"]

RawFrame = tuple[str, int]
Span = tuple[int, int, str]

OBJECTS_PER_STRETCH = 5000

code_of = FunctionType.__dict__["__code__"].__get__


class FunctionNames:
    """Names of functions by (file, line), learned file by file.

    Args:
        list_objects: lists what the collector tracks.
    """

    def __init__(self, list_objects: Callable[[], list[object]] = gc.get_objects) -> None:
        self._list_objects = list_objects
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

    def learn(self, frames: Iterable[RawFrame], pace: Pace) -> None:
        """Make the functions of these frames' files known, in stretches that `pace` sets."""
        new = {file for file, _ in frames if file not in self._spans}
        if not new:
            return
        objects = pace.hold(self._list_objects)
        spans: dict[str, set[Span]] = {file: set() for file in new}
        for code in _loaded_code(objects, pace):
            if code.co_filename in spans:
                spans[code.co_filename].update(map(_span, _with_nested(code)))
        self._spans.update((file, sorted(found)) for file, found in spans.items())


def _loaded_code(objects: list[object], pace: Pace) -> Iterator[CodeType]:
    """The code of every function among the objects; empties the list as it goes."""
    while objects:
        stretch = objects[-OBJECTS_PER_STRETCH:]
        del objects[-OBJECTS_PER_STRETCH:]
        yield from [code_of(o) for o in stretch if type(o) is FunctionType]
        pace.rest()


def _span(code: CodeType) -> Span:
    lines = [line for _, _, line in code.co_lines() if line is not None]
    return code.co_firstlineno, max(lines, default=code.co_firstlineno), code.co_qualname


def _with_nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if type(constant) is CodeType:
            yield from _with_nested(constant)
