"""CPU that the middleware takes for one request, without a server around it.

    python -m tests.benchmarks.bench_middleware

A FastAPI service is called bare and behind the middleware, in turn, with caches that are
warm; "off" is the middleware by itself, and "auto" adds the route tags where the sampler
runs. What the sampler's hooks cost is in the bare service, too, and so is not counted.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable

import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Scope

from leakprobe import LeakProbeMiddleware
from leakprobe.settings import TracerName

CALLS = 400
ROUNDS = 60
TRACERS: tuple[TracerName, ...] = ("off", "auto")
SCOPE: Scope = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "scheme": "http",
    "method": "GET",
    "path": "/items/1",
    "raw_path": b"/items/1",
    "query_string": b"",
    "root_path": "",
    "headers": [(b"host", b"localhost")],
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 1),
}


def service() -> FastAPI:
    made = FastAPI()

    @made.get("/items/{number}")
    async def item(number: int) -> int:
        return number

    return made


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(message: Message) -> None:
    pass


async def cpu_us(app: ASGIApp) -> float:
    """Microseconds of CPU for one request, each in a task of its own, as servers do."""
    before = time.thread_time()
    for _ in range(CALLS):
        await asyncio.create_task(_request(app))
    return (time.thread_time() - before) / CALLS * 1e6


async def _request(app: ASGIApp) -> None:
    await app(dict(SCOPE), receive, send)


async def measure(tracer: TracerName) -> list[float]:
    """What the middleware adds to a request, in microseconds, in each round."""
    bare, watched = service(), service()
    with tempfile.TemporaryDirectory() as directory:
        watched.add_middleware(
            LeakProbeMiddleware, token="x", tracer=tracer, directory=directory, heap_budget=0.0
        )
        return await _while_it_runs(watched, lambda: _compare(bare, watched))


async def _compare(bare: ASGIApp, watched: ASGIApp) -> list[float]:
    await cpu_us(bare)
    await cpu_us(watched)
    return [await cpu_us(watched) - await cpu_us(bare) for _ in range(ROUNDS)]


async def _while_it_runs(app: ASGIApp, work: Callable[[], Awaitable[list[float]]]) -> list[float]:
    """Start an application, do the work, and stop it (ASGI, lifespan)."""
    started, over = asyncio.Event(), asyncio.Event()
    asked = iter(("lifespan.startup", "lifespan.shutdown"))

    async def receive_event() -> Message:
        kind = next(asked)
        if kind == "lifespan.shutdown":
            await over.wait()
        return {"type": kind}

    async def send_event(message: Message) -> None:
        started.set()

    scope: Scope = {"type": "lifespan", "asgi": {"version": "3.0"}}

    async def live() -> None:
        await app(scope, receive_event, send_event)

    lifespan = asyncio.create_task(live())
    await started.wait()
    try:
        return await work()
    finally:
        over.set()
        await lifespan


def report(found: dict[TracerName, list[float]]) -> str:
    """The table: median and the middle half of the rounds."""
    lines = ["CPU of the middleware for a request, in microseconds: median (middle half)"]
    for tracer, rounds in found.items():
        low, middle, high = statistics.quantiles(rounds, n=4)
        lines.append(f"  tracer={tracer:<12}{middle:6.2f}  ({low:.2f} to {high:.2f})")
    return "\n".join(lines)


def measure_all() -> dict[TracerName, list[float]]:
    return {tracer: asyncio.run(measure(tracer)) for tracer in TRACERS}


@pytest.mark.benchmark
def test_cpu_of_the_middleware(capsys: pytest.CaptureFixture[str]) -> None:
    found = measure_all()
    with capsys.disabled():
        print(f"\n{report(found)}")  # noqa: T201 - the figures are what it is for
    assert all(len(rounds) == ROUNDS for rounds in found.values())


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}")  # noqa: T201 - as above
    print(report(measure_all()))  # noqa: T201 - as above
