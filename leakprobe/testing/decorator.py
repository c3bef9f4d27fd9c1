"""A test that fails where its body leaks: `@memory_leak_test`."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from typing import ParamSpec, TypeVar, cast, overload

from leakprobe.analysis.calls import FEWEST_CALLS
from leakprobe.model.calls import CallsReport, CallSuspect
from leakprobe.render.calls import calls_text
from leakprobe.testing.arguments import BadArgument, check_whole
from leakprobe.testing.calls import (
    ITERATIONS,
    WARM_UP_CALLS,
    judge_calls,
    judge_calls_async,
)
from leakprobe.testing.driving import is_async

__all__ = ["memory_leak_test"]

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Limits:
    iterations: int
    warmup: int
    max_growth_per_call: float
    include: tuple[str, ...]


@overload
def memory_leak_test(function: Callable[Arguments, Result], /) -> Callable[Arguments, Result]: ...


@overload
def memory_leak_test(
    *,
    iterations: int = ...,
    warmup: int = ...,
    max_growth_per_call: float = ...,
    include: Sequence[str] = ...,
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]: ...


def memory_leak_test(
    function: Callable[Arguments, Result] | None = None,
    /,
    *,
    iterations: int = ITERATIONS,
    warmup: int = WARM_UP_CALLS,
    max_growth_per_call: float = 0,
    include: Sequence[str] = (),
) -> object:
    """Run a test's body again and again, and fail it where something grows with each call.

    A cache that fills up to its bound, an import, a peak do not repeat, and do not fail it; the
    first calls do not count. What the body raises comes out as it is. It may be a function
    or a coroutine function, a method, and take fixtures, which all calls share. The decorated
    test returns None.

        @memory_leak_test(iterations=500)
        def test_parse(document):
            parse(document)

    Args:
        function: the test, where the decorator is used without parentheses.
        iterations: calls that are judged, at least 3 (see `judge_calls`). Where something seems
            to grow, there are as many again, which are watched closely.
        warmup: calls before those.
        max_growth_per_call: a leak of memory of so many bytes per call is let pass; threads,
            tasks, descriptors and child processes that pile up never are.
        include: beginnings of paths (`src/shop`) or modules (`shop.orders`): what was allocated
            elsewhere is let pass.

    Raises:
        BadArgument: a number is out of range; already when the test is decorated.
    """
    limits = _checked(iterations, warmup, max_growth_per_call, include)
    return partial(_decorated, limits) if function is None else _decorated(limits, function)


def _decorated(limits: _Limits, function: Callable[..., object]) -> Callable[..., object]:
    if is_async(function):
        return _decorated_async(limits, function)

    @wraps(function)
    def repeated(*args: object, **kwargs: object) -> None:
        __tracebackhide__ = True
        body = partial(function, *args, **kwargs)
        report = judge_calls(
            body,
            name=function.__qualname__,
            iterations=limits.iterations,
            warmup=limits.warmup,
            include=limits.include,
        )
        _fail_where_it_leaks(report, limits)

    return repeated


def _decorated_async(limits: _Limits, function: Callable[..., object]) -> Callable[..., object]:
    @wraps(function)
    async def repeated(*args: object, **kwargs: object) -> None:
        __tracebackhide__ = True
        body = partial(function, *args, **kwargs)
        report = await judge_calls_async(
            body,
            name=function.__qualname__,
            iterations=limits.iterations,
            warmup=limits.warmup,
            include=limits.include,
        )
        _fail_where_it_leaks(report, limits)

    return repeated


def _fail_where_it_leaks(report: CallsReport, limits: _Limits) -> None:
    __tracebackhide__ = True
    leaks = [one for one in report.suspects if one.state == "leak"]
    if any(not _is_let_pass(one, limits) for one in leaks):
        raise AssertionError(calls_text(report))


def _is_let_pass(leak: CallSuspect, limits: _Limits) -> bool:
    memory = leak.resource in ("python", "native")
    return memory and (leak.bytes_per_call or 0.0) <= limits.max_growth_per_call


def _checked(iterations: object, warmup: object, most: object, include: Sequence[str]) -> _Limits:
    check_whole("iterations", iterations, FEWEST_CALLS)
    check_whole("warmup", warmup, 0)
    if type(most) not in (int, float) or not 0 <= cast("float", most) < math.inf:
        raise BadArgument("max_growth_per_call", most, "must be a number of bytes, 0 or more")
    prefixes = (include,) if isinstance(include, str) else tuple(include)
    return _Limits(cast("int", iterations), cast("int", warmup), cast("float", most), prefixes)
