"""Who makes the calls."""

import asyncio
from functools import partial

import pytest

from leakprobe.errors import LeakprobeError
from leakprobe.testing.driving import Call, Steps, drive_async, is_async, run_steps


class Worker:
    def __init__(self) -> None:
        self.calls = 0

    def call(self) -> None:
        self.calls += 1

    async def call_async(self) -> None:
        self.calls += 1

    async def __call__(self) -> None:
        await self.call_async()


def in_parts(worker: Worker, closed: list[bool]) -> Steps[list[int]]:
    seen = []
    try:
        for wanted in (2, 0, 5):
            yield wanted
            seen.append(worker.calls)
        return seen
    finally:
        closed.append(True)


@pytest.mark.parametrize("kind", ["call", "call_async", "__call__"])
def test_as_many_calls_as_the_steps_ask_for(kind: str) -> None:
    worker, closed = Worker(), list[bool]()
    assert run_steps(in_parts(worker, closed), getattr(worker, kind)) == [2, 2, 7]
    assert closed


def test_what_makes_coroutines() -> None:
    worker = Worker()
    coroutine_functions: list[Call] = [worker.call_async, partial(worker.call_async), worker]
    for call in coroutine_functions:
        assert is_async(call)
    others: list[Call] = [worker.call, partial(worker.call), lambda: None, int, Worker]
    for call in others:
        assert not is_async(call)


@pytest.mark.parametrize("error", [StopIteration, ValueError, KeyboardInterrupt])
def test_what_a_call_raises_ends_the_steps(error: type[BaseException]) -> None:
    def fails() -> None:
        raise error("mine")

    closed: list[bool] = []
    with pytest.raises(error, match="mine"):
        run_steps(in_parts(Worker(), closed), fails)
    assert closed


def test_what_a_coroutine_raises_ends_the_steps() -> None:
    async def fails() -> None:
        raise ValueError("mine")

    closed: list[bool] = []
    with pytest.raises(ValueError, match="mine"):
        asyncio.run(drive_async(in_parts(Worker(), closed), fails))
    assert closed


def test_a_loop_that_runs_is_not_run_again() -> None:
    async def inside() -> None:
        closed: list[bool] = []
        worker = Worker()
        with pytest.raises(LeakprobeError, match="an event loop runs already"):
            run_steps(in_parts(worker, closed), worker.call_async)
        assert await drive_async(in_parts(worker, closed), worker.call_async) == [2, 2, 7]

    asyncio.run(inside())


def test_results_are_gone_before_anything_is_measured() -> None:
    class Large:
        alive = 0

        def __init__(self) -> None:
            Large.alive += 1

        def __del__(self) -> None:
            Large.alive -= 1

    def counting() -> Steps[int]:
        yield 3
        return Large.alive

    assert run_steps(counting(), Large) == 0
