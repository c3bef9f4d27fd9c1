"""The load of `leakprobe demo`: a fixed mix of requests, and what sends them."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx  # an extra: imported where it is used

__all__ = ["Call", "Sent", "innocent", "one_of_each", "rounds", "rounds_in", "send"]

# A round is 40 requests; 50 of them leave 200 results, 200 threads and 200 buffers: 130 MB.
LEAKING = {"POST /asr": 4, "POST /models/unload": 4, "POST /detect-language": 4}
INNOCENT = {
    "POST /subtitles/convert": 8,
    "POST /subtitles/shift": 8,
    "GET /languages/{}": 6,
    "GET /status/task-{}": 6,
}
ROUNDS_PER_S = 5
MOST_ROUNDS = 50
NAMES = 100  # different languages and tasks that are asked for
UPLOAD = b"RIFF" * 256
REQUEST_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request."""

    method: str
    path: str
    leaks: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of sending: how many requests, how many not answered with 200, how long."""

    requests: int
    failed: int
    seconds: float


def one_of_each() -> tuple[Call, ...]:
    """One request of every route, so that what starts lazily has started."""
    return tuple(_call(route, 1) for route in LEAKING | INNOCENT)


def rounds(count: int, seed: int = 1) -> tuple[Call, ...]:
    """The mix `count` times over, each time shuffled; the same for the same seed."""
    chosen = random.Random(seed)  # noqa: S311  (a load, not a secret)
    calls: list[Call] = []
    for _ in range(count):
        routes = [route for route, times in (LEAKING | INNOCENT).items() for _ in range(times)]
        chosen.shuffle(routes)
        calls += [_call(route, chosen.randrange(NAMES)) for route in routes]
    return tuple(calls)


def rounds_in(seconds: float) -> int:
    """How many rounds so much time is given: at least one, and no more than memory bears."""
    return min(MOST_ROUNDS, max(1, int(seconds * ROUNDS_PER_S)))


def innocent(calls: Sequence[Call]) -> tuple[Call, ...]:
    """The calls that leave nothing behind."""
    return tuple(call for call in calls if not call.leaks)


def _call(route: str, number: int) -> Call:
    method, _, path = route.partition(" ")
    return Call(method, path.format(number), leaks=route in LEAKING)


async def send(
    url: str,
    calls: Sequence[Call],
    *,
    seconds: float,
    connections: int,
    done: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.monotonic,
) -> Sent:
    """Send the calls evenly over a time, or as fast as the service answers if that is slower.

    Args:
        url: where the service is.
        calls: what to send, in this order.
        seconds: how long it should take.
        connections: how many requests may be under way at once.
        done: called after each answer.
        clock: seconds, monotonic.
    """
    import httpx

    started = clock()
    pending = iter(enumerate(calls))
    failed = 0

    async def work(client: "httpx.AsyncClient") -> None:
        nonlocal failed
        for index, call in pending:
            due = started + seconds * index / len(calls)
            await asyncio.sleep(max(0.0, due - clock()))
            if not await _answered(client, call):
                failed += 1
            done()

    limits = httpx.Limits(max_connections=connections)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=REQUEST_TIMEOUT_S) as client:
        await asyncio.gather(*(work(client) for _ in range(connections)))
    return Sent(len(calls), failed, clock() - started)


async def _answered(client: "httpx.AsyncClient", call: Call) -> bool:
    import httpx

    body = UPLOAD if call.path == "/asr" else None
    try:
        answer = await client.request(call.method, call.path, content=body)
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK
