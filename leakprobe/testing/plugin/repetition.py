"""One test's body that is repeated: when to stop, and what the readings in between say."""

import asyncio
import functools
import gc
from array import array
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast

from leakprobe.analysis.repeats import LEAST_BYTES, Repeats, RepeatState, judge_repeats
from leakprobe.capture.in_use import MemoryInUse
from leakprobe.render.units import count_text, decimal_text
from leakprobe.testing.captured import CapturedOutput
from leakprobe.testing.driving import is_async
from leakprobe.testing.readings import collect_all

__all__ = ["Body", "Repetition", "RepetitionVerdict", "not_repeated", "repeated"]

# The resident set goes up and down by some pages without a reason in the test.
LEAST_RESIDENT_BYTES = 65_536
# The second of the collector's three generations, and so the first.
YOUNG = 1
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


class Repetition:
    """Counts the iterations of one body, and reads what is in use after each.

    Args:
        iterations: how many are wanted, at least 2.
        read: reads memory in use.
        subtests: how many subtests were reported until now.
    """

    def __init__(
        self, iterations: int, read: Callable[[], MemoryInUse], subtests: Callable[[], int]
    ) -> None:
        self._iterations = iterations
        self._read = read
        self._subtests = subtests
        self._subtests_before = 0
        self._captured = CapturedOutput()
        self._least = LEAST_BYTES
        self._done = 0
        self.complete = False
        self._why_once: str | None = None
        # All of it now: what grew with each iteration would be counted as the body's.
        self._readings = array("q", bytes(8 * (iterations + 1)))

    def begin(self) -> None:
        """The first reading."""
        self._captured.remember()
        self._subtests_before = self._subtests()
        self._take(0)

    def goes_on(self, result: object) -> bool:
        """Note the end of an iteration and what the body returned; whether there is another."""
        if result is not None:
            self._why_once = "it returns something"
        elif self._subtests() != self._subtests_before:
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
            return not_repeated(self._why_once)
        found = judge_repeats(self._readings, least=self._least)
        return RepetitionVerdict(
            found.state,
            found.bytes_per_iteration,
            self._iterations,
            _sentence(found),
            self._readings[-1] - self._readings[0],
        )

    def _take(self, place: int) -> None:
        """Read memory in use; where that has grown, once more after a full collection.

        What a body leaves to the collector is young, and collecting the young takes
        microseconds. A full collection takes as long as the suite has imported.
        """
        gc.collect(YOUNG)
        memory = self._read()
        if place > 0 and memory.bytes >= self._readings[place - 1] + self._least:
            collect_all()
            memory = self._read()
        self._readings[place] = memory.bytes
        if memory.by == "resident set":
            self._least = LEAST_RESIDENT_BYTES


def repeated(body: Body, run: Repetition) -> Body:
    """A function like the body, a coroutine function where that is one, that repeats it."""
    return _repeated_async(body, run) if is_async(body) else _repeated_sync(body, run)


def _repeated_sync(body: Body, run: Repetition) -> Body:
    @functools.wraps(body)
    def repeat(*args: object, **kwargs: object) -> object:
        __tracebackhide__ = True
        run.begin()
        while True:
            try:
                result = body(*args, **kwargs)
            except Exception as error:
                run.explain(error)
                raise
            if not run.goes_on(result):
                return result

    return repeat


def _repeated_async(body: Body, run: Repetition) -> Body:
    @functools.wraps(body)
    async def repeat(*args: object, **kwargs: object) -> object:
        __tracebackhide__ = True
        run.begin()
        while True:
            try:
                result = await cast("Awaitable[object]", body(*args, **kwargs))
            except Exception as error:
                run.explain(error)
                raise
            await _settle()
            if not run.goes_on(result):
                return result

    return repeat


def not_repeated(why: str) -> RepetitionVerdict:
    """What is said of a body that runs once only."""
    return RepetitionVerdict("no growth", 0.0, 1, f"not repeated: {why}", 0)


async def _settle() -> None:
    """Let what was scheduled run; other loops than asyncio's are left alone."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    for _ in range(TURNS_TO_SETTLE):
        await asyncio.sleep(0)


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
