"""What the middleware notes about every finished request.

It stands in the path of each of them, so next to nothing is done there: a number is
appended to the list of the route, which needs no lock. The counting is done by whoever
asks, many requests at a time, which costs a fraction of counting one by one between other
code; where nobody asks for long, who notes does it now and then (`relieve`), and never
waits for somebody else.
"""

import sys
import threading
from bisect import bisect_left
from typing import TypeVar

from leakprobe.analysis.latency import BOUNDS_S, BUCKETS, bucket_of, percentile_s
from leakprobe.model import RouteCount

__all__ = ["MOST_NOTED", "MOST_ROUTES", "OTHER", "RequestCounters", "RouteTally"]

MOST_ROUTES = 1000
MOST_NOTED = 256
OTHER = "(other)"

Noted = TypeVar("Noted", float, bool)


class RouteTally:
    """The counts of one route, and what was noted and is not counted yet.

    Attributes:
        noted_s: to append to: wall time of a request that has ended, in seconds, from the
            first byte in to the last byte out. At `MOST_NOTED` it is time for `relieve`.
        failed: to append to, before that: True for a request in which the application
            raised.
    """

    __slots__ = ("buckets", "errors", "failed", "longest_s", "noted_s", "requests", "seconds")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Start again from nothing; who holds this goes on noting here."""
        self.noted_s: list[float] = []
        self.failed: list[bool] = []
        self.requests = 0
        self.errors = 0
        self.seconds = 0.0
        self.longest_s = 0.0
        self.buckets = [0] * BUCKETS

    def count(self) -> None:
        """Count what was noted. What others note meanwhile is for the next time."""
        noted_s = _taken(self.noted_s)
        self.errors += len(_taken(self.failed))
        if not noted_s:
            return
        noted_s.sort()
        self.requests += len(noted_s)
        self.seconds += sum(noted_s)
        self.longest_s = max(self.longest_s, noted_s[-1])
        start = 0
        while start < len(noted_s):
            bucket = bucket_of(noted_s[start])
            last = bucket == len(BOUNDS_S)
            end = len(noted_s) if last else bisect_left(noted_s, BOUNDS_S[bucket], start)
            self.buckets[bucket] += end - start
            start = end


class RequestCounters:
    """Counts and latencies by route, from the agent's start or the last fork on.

    At most `MOST_ROUTES` routes are told apart; what comes after them shares one more.
    """

    def __init__(self) -> None:
        self._tallies: dict[str, RouteTally] = {}
        self._counting = threading.Lock()

    def after_fork(self) -> None:
        """Start again from nothing: the child has answered no request yet."""
        self._counting = threading.Lock()
        for tally in self._tallies.values():
            tally.clear()

    def of(self, route: str) -> RouteTally:
        """Where to note the requests of a route, for as long as these counters are used.

        Args:
            route: its label, `METHOD /template`.
        """
        known = self._tallies.get(route)
        if known is not None:
            return known
        name = route if len(self._tallies) < MOST_ROUTES else OTHER
        # setdefault: another thread may have added it since it was looked up.
        return self._tallies.get(name) or self._tallies.setdefault(name, RouteTally())

    def relieve(self, tally: RouteTally) -> None:
        """Count what was noted of a route, unless somebody else is counting."""
        self._count((tally,), wait=False)

    @property
    def total(self) -> int:
        """Requests counted so far, of all routes."""
        return sum(tally.requests for tally in self._counted().values())

    @property
    def size_bytes(self) -> int:
        """Roughly what these tables take."""
        tallies = self._counted()
        tally = RouteTally()
        # A counter above 256 is an int object of its own.
        each = sys.getsizeof(tally) + sys.getsizeof(tally.buckets) + 28 * BUCKETS
        return sys.getsizeof(tallies) + len(tallies) * each

    def counts(self) -> dict[str, int]:
        """Requests by route."""
        return {route: tally.requests for route, tally in self._counted().items()}

    def read(self) -> tuple[RouteCount, ...]:
        """Every route with its latencies, the busiest first."""
        rows = [_row(route, tally) for route, tally in self._counted().items()]
        return tuple(sorted(rows, key=lambda row: (-row.requests, row.route)))

    def _counted(self) -> dict[str, RouteTally]:
        """The routes that were asked for, everything noted of them counted."""
        tallies = dict(self._tallies)
        self._count(tuple(tallies.values()), wait=True)
        return {route: tally for route, tally in tallies.items() if tally.requests}

    def _count(self, tallies: tuple[RouteTally, ...], *, wait: bool) -> None:
        """Count what was noted. Without waiting, a thread that is at it does it alone."""
        if not self._counting.acquire(blocking=wait):
            return
        try:
            for tally in tallies:
                tally.count()
        finally:
            self._counting.release()


def _taken(noted: list[Noted]) -> list[Noted]:
    """What is in a list by now, taken out of it; others may append meanwhile."""
    count = len(noted)
    taken = noted[:count]
    del noted[:count]
    return taken


def _row(route: str, tally: RouteTally) -> RouteCount:
    buckets = list(tally.buckets)
    p50_s, p95_s = percentile_s(buckets, 0.50), percentile_s(buckets, 0.95)
    return RouteCount(
        route=route,
        requests=tally.requests,
        errors=tally.errors,
        seconds=tally.seconds,
        # The middle of a bucket may lie above the longest latency in it.
        p50_s=None if p50_s is None else min(p50_s, tally.longest_s),
        p95_s=None if p95_s is None else min(p95_s, tally.longest_s),
        max_s=tally.longest_s,
    )
