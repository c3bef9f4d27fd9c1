"""Who makes the calls: what is watched may be a function or a coroutine function.

What a measurement is made of does not depend on that. So it is written as a generator,
which yields how many calls it wants next and returns what it found; one of the two drivers
here makes the calls.
"""

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import closing
from functools import partial
from typing import Generic, TypeVar, cast

from leakprobe.errors import LeakprobeError

__all__ = ["Call", "Steps", "drive", "drive_async", "is_async", "is_traced", "run_steps"]

Found = TypeVar("Found")

Call = Callable[[], object]
# Yields how many calls are to be made before it goes on.
Steps = Generator[int, None, Found]

NOT_AWAITED = "the call returned a coroutine that nobody awaits: give the coroutine function itself"
# Of sys.monitoring (PEP 669).
MOST_TOOLS = 6
# Callbacks that a call has scheduled run in the turns of the loop that follow.
TURNS_TO_SETTLE = 3


def is_async(call: Call) -> bool:
    """Whether calling it makes a coroutine: a coroutine function, a partial of one, or an
    object whose `__call__` is one.
    """
    inner = call
    while isinstance(inner, partial):
        inner = inner.func
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(
        getattr(type(inner), "__call__", None)  # noqa: B004  # asks what it is, not whether it is
    )


def run_steps(steps: Steps[Found], call: Call) -> Found:
    """Make all calls, of a coroutine function in an event loop of its own.

    Raises:
        LeakprobeError: a coroutine function was given, and an event loop runs already.
    """
    if not is_async(call):
        return drive(steps, call)
    if _loop_runs():
        steps.close()
        raise LeakprobeError("an event loop runs already: use the form that is awaited")
    with asyncio.Runner() as runner:
        return runner.run(drive_async(steps, call))


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def drive(steps: Steps[Found], call: Call) -> Found:
    """Make the calls; what one raises ends the steps, and comes out as it is."""
    plan = _Plan(steps)
    with closing(steps):
        while (wanted := plan.next()) is not None:
            for _ in range(wanted):
                _call(call)
        return plan.found()


async def drive_async(steps: Steps[Found], call: Call) -> Found:
    """The same in an event loop that runs; the calls come one after the other."""
    plan = _Plan(steps)
    with closing(steps):
        while (wanted := plan.next()) is not None:
            for _ in range(wanted):
                await cast("Awaitable[object]", call())
            for _ in range(TURNS_TO_SETTLE):
                await asyncio.sleep(0)
        return plan.found()


def _call(call: Call) -> None:
    """Once. What it returns is gone before anything is measured."""
    made = call()
    if inspect.iscoroutine(made):
        made.close()
        raise LeakprobeError(NOT_AWAITED)


def is_traced() -> bool:
    """Whether a debugger or coverage follows the calls: it takes memory of its own for them."""
    if sys.gettrace() is not None:
        return True
    monitoring = getattr(sys, "monitoring", None)  # from 3.12 on
    return monitoring is not None and any(map(monitoring.get_tool, range(MOST_TOOLS)))


class _Plan(Generic[Found]):
    """Steps that are asked one by one. What a call raises, be it StopIteration, is not theirs."""

    def __init__(self, steps: Steps[Found]) -> None:
        self._steps = steps
        self._found: list[Found] = []

    def next(self) -> int | None:
        """How many calls are wanted; None: that was all."""
        try:
            return next(self._steps)
        except StopIteration as ended:
            self._found.append(ended.value)
            return None

    def found(self) -> Found:
        """What the steps returned."""
        (found,) = self._found
        return found
