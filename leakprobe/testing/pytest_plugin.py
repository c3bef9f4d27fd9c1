"""The pytest plugin: a test whose memory stays grown after its teardown fails.

Every pytest run of an environment where leakprobe is installed loads this module. Off, it
defines options, markers and two fixtures, and no hook of it runs per test; what measures
is imported and registered only where detection is on (`leakprobe.testing.plugin`).
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from leakprobe.testing.plugin.options import add_options, read_options

if TYPE_CHECKING:
    from leakprobe.testing import LeakDetector, MemoryProfiler

__all__ = ["leak_detector", "memory_profiler", "pytest_addoption", "pytest_configure"]

SKIP = "skip_leak_detection: this test's memory is not judged, whatever it leaves behind"
LIMITS = (
    "memory_leak(threshold_mb=None, iterations=None): how many MB this test may leave behind,"
    " and how often its body is called to tell a leak from a cache; stronger than the options"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options and ini options; they are there whether detection is on or off."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Define the markers, and put the hooks that measure in place where detection is on.

    Raises:
        pytest.UsageError: an option, the environment or the ini file has a value that is
            not allowed.
    """
    for marker in (SKIP, LIMITS):
        config.addinivalue_line("markers", marker)
    options = read_options(config)
    if options.on:
        from leakprobe.testing.plugin.session import register

        register(config, options)


@pytest.fixture
def memory_profiler(request: pytest.FixtureRequest) -> "Iterator[MemoryProfiler]":
    """A `leakprobe.testing.MemoryProfiler` that measures from the beginning of the test."""
    from leakprobe.testing import MemoryProfiler

    with MemoryProfiler(name=request.node.name) as profiler:
        yield profiler


@pytest.fixture
def leak_detector() -> "Callable[..., LeakDetector]":
    """Makes a `leakprobe.testing.LeakDetector`, of the types it is called with, and starts it."""
    from leakprobe.testing import LeakDetector

    def started(*types: type | str) -> "LeakDetector":
        detector = LeakDetector(*types)
        detector.start()
        return detector

    return started
