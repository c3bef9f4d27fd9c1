"""Prove in a test that a leak is there, and later that it is gone.

Each name is imported when it is first used: the pytest plugin lives below this package,
and costs nothing while it is off.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leakprobe.testing.comparison import compare_growth, compare_growth_async
    from leakprobe.testing.decorator import memory_leak_test
    from leakprobe.testing.detector import LeakDetector
    from leakprobe.testing.growth import measure_memory_growth
    from leakprobe.testing.hypotheses import Hypothesis
    from leakprobe.testing.profiler import MemoryProfiler
    from leakprobe.testing.report import MemoryLeakReport
    from leakprobe.testing.severity import Severity, Thresholds
    from leakprobe.testing.snapshot import MemorySnapshot

__all__ = [
    "Hypothesis",
    "LeakDetector",
    "MemoryLeakReport",
    "MemoryProfiler",
    "MemorySnapshot",
    "Severity",
    "Thresholds",
    "compare_growth",
    "compare_growth_async",
    "measure_memory_growth",
    "memory_leak_test",
]

MODULES = {
    "Hypothesis": "hypotheses",
    "LeakDetector": "detector",
    "MemoryLeakReport": "report",
    "MemoryProfiler": "profiler",
    "MemorySnapshot": "snapshot",
    "Severity": "severity",
    "Thresholds": "severity",
    "compare_growth": "comparison",
    "compare_growth_async": "comparison",
    "measure_memory_growth": "growth",
    "memory_leak_test": "decorator",
}


def __getattr__(name: str) -> object:
    """Import what has this name, the first time that it is asked for."""
    module = MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
