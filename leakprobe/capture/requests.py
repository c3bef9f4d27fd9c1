"""Counts and latencies of finished requests, by route.

Noting one stands in the path of each request. The native core counts at once, which takes
some nanoseconds (`_requests.Tally`). Its reference here appends a number to a list, which
needs no lock, and leaves the counting to whoever asks: many requests at a time cost a
fraction of counting one by one between other code. Where nobody asks for long, who notes
counts now and then, and never waits for somebody else.
"""

import sys
import threading
from array import array
from bisect import bisect_left
from typing import NamedTuple, Protocol, TypeVar

from leakprobe.analysis.latency import BOUNDS_S, BUCKETS, bucket_of, percentile_s
from leakprobe.capture import native
from leakprobe.model import RouteCount

__all__ = [
    "MOST_NOTED", "MOST_ROUTES", "OTHER", "Counts", "RequestCounters", "RouteTally", "Tally",
]  # fmt: skip

MOST_ROUTES = 1000
MOST_NOTED = 256
OTHER = "(other)"
NATIVE_BOUNDS = array("d", BOUNDS_S).tobytes()

Noted = TypeVar("Noted", float, bool)


class Counts(NamedTuple):
    """What is known of the requests of one route.

    Attributes:
        requests: how many have ended.
        errors: of them, those in which the application raised.
        seconds: wall time of all, each from the first byte in to the last byte out.
        longest_s: the longest.
        buckets: how many took how long (see `analysis.latency`).
    """

    requests: int
    errors: int
    seconds: float
    longest_s: float
    buckets: list[int]


class Tally(Protocol):
    """What both can do, the native one and that in Python; from any thread."""

    def note(self, seconds: float, failed: bool, /) -> None:
        """Count a request that has ended; `failed`: the application raised."""

    def read(self) -> tuple[int, int, float, float, list[int]]:
        """The fields of `Counts`."""

    def clear(self) -> None:
        """Start again from nothing, in a process that has one thread; who holds this goes on."""


class RouteTally:
    """The tally in Python: what was noted and not counted yet, and the counts."""

    __slots__ = (
        "_buckets",
        "_counting",
        "_errors",
        "_failed",
        "_longest_s",
        "_noted_s",
        "_requests",
        "_seconds",
    )

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Start again from nothing, in a process that has one thread; who holds this goes on."""
        self._counting = threading.Lock()
        self._noted_s: list[float] = []
        self._failed: list[bool] = []
        self._requests = 0
        self._errors = 0
        self._seconds = 0.0
        self._longest_s = 0.0
        self._buckets = [0] * BUCKETS

    def note(self, seconds: float, failed: bool, /) -> None:
        """Count a request that has ended; `failed`: the application raised."""
        if failed:
            self._failed.append(True)
        self._noted_s.append(seconds)
        if len(self._noted_s) > MOST_NOTED and self._counting.acquire(blocking=False):
            try:
                self._count()
            finally:
                self._counting.release()

    def read(self) -> Counts:
        """What is known, everything noted counted."""
        with self._counting:
            self._count()
            return Counts(
                self._requests, self._errors, self._seconds, self._longest_s, list(self._buckets)
            )

    def _count(self) -> None:
        """Count what was noted. What others note meanwhile is for the next time."""
        noted_s = _taken(self._noted_s)
        self._errors += len(_taken(self._failed))
        if not noted_s:
            return
        noted_s.sort()
        self._requests += len(noted_s)
        self._seconds += sum(noted_s)
        self._longest_s = max(self._longest_s, noted_s[-1])
        start = 0
        while start < len(noted_s):
            bucket = bucket_of(noted_s[start])
            last = bucket == len(BOUNDS_S)
            end = len(noted_s) if last else bisect_left(noted_s, BOUNDS_S[bucket], start)
            self._buckets[bucket] += end - start
            start = end


def new_tally() -> Tally:
    """A tally of the native core where that is built, else one in Python."""
    if native.requests_missing() is not None:
        return RouteTally()
    from leakprobe.capture._native import _requests

    return _requests.Tally(NATIVE_BOUNDS)


class RequestCounters:
    """Counts and latencies by route, from the agent's start or the last fork on.

    At most `MOST_ROUTES` routes are told apart; what comes after them shares one more.
    """

    def __init__(self) -> None:
        self._tallies: dict[str, Tally] = {}

    def after_fork(self) -> None:
        """Start again from nothing: the child has answered no request yet."""
        for tally in self._tallies.values():
            tally.clear()

    def of(self, route: str) -> Tally:
        """Where to note the requests of a route, for as long as these counters are used.

        Args:
            route: its label, `METHOD /template`.
        """
        known = self._tallies.get(route)
        if known is not None:
            return known
        name = route if len(self._tallies) < MOST_ROUTES else OTHER
        # setdefault: another thread may have added it since it was looked up.
        return self._tallies.get(name) or self._tallies.setdefault(name, new_tally())

    @property
    def total(self) -> int:
        """Requests counted so far, of all routes."""
        return sum(counts.requests for counts in self._counted().values())

    @property
    def size_bytes(self) -> int:
        """Roughly what these tables take."""
        tally = new_tally()
        # In Python, a counter above 256 is an int object of its own.
        each = sys.getsizeof(tally) + (28 + 8) * BUCKETS
        return sys.getsizeof(self._tallies) + len(self._tallies) * each

    def counts(self) -> dict[str, int]:
        """Requests by route."""
        return {route: counts.requests for route, counts in self._counted().items()}

    def read(self) -> tuple[RouteCount, ...]:
        """Every route with its latencies, the busiest first."""
        rows = [_row(route, counts) for route, counts in self._counted().items()]
        return tuple(sorted(rows, key=lambda row: (-row.requests, row.route)))

    def _counted(self) -> dict[str, Counts]:
        """The routes that were asked for."""
        tallies = dict(self._tallies)  # another thread may add one meanwhile
        counted = {route: Counts(*tally.read()) for route, tally in tallies.items()}
        return {route: counts for route, counts in counted.items() if counts.requests}


def _taken(noted: list[Noted]) -> list[Noted]:
    """What is in a list by now, taken out of it; others may append meanwhile."""
    count = len(noted)
    taken = noted[:count]
    del noted[:count]
    return taken


def _row(route: str, counts: Counts) -> RouteCount:
    p50_s, p95_s = (percentile_s(counts.buckets, share) for share in (0.50, 0.95))
    return RouteCount(
        route=route,
        requests=counts.requests,
        errors=counts.errors,
        seconds=counts.seconds,
        # The middle of a bucket may lie above the longest latency in it.
        p50_s=None if p50_s is None else min(p50_s, counts.longest_s),
        p95_s=None if p95_s is None else min(p95_s, counts.longest_s),
        max_s=counts.longest_s,
    )
