"""Which function a line belongs to, from the functions that modules hold."""

import sys
from types import FunctionType, ModuleType

import pytest

from leakprobe.capture.functions import FunctionNames
from leakprobe.capture.pace import Pace
from leakprobe.capture.tracemalloc_tracer import TracemallocTracer

HERE = __file__


def outer() -> FunctionType:
    def inner() -> int:
        value = 1
        return value  # noqa: RET504 - a second line is what is looked up

    assert isinstance(inner, FunctionType)
    return inner


def test_the_innermost_function_around_a_line_is_named() -> None:
    names = FunctionNames()
    names.learn(Pace())
    inner = outer()
    first, second = outer.__code__.co_firstlineno, inner.__code__.co_firstlineno
    assert names.get((HERE, first + 1)) == "outer.<locals>.inner"
    assert names.get((HERE, second + 2)) == "outer.<locals>.inner"
    assert names.get((HERE, second + 5)) == "outer"
    assert names.get((HERE, 1)) is None
    assert names.get(("/no/such/file.py", 1)) is None
    tracer_file = TracemallocTracer.read.__code__.co_filename
    line = TracemallocTracer.read.__code__.co_firstlineno
    assert names.get((tracer_file, line)) == "TracemallocTracer.read"


def test_a_module_that_is_loaded_later_is_looked_through_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = FunctionNames()
    names.learn(Pace())
    module = ModuleType("planted_module")
    exec(compile("\n\ndef late():\n    return 1\n", "/planted.py", "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, "planted_module", module)
    assert names.get(("/planted.py", 4)) is None
    names.learn(Pace())
    assert names.get(("/planted.py", 4)) == "late"
