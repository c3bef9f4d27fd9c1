"""What grew: two snapshots compared, by line, function, file, stack, route or type.

A diff starts from the finest thing that both snapshots have (a stack, or a type),
takes differences there, and only then adds up what belongs to one row. So a row also
knows which of its stacks grew most, and whether its growth belongs to one route.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from leakprobe.analysis.change import Change, StackChange, stack_changes, sums
from leakprobe.analysis.globs import selector
from leakprobe.analysis.routes import common_route, route_finder
from leakprobe.analysis.type_growth import types_of
from leakprobe.errors import BadParameter
from leakprobe.model import Diff, DiffRow, Frame, Handler, Moment, Snapshot, Stack
from leakprobe.model.live import UNTAGGED

__all__ = ["DIFF_BY", "diff_snapshots", "moment_of"]

DIFF_BY = ("line", "function", "file", "stack", "type", "route")

UNKNOWN_SITE = Frame("<unknown>", 0)

_RouteOf = Callable[[StackChange], str | None]


@dataclass(slots=True)
class _Group:
    """All that becomes one row: the stacks of one line, say, or one type."""

    type: str | None = None
    route: str | None = None
    members: list[StackChange] = field(default_factory=list)
    total: Change = field(default_factory=Change)

    @property
    def heaviest(self) -> Stack:
        """The stack that grew most, whatever the route."""
        growth = sums((member.number, member.change) for member in self.members)
        most = max(growth, key=lambda number: growth[number].weight)
        return next(member.stack for member in self.members if member.number == most)

    @property
    def order(self) -> tuple[object, ...]:
        """What grew most comes first; equals are in a fixed order."""
        stack = self.members[0].stack if self.members else Stack(())
        site, lines = _site(stack), [frame.line for frame in stack.frames]
        name = (self.type or self.route or "", site.file, site.line, site.function or "")
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
    change, where there is one: the route of the requests that allocated, where the
    tracer knows it, else the one whose handler is on the stack. By route, what belongs
    to none is one row, `UNTAGGED`. Rates are None where no time passed, no request was
    finished, or a counter went back as after a restart. Sizes by type are shallow. Standard
    errors are explained in `leakprobe.analysis.change`.

    Args:
        start: the earlier moment.
        end: the later one.
        by: one of `DIFF_BY`.
        include: globs of which one must match the file that allocated, by stack any file
            on it, by type its name (`leakprobe.analysis.globs`); none: everything.
        exclude: globs of which none may match.
        limit: at most so many rows; None: all.
        handlers: where routes are answered, to find a stack's route.

    Raises:
        BadParameter: `by` is none of them.
        NotAvailable: one of the snapshots does not hold what is compared.
    """
    if by not in DIFF_BY:
        raise BadParameter("by", by, f"must be one of {', '.join(DIFF_BY)}")
    selects = selector(include, exclude)
    stacks = [] if by == "type" else stack_changes(start, end)
    route_of = route_finder(stacks, handlers)
    if by == "type":
        groups = _groups_by_type(start, end, selects)
    else:
        groups = _groups_by_stack(stacks, selects, by, route_of)
    changed = sorted((g for g in groups if g.total.weight != (0, 0)), key=lambda g: g.order)
    shown = changed[:limit]
    span = _span(start, end)
    total = _sum(group.total for group in changed)
    return Diff(
        by=by,
        start=moment_of(start),
        end=moment_of(end),
        seconds=span.seconds,
        requests=max(0, span.requests),
        total_bytes_diff=total.bytes_diff,
        total_bytes_error=total.bytes_error,
        total_objects_diff=total.objects_diff,
        hidden_rows=len(changed) - len(shown),
        rows=tuple(_row(group, by, span, route_of) for group in shown),
    )


def moment_of(snapshot: Snapshot) -> Moment:
    """The snapshot as one end of a comparison."""
    return Moment(snapshot.id, snapshot.label, snapshot.taken_at, snapshot.uptime_s)


def _sum(changes: Iterable[Change]) -> Change:
    total = Change()
    for change in changes:
        total.add(change)
    return total


def _span(start: Snapshot, end: Snapshot) -> _Span:
    routes = start.requests.keys() | end.requests.keys()
    by_route = {r: end.requests.get(r, 0) - start.requests.get(r, 0) for r in routes}
    return _Span(
        seconds=end.uptime_s - start.uptime_s,
        requests=sum(by_route.values()),
        by_route=by_route,
        restarted=any(requests < 0 for requests in by_route.values()),
    )


def _row(group: _Group, by: str, span: _Span, route_of: _RouteOf) -> DiffRow:
    total = group.total
    stack = group.heaviest if group.members and by != "route" else None
    site = None if stack is None else _site(stack)
    one_line = by in {"line", "stack"}
    route = group.route or common_route(group.members, route_of)
    return DiffRow(
        file=site.file if site else None,
        line=site.line if site and one_line else None,
        function=site.function if site and by != "file" else None,
        stack=stack.frames if stack and one_line else None,
        type=group.type,
        route=route,
        bytes=total.bytes,
        bytes_diff=total.bytes_diff,
        bytes_error=total.bytes_error,
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
    changes: Iterable[StackChange],
    selects: Callable[[Iterable[str]], bool],
    by: str,
    route_of: _RouteOf,
) -> Iterable[_Group]:
    groups: dict[Hashable, _Group] = {}
    for member in changes:
        frames, site = member.stack.frames, _site(member.stack)
        if selects([frame.file for frame in frames] if by == "stack" else [site.file]):
            route = (route_of(member) or UNTAGGED) if by == "route" else None
            keys: dict[str, Hashable] = {
                "line": (site.file, site.line),
                "function": (site.file, site.function),
                "file": site.file,
                "stack": member.number,
                "route": route,
            }
            group = groups.setdefault(keys[by], _Group(route=route))
            group.members.append(member)
            group.total.add(member.change)
    return groups.values()


def _site(stack: Stack) -> Frame:
    return stack.frames[0] if stack.frames else UNKNOWN_SITE
