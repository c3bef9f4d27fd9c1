"""The same FastAPI service several times in one process, bare and behind the middleware.

In one process, because two processes of one program differ by more than what is to be
measured. The first part of the path chooses: `/bare/trivial`, `/off/trivial`.
"""

import time

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from leakprobe import LeakProbeMiddleware


class Cue(BaseModel):
    number: int
    start_s: float
    text: str
    tags: list[str]


class Subtitles(BaseModel):
    language: str
    cues: list[Cue]


def _cue(number: int) -> Cue:
    return Cue(number=number, start_s=number * 1.5, text=f"line {number}", tags=["a", "b"])


SUBTITLES = Subtitles(language="da", cues=[_cue(number) for number in range(300)])


def _service() -> FastAPI:
    service = FastAPI()

    @service.get("/trivial")
    async def trivial() -> dict[str, str]:
        return {"hello": "world"}

    @service.post("/parse")
    async def parse(subtitles: Subtitles) -> int:
        return len(subtitles.cues)

    @service.get("/cpu")
    async def cpu() -> float:
        """CPU seconds of the event loop's thread."""
        return time.thread_time()

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


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand a request to the service that its path names; the agent's has the lifespan."""
    if scope["type"] == "lifespan":
        await SERVICES["agent"](scope, receive, send)
        return
    name, _, rest = scope["path"].removeprefix("/").partition("/")
    await SERVICES[name]({**scope, "path": f"/{rest}"}, receive, send)
