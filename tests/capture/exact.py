"""A tracemalloc tracer that does not look through all modules anew for each test."""

from functools import cache

from leakprobe.capture.functions import FunctionNames
from leakprobe.capture.tracemalloc_tracer import TracemallocTracer

__all__ = ["exact_tracer"]


def exact_tracer(frames: int) -> TracemallocTracer:
    """One with so many frames, not started."""
    tracer = TracemallocTracer(frames, "a test")
    tracer._names = _names()
    return tracer


@cache
def _names() -> FunctionNames:
    return FunctionNames()
