"""Each request starts a watchdog observer of a folder, and nobody stops it."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from watchdog.events import FileSystemEventHandler
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

CASE = Case(
    __name__,
    "watchdog observers never stopped",
    Load({"POST /monitor": 1, INNOCENT: 9}),
    Leak(
        resource="threads",
        types=("watchdog.observers.polling.PollingObserver",),
        holder=r"threading\._active\b|Observer|Emitter|\bself\b",  # as for timers
        route="POST /monitor",
        bytes_per_request=13_500,  # sizes of all objects, counted
        objects_per_request=2,  # an observer and its emitter
        also=("python",),
    ),
)

folders: list[str] = []


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        folders.append(folder)
        yield


leaky, fixed = make_service(lifespan), make_service(lifespan)


def start_observer() -> BaseObserver:
    observer = PollingObserver()  # leaks
    observer.schedule(FileSystemEventHandler(), folders[0])  # leaks
    observer.start()  # leaks
    return observer


@leaky.post("/monitor")
def monitor() -> bool:
    return start_observer().is_alive()


@fixed.post("/monitor")
def monitor_and_stop() -> bool:
    observer = start_observer()
    observer.stop()
    observer.join()
    return observer.is_alive()
