"""Repeats the body of a test with the same fixtures, to tell a leak from a cache.

The function of a test is exchanged for one that calls it again and again, before any
plugin looks at it. So whoever runs coroutines (pytest-asyncio, anyio, unittest) runs one
coroutine, in which the body is awaited as often as was asked for.
"""

import unittest
from collections.abc import Callable, Generator

import pytest

from leakprobe.capture.in_use import MemoryInUse, read_memory_in_use
from leakprobe.testing.plugin.repetition import (
    Body,
    Repetition,
    RepetitionVerdict,
    not_repeated,
    repeated,
)

__all__ = ["REPETITION", "RepetitionPlugin", "RepetitionVerdict"]

ONCE = 1
# Whose tests call their bodies by themselves; not imported, since it brings the whole judge.
DECORATOR = "leakprobe.testing.decorator"

REPETITION: pytest.StashKey[RepetitionVerdict] = pytest.StashKey()


class RepetitionPlugin:
    """Repeats tests, and leaves the verdict in `item.stash[REPETITION]`.

    No verdict is left where the body raised or skipped, and where nothing was repeated.

    Args:
        iterations_of: how often the body of a test is to run; below 2: it is left alone.
        read: reads memory in use.
    """

    def __init__(
        self,
        iterations_of: Callable[[pytest.Item], int],
        read: Callable[[], MemoryInUse] = read_memory_in_use,
    ) -> None:
        self._iterations_of = iterations_of
        self._read = read
        self._subtests = 0

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        """Exchange the body of a function for one that repeats it."""
        __tracebackhide__ = True
        if REPETITION in item.stash:
            del item.stash[REPETITION]  # of a run before this one
        iterations = self._iterations_of(item)
        if not isinstance(item, pytest.Function) or iterations <= ONCE:
            return (yield)
        body: Body = item.obj
        why_not = _repeated_by(body)
        if why_not is not None:
            item.stash[REPETITION] = not_repeated(why_not)
            return (yield)
        run = Repetition(iterations, self._read, lambda: self._subtests)
        item.obj = repeated(body, run)
        instance = _test_case(item)
        if instance is not None:
            setattr(instance, item.name, item.obj)
        try:
            result = yield
        finally:
            item.obj = body
            if instance is not None:
                vars(instance).pop(item.name, None)
        if run.complete:
            item.stash[REPETITION] = run.verdict()
        return result

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the reports of subtests: pytest keeps each, so their tests are not repeated."""
        self._subtests += type(report).__name__ == "SubtestReport"


def _repeated_by(body: Body) -> str | None:
    """Who calls the inner function of this one again and again already."""
    if hasattr(body, "hypothesis"):  # the handle that `@given` gives to a test
        return "hypothesis repeats it, and keeps what it found"
    function = getattr(body, "__func__", body)
    if getattr(function, "__globals__", {}).get("__name__") == DECORATOR:
        return "@memory_leak_test repeats it, and judges it"
    return None


def _test_case(item: pytest.Function) -> unittest.TestCase | None:
    """The object of unittest that runs the test: it looks for the method by its name."""
    instance = item.instance
    return instance if isinstance(instance, unittest.TestCase) else None
