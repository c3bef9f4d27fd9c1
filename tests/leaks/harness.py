"""Run a case: a real service under load, asked again and again whether it leaks."""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from leakprobe.demo.service_process import Service, ServiceFailed
from tests.leaks.expectation import Answer, named, wrong_about
from tests.leaks.load import FAILED, send
from tests.leaks.truth import Case
from tests.services import serve

__all__ = ["Outcome", "watch_innocent", "watch_leak"]

LEAK_LIMIT_S = 60.0
POLL_S = 2.5
FEWEST_SENT = 20
TOKEN = "a-token-for-tests"
HEADERS = {"authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of watching one service.

    Attributes:
        case: which.
        app: the application that was served.
        wrong: everything that was not as it should be; empty: all was right.
        verdict_s: seconds of load until the verdict was `leak`; None: never.
        answered_s: until everything was right; for an innocent, how long it was watched.
        answer: the last answer.
        sent: requests by route.
    """

    case: Case
    app: str
    wrong: tuple[str, ...]
    verdict_s: float | None
    answered_s: float
    answer: Answer
    sent: Counter[str]


def watch_leak(case: Case, limit_s: float = LEAK_LIMIT_S, least_s: float = 0.0) -> Outcome:
    """Load the leaky application until the answer is right in everything, or time is up.

    Args:
        case: which.
        limit_s: when time is up.
        least_s: go on so long at least: a leak that was told must not be taken back.
    """
    assert case.leak is not None
    return _survived(case, case.leaky, limit_s, least_s)


def watch_innocent(case: Case, seconds: float) -> Outcome:
    """Load the innocent twin; no answer may call it a leak, nor the last one suspect it."""
    return _survived(case, case.fixed, seconds, 0.0)


def _survived(case: Case, app: str, limit_s: float, least_s: float) -> Outcome:
    """A service that breaks, or does not answer, is wrong; the others go on."""
    try:
        return asyncio.run(_watch(case, app, limit_s, least_s))
    except (httpx.HTTPError, ServiceFailed) as error:
        return Outcome(case, app, (f"it broke: {error}",), None, 0.0, {}, Counter())


async def _watch(case: Case, app: str, limit_s: float, least_s: float) -> Outcome:
    with tempfile.TemporaryDirectory() as directory:
        environment = {
            "LEAKPROBE_TOKEN": TOKEN,
            "LEAKPROBE_INTERVAL_S": "1",
            "LEAKPROBE_DIRECTORY": f"{directory}/run",
            "PYTHONPATH": str(Path.cwd()),
            **(case.environment or {}),
        }
        with serve(app, environment) as service:
            return await _asked(case, app, service, limit_s, least_s)


async def _asked(case: Case, app: str, service: Service, limit_s: float, least_s: float) -> Outcome:
    sent: Counter[str] = Counter()
    async with httpx.AsyncClient(base_url=service.url, headers=HEADERS, timeout=60) as client:
        loading = asyncio.create_task(send(service.url, case.load, sent))
        try:
            watched = await _polled(case, app, client, limit_s, least_s)
        finally:
            loading.cancel()
            with suppress(asyncio.CancelledError):
                await loading
    wrong = (*watched.wrong, *_wrong_load(case, sent))
    return replace(watched, wrong=wrong, sent=sent)


async def _polled(
    case: Case, app: str, client: httpx.AsyncClient, limit_s: float, least_s: float
) -> Outcome:
    started = time.monotonic()
    verdict_s: float | None = None
    taken_back: tuple[str, ...] = ()
    while True:
        await asyncio.sleep(POLL_S)
        answer = await _ask(client)
        seconds, verdict = time.monotonic() - started, answer["verdict"]
        if verdict["state"] == "leak":
            verdict_s = verdict_s or seconds
        elif app == case.leaky and verdict_s is not None:
            taken_back = (f"taken back after {seconds:.0f} s: {verdict['reason']}",)
        wrong = _wrong(case, app, answer, verdict_s)
        decided = not wrong if app == case.leaky else bool(wrong)
        if seconds >= limit_s or (decided and seconds >= least_s):
            break
    if app == case.fixed and not wrong and verdict["state"] == "suspect":
        wrong = (f"a suspicion stays: {verdict['reason']}",)
    return Outcome(case, app, (*wrong, *taken_back), verdict_s, seconds, answer, Counter())


def _wrong_load(case: Case, sent: Counter[str]) -> Iterator[str]:
    """What was not asked for cannot have leaked."""
    for route, requests in sent.items():
        if route.startswith(FAILED):
            yield f"{requests} requests {route}"
    for route in case.load.routes:
        if sent[route] < FEWEST_SENT:
            yield f"only {sent[route]} requests of {route}"


async def _ask(client: httpx.AsyncClient) -> Answer:
    while True:
        answer = await client.get("/debug/memory/suspects?format=json")
        if answer.status_code != httpx.codes.CONFLICT:
            break
        await asyncio.sleep(0.2)
    answer.raise_for_status()
    found: Answer = answer.json()
    return found


def _wrong(case: Case, app: str, answer: Answer, verdict_s: float | None) -> tuple[str, ...]:
    if app == case.leaky and case.leak is not None:
        return wrong_about(case, case.leak, answer)
    if verdict_s is None:
        return ()
    claimed = [named(s) for s in answer["suspects"] if s["state"] == "leak"]
    return (f"a false alarm: {answer['verdict']['reason']} ({'; '.join(claimed)})",)
