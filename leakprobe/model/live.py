"""What runs now: threads, tasks, routes."""

from dataclasses import dataclass

from leakprobe.model.memory import Frame

__all__ = ["UNTAGGED", "RouteCount", "TaskInfo", "ThreadInfo"]

# In place of a route, for what no request allocated, or nobody knows which.
UNTAGGED = "untagged"


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
    """Requests of one route template since the agent started, and what they hold.

    `live_bytes` is the memory that requests of the route allocated and that is not freed,
    `live_bytes_error` the standard error of that estimate, `bytes_diff` how much more it
    is than at the baseline, `bytes_diff_error` the standard error of that;
    `bytes_per_request` is the difference by the requests since. They are None where
    allocations are not told apart by route. The row `UNTAGGED` stands for what no
    request allocated. `errors` counts requests in which the application raised. Seconds
    are wall time from the first byte in to the last byte out; percentiles are read from a
    histogram whose buckets are 19 % wide.
    """

    route: str
    requests: int
    errors: int
    seconds: float
    p50_s: float | None
    p95_s: float | None
    max_s: float | None
    live_bytes: int | None = None
    live_bytes_error: int | None = None
    bytes_diff: int | None = None
    bytes_diff_error: int | None = None
    bytes_per_request: float | None = None
