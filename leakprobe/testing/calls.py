"""Does this leak? One unit of work is called again and again, and what piles up is judged.

First the calls are made with a light hand: after each window of them memory in use, threads,
tasks, descriptors and child processes are read. Most work leaves nothing, and that is the
answer. Where something seems to grow, as many calls are made once more under a tracer, with
a walk of the heap after each window; then the judge says what leaks, from which line, and
who holds it. Where memory grows that no Python object explains, they are made a third time,
to see that it repeats.
"""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from leakprobe.analysis.calls import (
    CLOSE_WINDOWS,
    FEWEST_CALLS,
    FEWEST_CLOSELY,
    in_calls,
    native_suspect,
    verdict_of,
    windows_of,
    with_native,
)
from leakprobe.capture.native import heap_walk_missing
from leakprobe.model import Suspect
from leakprobe.model.calls import CallsReport, CallSuspect
from leakprobe.testing.arguments import check_whole
from leakprobe.testing.captured import CapturedOutput
from leakprobe.testing.driving import Call, Steps, drive_async, is_traced, run_steps
from leakprobe.testing.heap_watch import HeapWatch
from leakprobe.testing.light_watch import LightWatch
from leakprobe.testing.tracing import tight_tracer

__all__ = ["ITERATIONS", "WARM_UP_CALLS", "judge_calls", "judge_calls_async"]

ITERATIONS = 200
WARM_UP_CALLS = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """How often to call, and what is asked."""

    name: str
    iterations: int
    warmup: int
    include: tuple[str, ...]


def judge_calls(
    call: Call,
    *,
    name: str | None = None,
    iterations: int = ITERATIONS,
    warmup: int = WARM_UP_CALLS,
    include: Sequence[str] = (),
) -> CallsReport:
    """Call it again and again, and say whether it leaks.

    What it raises comes out as it is. A coroutine function runs in an event loop of its own.

    Args:
        call: one unit of work, without arguments.
        name: what to call it; None: by its own name.
        iterations: calls that are judged, at least 3. Where something grows there are as
            many again, and no fewer than 27.
        warmup: calls before, which are not counted.
        include: beginnings of paths or modules: growth that was allocated elsewhere is left out.

    Raises:
        BadArgument: a number is out of range.
        LeakprobeError: a coroutine function is given while an event loop runs; or the heap
            cannot be walked (`NotEnoughMemory`, `WalkFailed`).
    """
    return run_steps(_steps(_plan(call, name, iterations, warmup, include)), call)


async def judge_calls_async(
    call: Call,
    *,
    name: str | None = None,
    iterations: int = ITERATIONS,
    warmup: int = WARM_UP_CALLS,
    include: Sequence[str] = (),
) -> CallsReport:
    """The same for a coroutine function, in the event loop that runs.

    Raises:
        LeakprobeError: as `judge_calls`.
    """
    return await drive_async(_steps(_plan(call, name, iterations, warmup, include)), call)


def _plan(
    call: Call, name: str | None, iterations: int, warmup: int, include: Sequence[str]
) -> Plan:
    check_whole("iterations", iterations, FEWEST_CALLS)
    check_whole("warmup", warmup, 0)
    own = getattr(call, "__qualname__", None) or type(call).__qualname__
    return Plan(name or str(own), iterations, warmup, tuple(include))


def _steps(plan: Plan) -> Steps[CallsReport]:
    began = time.perf_counter()
    yield plan.warmup
    captured = CapturedOutput()
    captured.remember()
    light = yield from _watch_lightly(plan.iterations, captured)
    memory, made = light.memory, plan.warmup + plan.iterations
    found: tuple[Suspect, ...] = ()
    suspects: tuple[CallSuspect, ...] = ()
    grew = light.grows
    if grew:
        closely = max(plan.iterations, FEWEST_CLOSELY)
        found = yield from _watch_closely(closely, captured)
        suspects = in_calls(found, plan.include)
        made += closely
    elsewhere = len(found) - len(suspects)
    if light.exact and not is_traced() and native_suspect(memory, memory, found) is not None:
        again = yield from _watch_lightly(plan.iterations, captured)
        made += plan.iterations
        suspects = with_native(suspects, native_suspect(memory, again.memory, found))
    return CallsReport(
        name=plan.name,
        verdict=verdict_of(
            memory,
            suspects,
            grew=grew,
            elsewhere=elsewhere,
            walked=heap_walk_missing() is None,
        ),
        calls=memory.span,
        warmup=plan.warmup,
        calls_in_all=made,
        seconds=time.perf_counter() - began,
        growth=light.growth,
        suspects=suspects,
    )


def _watch_lightly(calls: int, captured: CapturedOutput) -> Generator[int, None, LightWatch]:
    windows, made = windows_of(calls), 0
    watch = LightWatch(len(windows))
    watch.observe(made)
    for window in windows:
        yield window
        made += window
        captured.forget()
        watch.observe(made)
    return watch


def _watch_closely(
    calls: int, captured: CapturedOutput
) -> Generator[int, None, tuple[Suspect, ...]]:
    windows, made = windows_of(calls, CLOSE_WINDOWS), 0
    with tight_tracer() as tracer:
        watch = HeapWatch(tracer, calls / len(windows))
        watch.observe(made)
        for window in windows:
            yield window
            made += window
            captured.forget()
            watch.observe(made)
        return watch.suspects()
