"""What grew: two snapshots compared, by line, function, file, stack or type.

A diff starts from the finest thing that both snapshots have (a stack, or a type),
takes differences there, and only then adds up what belongs to one row. So a row also
knows which of its stacks grew most, and whether its growth belongs to one route.
"""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from leakprobe.analysis.globs import selector
from leakprobe.analysis.type_growth import types_of
from leakprobe.errors import BadParameter, NotAvailable
from leakprobe.model import (
    Diff,
    DiffRow,
    Frame,
    Handler,
    LiveStack,
    Moment,
    Snapshot,
    Stack,
)

__all__ = ["DIFF_BY", "diff_snapshots", "moment_of"]

DIFF_BY = ("line", "function", "file", "stack", "type")

# A row is charged to a route when that route's stacks carry this much of its change;
# below, several routes share the line, and its growth is per request of any of them.
ROUTE_SHARE = 0.9

UNKNOWN_SITE = Frame("<unknown>", 0)

_Handlers = dict[str, list[Handler]]


@dataclass(slots=True)
class _Change:
    """What became of one stack, one type, or all that belongs to a row."""

    bytes: int = 0
    bytes_diff: int = 0
    objects: int = 0
    objects_diff: int = 0
    error_squared: int = 0

    def count(self, sign: int, size: int, objects: int, error: int = 0) -> None:
        """Count what was there at the end (sign 1) or at the start (sign -1)."""
        self.bytes_diff += sign * size
        self.objects_diff += sign * objects
        self.error_squared += error * error
        if sign > 0:
            self.bytes += size
            self.objects += objects

    def add(self, other: "_Change") -> None:
        self.bytes += other.bytes
        self.bytes_diff += other.bytes_diff
        self.objects += other.objects
        self.objects_diff += other.objects_diff
        self.error_squared += other.error_squared

    @property
    def weight(self) -> tuple[int, int]:
        return self.bytes_diff, self.objects_diff


@dataclass(slots=True)
class _Group:
    """All that becomes one row: the stacks of one line, say, or one type."""

    type: str | None = None
    members: list[tuple[Stack, _Change]] = field(default_factory=list)
    total: _Change = field(default_factory=_Change)

    @property
    def heaviest(self) -> Stack:
        """The stack that grew most."""
        return max(self.members, key=lambda member: member[1].weight)[0]

    @property
    def order(self) -> tuple[object, ...]:
        """What grew most comes first; equals are in a fixed order."""
        stack = self.members[0][0] if self.members else Stack(())
        site, lines = _site(stack), [frame.line for frame in stack.frames]
        name = (self.type or "", site.file, site.line, site.function or "")
        return -self.total.bytes_diff, -self.total.objects_diff, name, lines


@dataclass(frozen=True, slots=True)
class _Span:
    """What lies between the two moments: time, and requests by route."""

    seconds: float
    requests: int
    by_route: dict[str, int]
    restarted: bool

    def per_second(self, size: int) -> float | None:
        return size / self.seconds if self.seconds > 0 else None

    def per_request(self, size: int, route: str | None) -> float | None:
        requests = self.requests if route is None else self.by_route.get(route, 0)
        return size / requests if requests > 0 and not self.restarted else None


def diff_snapshots(
    start: Snapshot,
    end: Snapshot,
    *,
    by: str,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    limit: int | None = 20,
    handlers: Sequence[Handler] = (),
) -> Diff:
    """What grew from `start` to `end`, the largest growth first, what shrank last.

    Rows without any change are left out. A row by line carries the stack of that line
    that grew most; rows by function and by file carry neither a line nor a stack, since
    they stand for several. A row's route is the one that carries nine tenths of its
    change, where there is one. Rates are None where no time passed, no request was
    finished, or a counter went back because the process restarted in between. Sizes by
    type are shallow.

    Args:
        start: the earlier moment.
        end: the later one.
        by: one of `DIFF_BY`.
        include: globs (see `leakprobe.analysis.globs`) of which one must match the row's
            file, any file on its stack for `by="stack"`, the type's name for `by="type"`;
            none: everything.
        exclude: globs of which none may match.
        limit: at most so many rows; None: all.
        handlers: where routes are answered, to find a stack's route.

    Raises:
        BadParameter: `by` is not one of `DIFF_BY`.
        NotAvailable: one of the snapshots does not hold what is compared.
    """
    if by not in DIFF_BY:
        raise BadParameter("by", by, f"must be one of {', '.join(DIFF_BY)}")
    selects = selector(include, exclude)
    if by == "type":
        groups = _groups_by_type(start, end, selects)
    else:
        groups = _groups_by_stack(start, end, selects, by)
    changed = sorted((g for g in groups if g.total.weight != (0, 0)), key=lambda g: g.order)
    shown = changed if limit is None else changed[:limit]
    span, by_file = _span(start, end), _by_file(handlers)
    return Diff(
        by=by,
        start=moment_of(start),
        end=moment_of(end),
        seconds=span.seconds,
        requests=max(0, span.requests),
        total_bytes_diff=sum(group.total.bytes_diff for group in changed),
        total_objects_diff=sum(group.total.objects_diff for group in changed),
        hidden_rows=len(changed) - len(shown),
        rows=tuple(_row(group, by, span, by_file) for group in shown),
    )


