"""Workers of pools, requests under way, modules: what grows with them is no leak yet.

A pool starts threads up to its bound as the load rises; a service that gets more requests
at a time, or becomes slower, has more tasks, connections and objects at a time; modules
that are imported at first use bring classes, functions and entries of tables. All of that
levels off, often after a minute or two of growth that is as steady as that of a leak. So
what each of them may have is at most suspected, as long as there are not implausibly many.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from leakprobe.analysis.evidence import Evidence
from leakprobe.analysis.judged import Found
from leakprobe.analysis.observation import Column, Timeline

__all__ = ["is_of_pool", "is_of_request", "tempered"]

# What threads of pools run: anyio's (40 of them, if nobody says otherwise), and those of
# executors, asyncio's own too (32, or as many as somebody says).
# anyio/_backends/_asyncio.py, WorkerThread; Lib/concurrent/futures/thread.py, _worker.
WORKERS = ("anyio._backends._asyncio.WorkerThread", "concurrent.futures.thread._worker")
MOST_WORKERS = 100
# What servers run for each request or WebSocket (uvicorn/protocols), and what a descriptor
# is called to which a client has connected, or the process itself to a server
# (`leakprobe.capture.descriptors`).
REQUEST = ".run_asgi"
# Where uvicorn keeps its tasks and connections (uvicorn/server.py, ServerState).
SERVER_STATE = ".server_state."
CLIENT = " socket of a client of "
TO = " socket to "
MOST_REQUESTS = 1000
# Tasks may be counted a moment before the connections.
LATE = 5
MODULE = "module"
MOST_MODULES = 500
# Several come at once with the first use of a library: only if they keep coming, walk after
# walk, does their growth explain any other.
FEWEST_RISES = 5
# A connection keeps weak references to its cursors, and drops those of dead ones after so
# many cursors (Modules/_sqlite/connection.c, _pysqlite_drop_unused_cursor_references).
REFERENCE, CONNECTION = "weakref.ReferenceType", "sqlite3.Connection"
MOST_CURSORS = 200

# Fewer of them explain nothing.
FEWEST = 3.0
SLACK = 3
# Entries of a container, threads, descriptors or tasks that each of them may have.
ENTRIES_EACH = 2
# Objects of a type for each: locks and conditions of a worker; where it is sure that more
# requests are under way, what each of those works on; what is defined in a module.
OBJECTS_EACH = 8
OBJECTS_EACH_SURELY = 100
OBJECTS_EACH_MODULE = 1000
BYTES_EACH = 1 << 20


@dataclass(frozen=True, slots=True)
class _Crowd:
    """Things of which there may be more and more for a while.

    Attributes:
        timeline: when they were counted.
        columns: their counts.
        objects_each: of a type.
        has_bytes: whether it is sure that they become more, so that bytes may be theirs.
    """

    timeline: Timeline
    columns: tuple[Column, ...]
    objects_each: int
    has_bytes: bool

    def explains(self, one: Found) -> bool:
        """Whether as many more of them as there are may have what grows."""
        more = sum(one.judged.growth_beside(self.timeline, column) for column in self.columns)
        if more < FEWEST:
            return False
        candidate = one.candidate
        if candidate.counts == "bytes" or candidate.objects is None:
            return self.has_bytes and (candidate.bytes or 0) <= BYTES_EACH * more
        counted = candidate.kind in ("container", "group", "gauge")
        each = ENTRIES_EACH if counted else self.objects_each
        return candidate.objects <= each * more + SLACK


def is_of_pool(name: str) -> bool:
    """Whether a group of threads, so called, is the workers of pools."""
    return any(part in name for part in WORKERS)


def is_of_request(name: str) -> bool:
    """Whether a group of tasks, so called, or what is held so, is a server's requests."""
    return REQUEST in name or SERVER_STATE in name


def tempered(evidence: Evidence, found: Sequence[Found]) -> list[Found]:
    """The same, suspected only where it grows with what comes to an end as a rule.

    Args:
        evidence: what was observed.
        found: what grows.
    """
    if not any(one.candidate.state == "leak" for one in found):
        return list(found)
    crowds = [crowd for crowd in _crowds(evidence, found) if crowd.columns]
    return [
        one.suspected()
        if _are_of_cursors(evidence, one) or any(crowd.explains(one) for crowd in crowds)
        else one
        for one in found
    ]


def _are_of_cursors(evidence: Evidence, one: Found) -> bool:
    """Whether it is weak references of which the database connections may have as many.

    Each connection has a list of them, which grows by as many as there are more of them.
    """
    connections, candidate = evidence.types.get(CONNECTION), one.candidate
    references = evidence.types.get(REFERENCE)
    if connections is None or references is None:
        return False
    if candidate.kind == "container":
        more = one.judged.growth_beside(evidence.types.timeline, references)
        is_theirs = candidate.name == "list" and (candidate.objects or 0) <= more + SLACK
        return is_theirs and one.judged.series.values[-1] <= MOST_CURSORS
    is_theirs = (candidate.kind, candidate.name) == ("type", REFERENCE)
    return is_theirs and (candidate.objects or 0) <= MOST_CURSORS * connections.last


def _crowds(evidence: Evidence, found: Sequence[Found]) -> Iterator[_Crowd]:
    """Those that are still within a plausible bound."""
    walks, readings = evidence.types.timeline, evidence.groups.timeline
    modules = evidence.types.get(MODULE)
    if modules is not None and _keep_coming(modules.values(walks.serials)):
        yield _Crowd(walks, (modules,), OBJECTS_EACH_MODULE, has_bytes=True)
    workers = _named(evidence, "threads", WORKERS)
    if _last(workers) <= MOST_WORKERS:
        sure = any(_grows(found, name) for name in WORKERS)
        yield _Crowd(readings, workers, OBJECTS_EACH, has_bytes=sure)
    clients, requests = _clients(evidence), _named(evidence, "tasks", (REQUEST,))
    sure = _grows(found, CLIENT) or _grows(found, REQUEST)
    each = OBJECTS_EACH_SURELY if sure else OBJECTS_EACH
    if _last(clients) <= MOST_REQUESTS:
        yield _Crowd(readings, clients, each, has_bytes=sure)
        # More requests than clients: those who asked are gone, and nobody ends them.
        if _last(requests) <= _last(clients) + LATE:
            yield _Crowd(readings, requests, each, has_bytes=sure)


def _named(evidence: Evidence, resource: str, parts: Sequence[str]) -> tuple[Column, ...]:
    return tuple(
        column
        for (kind, name), column in evidence.groups.items()
        if kind == resource and any(part in name for part in parts)
    )


def _clients(evidence: Evidence) -> tuple[Column, ...]:
    """Connections that others opened: its own to itself are the process's own doing."""
    sockets = [name for (kind, name), _ in evidence.groups.items() if kind == "fds"]
    own = {name.rpartition(":")[2] for name in sockets if TO in name}
    others = [name for name in sockets if CLIENT in name and name.rpartition(" ")[2] not in own]
    return _named(evidence, "fds", others)


def _grows(found: Sequence[Found], part: str) -> bool:
    """Whether they themselves become more in window after window."""
    groups = [one.candidate for one in found if one.candidate.kind == "group"]
    return any(one.state == "leak" and part in one.name for one in groups)


def _last(columns: Sequence[Column]) -> int:
    return sum(column.last for column in columns)


def _keep_coming(counts: Sequence[int]) -> bool:
    """Whether modules are imported one by one, and not too many of them to be files."""
    rises = sum(after > before for before, after in pairwise(counts[1:]))
    return rises >= FEWEST_RISES and counts[-1] - counts[0] <= MOST_MODULES
