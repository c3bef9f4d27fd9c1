"""The same FastAPI service several times in one process, bare and behind the middleware.

In one process, because two processes of one program differ by more than what is to be
measured. The first part of the path chooses: `/bare/trivial`, `/agent/trivial`. `/hooks/away`
takes the sampler's hooks away and `/hooks/back` puts them back.
"""

import os
import time
from dataclasses import dataclass

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from leakprobe import LeakProbeMiddleware
from tests.benchmarks.hooks import Hooks, hooks, put


class Cue(BaseModel):
    number: int
    start_s: float
    text: str
    tags: list[str]


class Subtitles(BaseModel):
    language: str
    cues: list[Cue]


@dataclass
class Spoken:
    words: list[str]
    start_s: float


class CpuTimes(BaseModel):
    """CPU seconds so far.

    Attributes:
        loop_s: of the event loop's thread.
        process_s: of all threads.
        children_s: of children that have ended; heap walks are among them.
        wall_s: the clock's time.
    """

    loop_s: float
    process_s: float
    children_s: float
    wall_s: float


def _cue(number: int) -> Cue:
    text = f"a line of speech as long as most of them, number {number}"
    return Cue(number=number, start_s=number * 1.5, text=text, tags=["speaker", "checked"])


SUBTITLES = Subtitles(language="da", cues=[_cue(number) for number in range(1600)])


def _service() -> FastAPI:
    service = FastAPI()

    @service.get("/trivial")
    async def trivial() -> dict[str, str]:
        return {"hello": "world"}

    @service.post("/parse")
    async def parse(subtitles: Subtitles) -> int:
        spoken = [Spoken(cue.text.split(), cue.start_s) for cue in subtitles.cues]
        return sum(len(line.words) for line in spoken)

    @service.get("/cpu")
    async def cpu() -> CpuTimes:
        times = os.times()
        return CpuTimes(
            loop_s=time.thread_time(),
            process_s=time.process_time(),
            children_s=times.children_user + times.children_system,
            wall_s=time.perf_counter(),
        )

    return service


def _with_agent(*, enabled: bool) -> FastAPI:
    service = _service()
    service.add_middleware(LeakProbeMiddleware, enabled=enabled)
    return service


SERVICES: dict[str, ASGIApp] = {
    "bare": _service(),
    "again": _service(),
    "disabled": _with_agent(enabled=False),
    "agent": _with_agent(enabled=True),
}


class Switch:
    """Takes the sampler's hooks away and puts them back."""

    def __init__(self, bare: Hooks) -> None:
        self._bare = bare
        self._away: Hooks | None = None

    def turn(self, where: str) -> None:
        """`away` or `back`; where they are so already, nothing happens."""
        if where == "away" and self._away is None:
            self._away = hooks()
            put(self._bare)
        elif where == "back" and self._away is not None:
            put(self._away)
            self._away = None


SWITCH = Switch(hooks())  # the agent has not started when this is imported


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand a request to the service that its path names; the agent's has the lifespan."""
    if scope["type"] == "lifespan":
        await SERVICES["agent"](scope, receive, send)
        return
    name, _, rest = scope["path"].removeprefix("/").partition("/")
    if name == "hooks":
        SWITCH.turn(rest)
        await Response()(scope, receive, send)
        return
    await SERVICES[name]({**scope, "path": f"/{rest}"}, receive, send)
