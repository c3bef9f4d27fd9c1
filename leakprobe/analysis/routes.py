"""Which route memory belongs to, and how much each route holds."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from leakprobe.analysis.change import Change, StackChange, stack_changes, stacks_of, sums
from leakprobe.model import Handler, RouteCount, Snapshot
from leakprobe.model.live import UNTAGGED

__all__ = ["common_route", "route_finder", "route_rows"]

# A row is charged to a route when that route's stacks carry this much of its change;
# below, several routes share the line, and its growth is per request of any of them.
ROUTE_SHARE = 0.9

# The tracer that can tell the allocations of one route's requests from others.
TAGGING = "sampled"


def route_finder(
    changes: Iterable[StackChange], handlers: Iterable[Handler]
) -> Callable[[StackChange], str | None]:
    """A function from a change to its route; None: no request's, or not known.

    Where some of the changes carry a route, that decides for all of them. Otherwise it is
    the handler that the stack goes through, the innermost of several.
    """
    if any(change.route is not None for change in changes):
        return lambda change: change.route
    by_file: dict[str, list[Handler]] = {}
    for handler in handlers:
        by_file.setdefault(handler.file, []).append(handler)

    def by_handler(change: StackChange) -> str | None:
        for frame in change.stack.frames:
            for handler in by_file.get(frame.file, ()):
                if handler.first_line <= frame.line <= handler.last_line:
                    return handler.route
        return None

    return by_handler


def common_route(
    members: Iterable[StackChange], route_of: Callable[[StackChange], str | None]
) -> str | None:
    """The route whose stacks carry nearly all of the change, if there is one."""
    shares: Counter[str | None] = Counter()
    for member in members:
        shares[route_of(member)] += abs(member.change.bytes_diff)
    route, share = max(shares.items(), key=lambda item: item[1], default=(None, 0))
    return route if share > 0 and share >= ROUTE_SHARE * shares.total() else None


def route_rows(
    counts: Sequence[RouteCount], baseline: Snapshot | None, now: Snapshot | None
) -> tuple[RouteCount, ...]:
    """The counts with the memory that requests of each route hold, the fastest growing first.

    A route whose first request has not finished yet has a row too, and so has what no
    request allocated (`UNTAGGED`). Where the tracer does not tell routes apart, the
    counts come back as they are; where there is no baseline that did, the differences
    are None.

    Args:
        counts: finished requests by route.
        baseline: what to compare with.
        now: the present, with its stacks.
    """
    if now is None or not _tells_routes_apart(now):
        return tuple(counts)
    compared = baseline if baseline is not None and _tells_routes_apart(baseline) else None
    changes = stack_changes(compared or replace(now, stacks=()), now)
    growth = sums((change.route or UNTAGGED, change.change) for change in changes)
    squares: Counter[str] = Counter()
    for live in stacks_of(now):
        squares[live.route or UNTAGGED] += live.bytes_error**2
    known = {count.route: count for count in counts}
    rows = [
        _row(
            known.get(route) or RouteCount(route, 0, 0, 0.0, None, None, None),
            growth.get(route, Change()),
            round(math.sqrt(squares[route])),
            None if compared is None else _requests_since(route, compared, now),
        )
        for route in {**known, **growth, UNTAGGED: None}
    ]
    return tuple(sorted(rows, key=_order))


def _tells_routes_apart(snapshot: Snapshot) -> bool:
    return snapshot.stacks is not None and snapshot.tracer == TAGGING


def _requests_since(route: str, baseline: Snapshot, now: Snapshot) -> int:
    return now.requests.get(route, 0) - baseline.requests.get(route, 0)


def _row(count: RouteCount, growth: Change, live_error: int, since: int | None) -> RouteCount:
    """The count with its memory; `since`: requests since the baseline, None without one."""
    live = replace(count, live_bytes=growth.bytes, live_bytes_error=live_error)
    if since is None:
        return live
    return replace(
        live,
        bytes_diff=growth.bytes_diff,
        bytes_diff_error=growth.bytes_error,
        bytes_per_request=growth.bytes_diff / since if since > 0 else None,
    )


def _order(row: RouteCount) -> tuple[int, int, int, str]:
    return -(row.bytes_diff or 0), -(row.live_bytes or 0), -row.requests, row.route
