"""Repeats the body of a test with the same fixtures, to tell a leak from a cache.

The function of a test is exchanged for one that calls it again and again, before any
plugin looks at it. So whoever runs coroutines (pytest-asyncio, anyio, unittest) runs one
coroutine, in which the body is awaited as often as was asked for.
"""

import asyncio
import functools
import unittest
from array import array
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import cast

import pytest

from leakprobe.analysis.repeats import LEAST_BYTES, Repeats, RepeatState, judge_repeats
from leakprobe.capture.in_use import MemoryInUse, read_memory_in_use
from leakprobe.render.units import count_text, decimal_text
from leakprobe.testing.captured import CapturedOutput
from leakprobe.testing.driving import is_async
from leakprobe.testing.readings import collect_all

__all__ = ["REPETITION", "RepetitionPlugin", "RepetitionVerdict"]

# The resident set goes up and down by some pages without a reason in the test.
LEAST_RESIDENT_BYTES = 65_536
# Callbacks that a body has scheduled run in the turns of the loop that follow.
TURNS_TO_SETTLE = 3

Body = Callable[..., object]


@dataclass(frozen=True, slots=True)
class RepetitionVerdict:
    """What became of memory in use while the body was repeated.

    Attributes:
        state: `leak`: the growth repeats; `levels off`: it ended, or came only now and then.
        bytes_per_iteration: after a collection; the first iteration is not counted.
        iterations: how often the body ran. 1: it could not be repeated, and is not judged.
        text: one sentence.
        growth_bytes: over all iterations, the first one counted; 0: it was not repeated.
    """

    state: RepeatState
    bytes_per_iteration: float
    iterations: int
    text: str
    growth_bytes: int


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
        if REPETITION in item.stash:
            del item.stash[REPETITION]  # of a run before this one
        iterations = self._iterations_of(item)
        if not isinstance(item, pytest.Function) or iterations < 2:  # noqa: PLR2004  # as often as a repetition
            return (yield)
        body: Body = item.obj
        if hasattr(body, "hypothesis"):  # the handle that `@given` gives to a test
            item.stash[REPETITION] = _not_repeated("hypothesis repeats it, and keeps what it found")
            return (yield)
        run = _Run(iterations, self._read, lambda: self._subtests)
        item.obj = _repeated(body, run)
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


class _Run:
    """One test that is repeated: when to stop, and what was in use after each iteration."""

    def __init__(
        self, iterations: int, read: Callable[[], MemoryInUse], subtests: Callable[[], int]
    ) -> None:
        self._iterations = iterations
        self._read = read
        self._subtests = subtests
        self._captured = CapturedOutput()
        self._resident = False
        self._done = 0
        self.complete = False
        self._why_once: str | None = None
        # All of it now: what grew with each iteration would be counted as the body's.
        self._readings = array("q", bytes(8 * (iterations + 1)))

    def begin(self) -> int:
        """The first reading; returns how many subtests were reported before."""
        self._captured.remember()
        self._take(0)
        return self._subtests()

    def goes_on(self, result: object, subtests: int) -> bool:
        """Note the end of an iteration; whether there is another.

        Args:
            result: what the body returned.
            subtests: as `begin` returned it.
        """
        if result is not None:
            self._why_once = "it returns something"
        elif self._subtests() != subtests:
            self._why_once = "pytest keeps the reports of its subtests"
        if self._why_once is None:
            self._captured.forget()
            self._take(self._done + 1)
        self._done += 1
        self.complete = self._why_once is not None or self._done == self._iterations
        return not self.complete

    def explain(self, error: Exception) -> None:
        """Say in which iteration a body failed that had passed before."""
        if self._done:
            error.add_note(f"leakprobe: in iteration {self._done + 1} of {self._iterations}")

    def verdict(self) -> RepetitionVerdict:
        """What the readings say."""
        if self._why_once is not None:
            return _not_repeated(self._why_once)
        least = LEAST_RESIDENT_BYTES if self._resident else LEAST_BYTES
        found = judge_repeats(self._readings, least=least)
        return RepetitionVerdict(
            found.state,
            found.bytes_per_iteration,
            self._iterations,
            _sentence(found),
            self._readings[-1] - self._readings[0],
        )

    def _take(self, place: int) -> None:
        collect_all()
        memory = self._read()
        self._readings[place] = memory.bytes
        self._resident |= memory.by == "resident set"


def _repeated(body: Body, run: _Run) -> Body:
    return _repeated_async(body, run) if is_async(body) else _repeated_sync(body, run)


def _repeated_sync(body: Body, run: _Run) -> Body:
    @functools.wraps(body)
    def repeat(*args: object, **kwargs: object) -> object:
        subtests = run.begin()
        while True:
            try:
                result = body(*args, **kwargs)
            except Exception as error:
                run.explain(error)
                raise
            if not run.goes_on(result, subtests):
                return result

    return repeat


def _repeated_async(body: Body, run: _Run) -> Body:
    @functools.wraps(body)
    async def repeat(*args: object, **kwargs: object) -> object:
        subtests = run.begin()
        while True:
            try:
                result = await cast("Awaitable[object]", body(*args, **kwargs))
            except Exception as error:
                run.explain(error)
                raise
            await _settle()
            if not run.goes_on(result, subtests):
                return result

    return repeat


async def _settle() -> None:
    """Let what was scheduled run; other loops than asyncio's are left alone."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    for _ in range(TURNS_TO_SETTLE):
        await asyncio.sleep(0)


def _test_case(item: pytest.Function) -> unittest.TestCase | None:
    """The object of unittest that runs the test: it looks for the method by its name."""
    instance = item.instance
    return instance if isinstance(instance, unittest.TestCase) else None


def _not_repeated(why: str) -> RepetitionVerdict:
    return RepetitionVerdict("no growth", 0.0, 1, f"not repeated: {why}", 0)


def _sentence(found: Repeats) -> str:
    size = decimal_text(found.bytes_per_iteration)
    of = f"{found.grown} of {count_text(found.judged, 'iteration')}"
    if found.state == "leak":
        return f"grew by {size} per iteration, in {of}"
    if found.state == "no growth":
        return f"no growth in {count_text(found.judged, 'iteration')} after the first"
    if found.grown == 0:
        return f"grew in the first iteration only, in none of {found.judged} after it"
    return f"grew in {of} after the first, and does not go on"
