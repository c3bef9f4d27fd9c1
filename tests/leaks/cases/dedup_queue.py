"""A de-duplicating queue whose set of tasks in work keeps every task that failed."""

import queue
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI

from tests.leaks.service import Lifespan, make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

NOTE_CHARACTERS = 2_000

CASE = Case(
    __name__,
    "de-duplicating queue keeps failures",
    Load({"POST /files/{number}": 1, INNOCENT: 1}),
    Leak(
        resource="python",
        types=(f"{__name__}.Task",),
        holder=r"tasks\._processing\b",
        kind="module global",
        route="POST /files/{number}",
        bytes_per_request=(NOTE_CHARACTERS + 320) / 2,  # the task, its path, its place in the set
        objects_per_request=0.5,
    ),
)


@dataclass(frozen=True)
class Task:
    """A file to transcribe."""

    path: str
    note: str


class DeduplicatedQueue(queue.Queue[Task]):
    """A task that is queued or in work is not queued again."""

    def __init__(self) -> None:
        super().__init__()
        self._queued: set[Task] = set()
        self._processing: set[Task] = set()

    def put_once(self, task: Task) -> None:
        if task not in self._queued and task not in self._processing:
            self._queued.add(task)
            self.put(task)

    def begin(self) -> Task:
        task = self.get()
        self._queued.discard(task)
        self._processing.add(task)
        return task

    def finish(self, task: Task) -> None:
        self._processing.discard(task)


tasks = DeduplicatedQueue()


def transcribe(task: Task) -> None:
    if hash(task.path) % 2:
        raise ValueError("no sound in it")


def work_leaky() -> None:
    while True:
        task = tasks.begin()
        try:
            transcribe(task)
            tasks.finish(task)
        except ValueError:
            continue


def work_fixed() -> None:
    while True:
        task = tasks.begin()
        try:
            transcribe(task)
        except ValueError:
            continue
        finally:
            tasks.finish(task)


def working(work: Callable[[], None]) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=work, daemon=True).start()
        yield

    return lifespan


async def enqueue(number: int) -> int:
    task = Task(f"/media/{number}.mkv", f"{number:0{NOTE_CHARACTERS}}")  # leaks
    tasks.put_once(task)
    return tasks.qsize()


leaky, fixed = make_service(working(work_leaky)), make_service(working(work_fixed))
for app in (leaky, fixed):
    app.post("/files/{number}")(enqueue)
