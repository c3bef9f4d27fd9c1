"""What the middleware notes about every finished request.

It stands in the path of each of them, so it does next to nothing there: it appends to a
deque, which needs no lock. The counting is done by whoever asks, many requests at a
time, which costs a fraction of counting one by one between other code; where nobody
asks for long, `note` itself does it now and then, and never waits for somebody else.
"""

import sys
import threading
from bisect import bisect_right
from collections import deque

from leakprobe.analysis.latency import BOUNDS_S, BUCKETS, percentile_s
from leakprobe.model import RouteCount

__all__ = ["MOST_ROUTES", "OTHER", "RequestCounters"]

MOST_ROUTES = 1000
MOST_NOTED = 1000
OTHER = "(other)"


class _Tally:
    """The counts of one route."""

    __slots__ = ("buckets", "errors", "longest_s", "requests", "seconds")

    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0
        self.seconds = 0.0
        self.longest_s = 0.0
        self.buckets = [0] * BUCKETS


class RequestCounters:
    """Counts and latencies by route, from the agent's start or the last fork on.

    At most `MOST_ROUTES` routes are told apart; what comes after them shares one more.
    """

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        """Start again from nothing: the child has answered no request yet."""
        self._tallies: dict[str, _Tally] = {}
        self._noted: deque[tuple[str, float, bool]] = deque()
        self._counting = threading.Lock()

    def note(self, route: str, seconds: float, failed: bool) -> None:
        """Note one request that has ended; it is counted later, many at a time.

        Args:
            route: its label, `METHOD /template`.
            seconds: wall time from the first byte in to the last byte out.
            failed: whether the application raised.
        """
        self._noted.append((route, seconds, failed))
        if len(self._noted) > MOST_NOTED:
            self._count(wait=False)

    @property
    def total(self) -> int:
        """Requests counted so far, of all routes."""
        self._count(wait=True)
        return sum(tally.requests for tally in list(self._tallies.values()))

    @property
    def size_bytes(self) -> int:
        """Roughly what these tables take."""
        self._count(wait=True)
        tally = _Tally()
        # A counter above 256 is an int object of its own.
        each = sys.getsizeof(tally) + sys.getsizeof(tally.buckets) + 28 * BUCKETS
        return sys.getsizeof(self._tallies) + len(self._tallies) * each

    def counts(self) -> dict[str, int]:
        """Requests by route."""
        self._count(wait=True)
        return {route: tally.requests for route, tally in list(self._tallies.items())}

    def read(self) -> tuple[RouteCount, ...]:
        """Every route with its latencies, the busiest first."""
        self._count(wait=True)
        rows = [_row(route, tally) for route, tally in list(self._tallies.items())]
        return tuple(sorted(rows, key=lambda row: (-row.requests, row.route)))

    def _count(self, *, wait: bool) -> None:
        """Count what was noted. Without waiting, a thread that is at it does it alone."""
        if not self._counting.acquire(blocking=wait):
            return
        try:
            while self._noted:
                route, seconds, failed = self._noted.popleft()
                tally = self._tallies.get(route) or self._add(route)
                tally.requests += 1
                tally.errors += failed
                tally.seconds += seconds
                tally.buckets[bisect_right(BOUNDS_S, seconds)] += 1
                tally.longest_s = max(tally.longest_s, seconds)
        finally:
            self._counting.release()

    def _add(self, route: str) -> _Tally:
        name = route if len(self._tallies) < MOST_ROUTES else OTHER
        # setdefault: another thread may have added it since it was looked up.
        return self._tallies.get(name) or self._tallies.setdefault(name, _Tally())


def _row(route: str, tally: _Tally) -> RouteCount:
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
