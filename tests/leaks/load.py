"""The load on a service: a random mix of requests, evenly in time."""

import asyncio
import random
import re
import time
from collections import Counter
from itertools import count

import httpx

from tests.leaks.truth import Load

__all__ = ["FAILED", "send"]

FAILED = "failed: "
PLACE = re.compile(r"\{\w+\}")
TIMEOUT_S = 60.0


async def send(url: str, load: Load, sent: Counter[str]) -> None:
    """Send for ever; count what was answered with 200 by route, all others by `FAILED` and why."""
    limits = httpx.Limits(max_connections=load.connections)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=TIMEOUT_S) as client:
        await asyncio.gather(*(_work(client, load, n, sent) for n in range(load.connections)))


async def _work(client: httpx.AsyncClient, load: Load, number: int, sent: Counter[str]) -> None:
    mix = random.Random(load.seed * 1000 + number)
    routes, weights = list(load.routes), list(load.routes.values())
    pause_s = load.connections / load.per_second
    due = time.monotonic() + pause_s * number / load.connections
    for serial in count(number, load.connections):
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        due = max(due + pause_s, time.monotonic() - 1.0)  # a busy service gets no burst later
        (route,) = mix.choices(routes, weights)
        failure = await _failure(client, route, serial)
        sent[route if failure is None else f"{FAILED}{route} with {failure}"] += 1


async def _failure(client: httpx.AsyncClient, route: str, serial: int) -> str | None:
    """Why a request was not answered with 200; None: it was."""
    method, _, path = route.partition(" ")
    try:
        answer = await client.request(method, PLACE.sub(str(serial), path))
    except httpx.HTTPError as error:
        return repr(error)
    return None if answer.status_code == httpx.codes.OK else f"status {answer.status_code}"
