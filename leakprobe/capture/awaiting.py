"""Where a coroutine waits: the chain of what it awaits, down to the future.

Coroutines, generators and asynchronous generators say themselves what they await
(Objects/genobject.c: `cr_await`, `gi_yieldfrom`, `ag_await`). Between them stand helper
objects of the interpreter that say nothing, such as what `async for` awaits; their
references tell. The chain ends at a future: a task that is awaited is not walked into,
since it is a row of its own.
"""

import gc
from collections import deque
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, GeneratorType

from leakprobe.capture.names import HEAP_TYPE, clean_name, type_flags, type_name
from leakprobe.capture.stacks import code_frame, current_frames
from leakprobe.model.memory import Frame

__all__ = ["await_chain", "coroutine_name", "is_running", "running_stack"]

# Objects/genobject.c and Objects/iterobject.c: each refers first to what it stands for.
HELPERS = frozenset(
    {"anext_awaitable", "async_generator_asend", "async_generator_athrow", "coroutine_wrapper"}
)

LONGEST_CHAIN = 4096


def coroutine_name(coroutine: object) -> str:
    """The qualified name of a coroutine's function; the type's for a foreign coroutine."""
    code = _code(coroutine)
    return (
        type_name(type(coroutine))
        if code is None
        else clean_name(code_frame(code, 1).function or "")
    )


def is_running(coroutine: object) -> bool:
    """Whether its code is running now, or is waiting for the GIL only."""
    if type(coroutine) is CoroutineType:
        return coroutine.cr_running
    return type(coroutine) is GeneratorType and coroutine.gi_running


def await_chain(coroutine: object, most: int) -> tuple[Frame, ...]:
    """What a suspended coroutine waits in, the innermost frame first, at most `most` frames."""
    found: deque[Frame] = deque(maxlen=most)
    awaited: object = coroutine
    for _ in range(LONGEST_CHAIN if most else 0):
        if awaited is None:
            break
        frame, awaited = _step(awaited)
        if frame is not None:
            found.append(code_frame(frame.f_code, frame.f_lineno))
    return tuple(reversed(found))


def running_stack(coroutine: object, most: int) -> tuple[Frame, ...]:
    """The stack above and with a running coroutine; empty if it does not run any more."""
    outermost, _ = _step(coroutine)
    tops = current_frames()
    try:
        stacks = (_between(top, outermost, most) for top in tops.values())
        return next((stack for stack in stacks if stack), ())
    finally:
        tops.clear()


def _between(top: FrameType | None, outermost: FrameType | None, most: int) -> tuple[Frame, ...]:
    """The frames from `top` down to `outermost`, if that is in this stack."""
    found: list[Frame] = []
    while top is not None:
        if len(found) < most:
            found.append(code_frame(top.f_code, top.f_lineno))
        if top is outermost:
            return tuple(found)
        top = top.f_back
    return ()


def _code(coroutine: object) -> CodeType | None:
    if type(coroutine) is CoroutineType:
        return coroutine.cr_code
    return coroutine.gi_code if type(coroutine) is GeneratorType else None


def _step(awaited: object) -> tuple[FrameType | None, object]:
    """The frame of what is awaited, and what that awaits in turn."""
    if type(awaited) is CoroutineType:
        return awaited.cr_frame, awaited.cr_await
    if type(awaited) is GeneratorType:
        return awaited.gi_frame, awaited.gi_yieldfrom
    if type(awaited) is AsyncGeneratorType:
        return awaited.ag_frame, awaited.ag_await
    if not type_flags(type(awaited)) & HEAP_TYPE and type_name(type(awaited)) in HELPERS:
        return None, next(iter(gc.get_referents(awaited)), None)
    return None, None
