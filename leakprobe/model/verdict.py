"""The answer: is it a leak, which memory, and whose fault."""

from dataclasses import dataclass
from typing import Literal

from leakprobe.model.memory import Frame, Price

__all__ = [
    "MemoryGrowth",
    "MemorySplit",
    "Report",
    "Resource",
    "Site",
    "State",
    "Suspect",
    "SuspectGrowth",
    "SuspectHolder",
    "SuspectRoute",
    "SuspectType",
    "Verdict",
]

# `suspect`: it grows, and the evidence does not suffice yet; `inconclusive`: there was too
# little to see anything.
State = Literal["leak", "suspect", "no_leak", "inconclusive"]
Resource = Literal["python", "native", "allocator", "threads", "tasks", "fds", "children"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all the evidence says together.

    Attributes:
        state: whether it is a leak.
        resource: of the worst that was found; None: nothing grows.
        confidence: 0 to 1, in the state.
        reason: one sentence for a tired person; it says what is missing where
            something is.
        smallest_detectable_bytes_per_request: a leak of Python memory that is larger
            would have been seen; None: not known.
        seconds_to_limit: until the memory limit is reached at this growth; None: it is
            not, or nobody knows.
    """

    state: State
    resource: Resource | None
    confidence: float
    reason: str
    smallest_detectable_bytes_per_request: int | None
    seconds_to_limit: float | None


@dataclass(frozen=True, slots=True)
class MemoryGrowth:
    """Bytes per hour, of each part of a `MemorySplit`; None where it is not known."""

    rss: float | None
    python: float | None
    native: float | None
    allocator_free: float | None
    file: float | None
    unassigned: float | None


@dataclass(frozen=True, slots=True)
class MemorySplit:
    """The resident set in parts that add up to it.

    Attributes:
        rss_bytes: resident set size.
        python_bytes: Python objects.
        native_bytes: in use by others than Python objects, from malloc.
        allocator_free_bytes: held by malloc or pymalloc, and used by nobody.
        file_bytes: pages of files and shared memory.
        unassigned_bytes: what is left: stacks, mappings of libraries' own.
        growth_bytes_per_hour: of each part.
        advice: what to do about the parts that grow, the largest first.
    """

    rss_bytes: int
    python_bytes: int | None
    native_bytes: int | None
    allocator_free_bytes: int | None
    file_bytes: int | None
    unassigned_bytes: int | None
    growth_bytes_per_hour: MemoryGrowth
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SuspectGrowth:
    """How much a suspect grew while it was watched, warm-up left out.

    `objects` counts what the resource counts: objects, threads, descriptors. Where only
    one of bytes and objects is known, the others are None.
    """

    bytes: int | None
    objects: int | None
    bytes_per_second: float | None
    bytes_per_request: float | None
    objects_per_request: float | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """Where a suspect was allocated: the innermost line of the application, and all above.

    `stack` is the whole stack, the allocating frame first.
    """

    file: str
    line: int
    function: str | None
    stack: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class SuspectType:
    """Objects of one type that a suspect consists of: how many more, and their bytes."""

    type: str
    objects: int
    bytes: int | None


@dataclass(frozen=True, slots=True)
class SuspectHolder:
    """What keeps a suspect alive.

    Attributes:
        text: the path as code would write it (`app.results[…].payload`).
        steps: the same in words.
        kind: what holds, where it has a name: `module global`, `class attribute`,
            `lru_cache`, `closure`, `thread-local`, `context variable`, `asyncio task`,
            `timer handle`, `logging handler`, `exception traceback`, `weakref callback`,
            `C code`, `uncollected cycle`, `uncollected cycle with __del__`, `frame`; None:
            none of these.
        objects: how many of the suspect's objects hang on it.
        retained_bytes: what would be freed with it; None: not known.
    """

    text: str
    steps: tuple[str, ...]
    kind: str | None
    objects: int
    retained_bytes: int | None


@dataclass(frozen=True, slots=True)
class SuspectRoute:
    """A route that causes a suspect.

    Attributes:
        route: `METHOD /template`, or `untagged`.
        share: of the suspect's growth, 0 to 1.
        bytes_per_request: None where the suspect is not counted in bytes.
        bytes_per_request_low: the lower end of the 95 % interval.
        bytes_per_request_high: and its upper end.
        objects_per_request: of the suspect's objects; None: not known.
        by: `tags` of samples, or `regression` on requests per route.
    """

    route: str
    share: float
    bytes_per_request: float | None
    bytes_per_request_low: float | None
    bytes_per_request_high: float | None
    objects_per_request: float | None
    by: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """One cause of growth.

    Attributes:
        rank: 1 is the worst.
        fingerprint: the same for the same cause in another process or after a restart.
        resource: what grows.
        state: `leak` or `suspect`.
        confidence: 0 to 1, in the state.
        growth: how much.
        site: where it was allocated; None: not known (yet).
        types: what it consists of, the most first.
        holders: what keeps it alive, the largest first.
        routes: who causes it, the largest share first.
        reason: the evidence in one sentence.
        advice: what to do, in one sentence.
    """

    rank: int
    fingerprint: str
    resource: Resource
    state: State
    confidence: float
    growth: SuspectGrowth
    site: Site | None
    types: tuple[SuspectType, ...]
    holders: tuple[SuspectHolder, ...]
    routes: tuple[SuspectRoute, ...]
    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict with its evidence. `requests` are those finished since the start."""

    pid: int
    uptime_s: float
    requests: int
    verdict: Verdict
    memory: MemorySplit
    suspects: tuple[Suspect, ...]
    price: Price
