"""A client of a media server that reads the heads of its answers and never closes them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import requests
from fastapi import FastAPI

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load
from tests.leaks.upstream import upstream

CASE = Case(
    __name__,
    "HTTP responses and sessions not closed",
    Load({"POST /refresh": 1, INNOCENT: 5}),
    Leak(
        resource="fds",
        types=("requests.models.Response",),
        holder=r"\.responses\b",
        kind="module global",
        route="POST /refresh",
        bytes_per_request=21_500,  # sizes of all objects, counted
        objects_per_request=1,
        also=("python",),
    ),
)


class MediaServer:
    """What is asked to look at its files again."""

    def __init__(self) -> None:
        self.url = ""
        self.responses: list[requests.Response] = []

    def refresh(self) -> requests.Response:
        session = requests.Session()  # leaks
        return session.get(self.url, stream=True, timeout=10)  # leaks


server = MediaServer()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with upstream() as server.url:
        yield


leaky, fixed = make_service(lifespan), make_service(lifespan)


@leaky.post("/refresh")
def refresh() -> int:
    response = server.refresh()
    server.responses.append(response)
    return response.status_code


@fixed.post("/refresh")
def refresh_and_close() -> int:
    with requests.Session() as session, session.get(server.url, timeout=10) as response:
        return response.status_code
