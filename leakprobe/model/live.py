"""What runs now: threads, tasks, routes."""

from dataclasses import dataclass

from leakprobe.model.memory import Frame

__all__ = ["RouteCount", "TaskInfo", "ThreadInfo"]


@dataclass(frozen=True, slots=True)
class ThreadInfo:
    """A thread, or a group of threads that stand in the same stack.

    In a group `count` says how many, the name and ids are those of its oldest member,
    `age_s` is the oldest age, `cpu_s` the sum. `ident` is Python's, `native_id` the
    kernel's (gettid(2)).
    """

    name: str
    ident: int
    native_id: int | None
    daemon: bool | None
    age_s: float | None
    cpu_s: float | None
    count: int
    stack: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """An asyncio task, or a group of tasks of the same coroutine.

    `stack` is the await chain, the innermost await first. `age_s` counts from when the
    agent first saw the task, so it is a lower bound; None for one never seen before.
    """

    name: str
    coroutine: str
    state: str
    age_s: float | None
    count: int
    stack: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class RouteCount:
    """Requests of one route template since the agent started.

    `errors` counts requests in which the application raised. Seconds are wall
    time from the first byte in to the last byte out; percentiles are read from a
    histogram whose buckets are 19 % wide.
    """

    route: str
    requests: int
    errors: int
    seconds: float
    p50_s: float | None
    p95_s: float | None
    max_s: float | None
