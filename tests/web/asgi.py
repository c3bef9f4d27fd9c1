"""An agent behind real applications, asked through httpx without a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.types import ASGIApp, Message

__all__ = ["HEADERS", "TOKEN", "client", "lifespan"]

TOKEN = "a-token-for-tests"
HEADERS = {"authorization": f"Bearer {TOKEN}"}


@asynccontextmanager
async def client(app: ASGIApp, root_path: str = "") -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application, with the token on every request."""
    transport = httpx.ASGITransport(app, root_path=root_path, raise_app_exceptions=False)
    base = "http://service.test"
    async with httpx.AsyncClient(transport=transport, base_url=base, headers=HEADERS) as asked:
        yield asked


@asynccontextmanager
async def lifespan(app: ASGIApp) -> AsyncIterator[list[str]]:
    """Start an application up and shut it down, as a server does; yields what it sent."""
    to_app: asyncio.Queue[Message] = asyncio.Queue()
    from_app: asyncio.Queue[Message] = asyncio.Queue()
    sent: list[str] = []
    task = asyncio.ensure_future(_run(app, to_app, from_app))
    for step in ("startup", "shutdown"):
        await to_app.put({"type": f"lifespan.{step}"})
        answer = asyncio.ensure_future(from_app.get())
        await asyncio.wait({task, answer}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            await task  # raises what went wrong
        sent.append(answer.result()["type"])
        if step == "startup":
            yield sent
    await task


async def _run(
    app: ASGIApp, to_app: asyncio.Queue[Message], from_app: asyncio.Queue[Message]
) -> None:
    await app({"type": "lifespan", "asgi": {"version": "3.0"}}, to_app.get, from_app.put)
