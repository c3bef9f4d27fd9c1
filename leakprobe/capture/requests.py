"""What the middleware notes about every finished request.

It stands in the path of each of them, so it does next to nothing. There is no lock: a
thread switch happens only where CPython looks at its eval breaker, which is at calls
and at jumps backwards (Python/bytecodes.c, CHECK_EVAL_BREAKER). The additions in `note`
are neither, so from the first to the last of them no other thread can come between.
"""

import sys
from bisect import bisect_right

from leakprobe.analysis.latency import BOUNDS_S, BUCKETS, percentile_s
from leakprobe.model import RouteCount

__all__ = ["MOST_ROUTES", "OTHER", "RequestCounters"]

MOST_ROUTES = 1000
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
        self._tallies: dict[str, _Tally] = {}

    def note(self, route: str, seconds: float, failed: bool) -> None:
        """Count one request that has ended.

        Args:
            route: its label, `METHOD /template`.
            seconds: wall time from the first byte in to the last byte out.
            failed: whether it was answered with 500 or above, or raised.
        """
        tally = self._tallies.get(route) or self._add(route)
        bucket = bisect_right(BOUNDS_S, seconds)
        tally.requests += 1
        tally.errors += failed
        tally.seconds += seconds
        tally.buckets[bucket] += 1
        if seconds > tally.longest_s:  # noqa: PLR1730  max() is a call: a thread may switch there
            tally.longest_s = seconds

    @property
    def total(self) -> int:
        """Requests counted so far, of all routes."""
        return sum(tally.requests for tally in list(self._tallies.values()))

    @property
    def size_bytes(self) -> int:
        """Roughly what these tables take."""
        tally = _Tally()
        # A counter above 256 is an int object of its own.
        each = sys.getsizeof(tally) + sys.getsizeof(tally.buckets) + 28 * BUCKETS
        return sys.getsizeof(self._tallies) + len(self._tallies) * each

    def counts(self) -> dict[str, int]:
        """Requests by route."""
        return {route: tally.requests for route, tally in list(self._tallies.items())}

    def read(self) -> tuple[RouteCount, ...]:
        """Every route with its latencies, the busiest first."""
        rows = [_row(route, tally) for route, tally in list(self._tallies.items())]
        return tuple(sorted(rows, key=lambda row: (-row.requests, row.route)))

    def after_fork(self) -> None:
        """Start again from nothing: the child has answered no request yet."""
        self._tallies = {}

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