def moment_of(snapshot: Snapshot) -> Moment:
    """The snapshot as one end of a comparison."""
    return Moment(snapshot.id, snapshot.label, snapshot.taken_at, snapshot.uptime_s)


def _span(start: Snapshot, end: Snapshot) -> _Span:
    routes = start.requests.keys() | end.requests.keys()
    by_route = {r: end.requests.get(r, 0) - start.requests.get(r, 0) for r in routes}
    return _Span(
        seconds=end.uptime_s - start.uptime_s,
        requests=sum(by_route.values()),
        by_route=by_route,
        restarted=any(requests < 0 for requests in by_route.values()),
    )


def _row(group: _Group, by: str, span: _Span, handlers: _Handlers) -> DiffRow:
    total = group.total
    stack = group.heaviest if group.members else None
    site = None if stack is None else _site(stack)
    one_line = by in {"line", "stack"}
    route = _common_route(group.members, handlers)
    return DiffRow(
        file=site.file if site else None,
        line=site.line if site and one_line else None,
        function=site.function if site and by != "file" else None,
        stack=stack.frames if stack and one_line else None,
        type=group.type,
        route=route,
        bytes=total.bytes,
        bytes_diff=total.bytes_diff,
        bytes_error=round(math.sqrt(total.error_squared)),
        objects=total.objects,
        objects_diff=total.objects_diff,
        bytes_per_second=span.per_second(total.bytes_diff),
        bytes_per_request=span.per_request(total.bytes_diff, route),
    )


def _groups_by_type(
    start: Snapshot, end: Snapshot, selects: Callable[[Iterable[str]], bool]
) -> Iterable[_Group]:
    groups: dict[str, _Group] = {}
    for snapshot, sign in ((start, -1), (end, 1)):
        for count in types_of(snapshot):
            if selects((count.type,)):
                group = groups.setdefault(count.type, _Group(type=count.type))
                group.total.count(sign, count.bytes, count.objects)
    return groups.values()


def _groups_by_stack(
    start: Snapshot, end: Snapshot, selects: Callable[[Iterable[str]], bool], by: str
) -> Iterable[_Group]:
    number = _numbering()
    changes: dict[tuple[int, ...], tuple[Stack, _Change]] = {}
    for snapshot, sign in ((start, -1), (end, 1)):
        for live in _stacks_of(snapshot):
            member = changes.setdefault(number(live.stack), (live.stack, _Change()))
            member[1].count(sign, live.bytes, live.objects, live.bytes_error)
    groups: dict[Hashable, _Group] = {}
    for key, (stack, change) in changes.items():
        site = _site(stack)
        if selects([frame.file for frame in stack.frames] if by == "stack" else [site.file]):
            group = groups.setdefault(_group_key(by, site, key), _Group())
            group.members.append((stack, change))
            group.total.add(change)
    return groups.values()


def _numbering() -> Callable[[Stack], tuple[int, ...]]:
    """A function from stacks to numbers that are equal where the stacks are.

    Hashing a stack means hashing each of its frames; snapshots share frames between
    their stacks, so each frame is hashed once. The snapshots must live meanwhile.
    """
    by_frame: dict[Frame, int] = {}
    by_id: dict[int, int] = {}

    def number_of(frame: Frame) -> int:
        number = by_id.get(id(frame))
        if number is None:
            number = by_id[id(frame)] = by_frame.setdefault(frame, len(by_frame))
        return number

    return lambda stack: tuple(map(number_of, stack.frames))


def _site(stack: Stack) -> Frame:
    return stack.frames[0] if stack.frames else UNKNOWN_SITE


def _group_key(by: str, site: Frame, stack_key: tuple[int, ...]) -> Hashable:
    keys: dict[str, Hashable] = {
        "line": (site.file, site.line),
        "function": (site.file, site.function),
        "file": site.file,
        "stack": stack_key,
    }
    return keys[by]


def _by_file(handlers: Iterable[Handler]) -> _Handlers:
    by_file: _Handlers = {}
    for handler in handlers:
        by_file.setdefault(handler.file, []).append(handler)
    return by_file


def _common_route(members: Iterable[tuple[Stack, _Change]], handlers: _Handlers) -> str | None:
    """The route whose stacks carry nearly all of the change, if there is one."""
    shares: Counter[str | None] = Counter()
    for stack, change in members:
        shares[_route_of(stack, handlers)] += abs(change.bytes_diff)
    route, share = max(shares.items(), key=lambda item: item[1], default=(None, 0))
    return route if share > 0 and share >= ROUTE_SHARE * shares.total() else None


def _route_of(stack: Stack, handlers: _Handlers) -> str | None:
    for frame in stack.frames:
        for handler in handlers.get(frame.file, ()):
            if handler.first_line <= frame.line <= handler.last_line:
                return handler.route
    return None


def _stacks_of(snapshot: Snapshot) -> tuple[LiveStack, ...]:
    if snapshot.stacks is not None:
        return snapshot.stacks
    if snapshot.tracer == "off":
        why = "nothing traced allocations then (tracer=off); /types works without"
    else:
        why = "they were not read then, or dropped to save memory; compare with another"
    raise NotAvailable(f"snapshot {snapshot.id} has no allocation stacks: {why}")
