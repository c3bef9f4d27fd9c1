"""PyAV containers that are opened for a look at their streams and left open."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
from av.container import InputContainer
from fastapi import FastAPI

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

SIZE = 320
FRAMES = 10

CASE = Case(
    __name__,
    "PyAV containers left open",
    Load({"POST /probe": 1, INNOCENT: 4}),
    Leak(
        resource="native",
        types=("av.container.input.InputContainer",),
        holder=r"pyav_containers\.opened\b",
        route="POST /probe",
        bytes_per_request=567_000,  # of malloc, by mallinfo2 before and after 100 of them
        objects_per_request=1,
        also=("fds", "python"),
    ),
)

opened: list[InputContainer] = []
films: list[Path] = []


def make_film(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for _ in range(FRAMES):
            container.mux(stream.encode(av.VideoFrame(SIZE, SIZE, "yuv420p")))
        container.mux(stream.encode(None))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    with tempfile.TemporaryDirectory() as directory:
        films.append(Path(directory) / "film.mp4")
        make_film(films[0])
        yield


leaky, fixed = make_service(lifespan), make_service(lifespan)


def first_width(container: InputContainer) -> int:
    return next(container.decode(video=0)).width


@leaky.post("/probe")
def probe() -> int:
    container = av.open(str(films[0]))  # leaks
    opened.append(container)
    return first_width(container)  # leaks


@fixed.post("/probe")
def probe_and_close() -> int:
    with av.open(str(films[0])) as container:
        return first_width(container)
