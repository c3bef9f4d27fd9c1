"""A service whose every route keeps what it is known to keep, in every way work is started.

`KEPT_BYTES` stay per request; the route's own function multiplies them, so that no two
routes keep the same. What no request causes is kept by a loop that runs from the start
and by raw threads, which carry no context.
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, BackgroundTasks, FastAPI
from starlette.responses import StreamingResponse

from leakprobe import LeakProbeMiddleware

KEPT_BYTES = 10_000
LOOP_ROUNDS = 150
kept: list[bytes] = []
to_keep: list[asyncio.Task[None]] = []


def keep(times: int) -> None:
    """Keep so many blocks for ever."""
    kept.extend(bytes(KEPT_BYTES) for _ in range(times))


async def keep_alone() -> None:
    """What runs without a request: some blocks, with turns for others in between."""
    for _ in range(LOOP_ROUNDS):
        keep(1)
        await asyncio.sleep(0)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    to_keep.append(asyncio.create_task(keep_alone()))
    yield


async def keep_later(times: int) -> None:
    """Outlives its request."""
    await asyncio.sleep(0.02)
    keep(times)


app = FastAPI(lifespan=lifespan)
app.add_middleware(LeakProbeMiddleware)
inner = APIRouter()
mounted = FastAPI()
mounted.add_middleware(LeakProbeMiddleware)


@app.post("/direct/{number}")
async def direct(number: int) -> int:
    keep(1)
    await asyncio.sleep(0)
    return number


@app.post("/thread/{number}")
def thread(number: int) -> int:
    keep(2)
    return number


@app.post("/background")
async def background(tasks: BackgroundTasks) -> str:
    tasks.add_task(keep, 3)
    return "later"


@app.post("/task")
async def task() -> str:
    to_keep.append(asyncio.create_task(keep_later(4)))
    return "much later"


@app.post("/stream")
async def stream() -> StreamingResponse:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(2):
            keep(1)
            yield b"piece"

    return StreamingResponse(pieces())


@app.post("/raw")
async def raw() -> str:
    threading.Thread(target=keep, args=(1,)).start()
    return "nobody's"


@app.post("/innocent")
async def innocent() -> int:
    return len(b"".join(bytes(KEPT_BYTES) for _ in range(10)))


@inner.post("/inner/{number}")
async def below(number: int) -> int:
    keep(3)
    return number


app.include_router(inner, prefix="/v1")


@mounted.post("/deep/{number}")
async def deep(number: int) -> int:
    keep(2)
    return number


@app.get("/kept")
async def number_kept() -> int:
    return len(kept)


app.mount("/mounted", mounted)
