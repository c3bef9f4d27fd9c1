"""What is kept of the past: snapshots, and the gauges over time."""

import math
from collections.abc import Sequence
from dataclasses import replace

from leakprobe.codec import JsonValue, to_json
from leakprobe.model import Container, LiveStack, Snapshot, Stack, TypeCount
from leakprobe.render.growth import hidden_note
from leakprobe.render.json import Document, document, json_moment, list_document
from leakprobe.render.page import Action, Chart, Fact, Facts, Hint, Page, Section
from leakprobe.render.table import (
    Cell,
    Column,
    Estimate,
    Row,
    Source,
    Table,
    estimate_notes,
    stack_lines,
)
from leakprobe.render.units import (
    ESTIMATED,
    bytes_text,
    count_text,
    duration_text,
    moment_text,
    number_text,
)

__all__ = [
    "gauge_chart",
    "history_document",
    "history_page",
    "history_table",
    "snapshot_document",
    "snapshot_page",
    "snapshots_document",
    "snapshots_page",
    "snapshots_table",
]

SAMPLED = "sampled"  # the tracer whose sizes are estimates
TAKEN_AT = Column("taken_at", "taken at", "moment")
UPTIME = Column("uptime_s", "uptime", "duration")
REQUESTS = Column("requests", "requests", "number")
SNAPSHOT_COLUMNS = (
    TAKEN_AT,
    UPTIME,
    REQUESTS,
    Column("rss_bytes", "RSS", "bytes"),
    Column("stacks", "stacks"),
    Column("types", "types"),
    Column("pause_ms", "pause", "milliseconds"),
    Column("label", "label"),
    Column("id", "id", link="/snapshots/"),
)
STACK_COLUMNS = (
    Column("bytes", "live", "bytes"),
    Column("objects", "objects", "number"),
    Column("route", "route"),
    Column("stack", "allocated by"),
)
TYPE_COLUMNS = (
    Column("objects", "objects", "number"),
    Column("owned_bytes", "owned", "bytes"),
    Column("bytes", "shallow", "bytes"),
    Column("retained_bytes", "retained", "bytes"),
    Column("type", "type", link="/referrers?type="),
)
CONTAINER_COLUMNS = (
    Column("length", "entries", "number"),
    Column("weak", "weak"),
    Column("type", "type", link="/referrers?type="),
)
HISTORY_COLUMNS = (
    TAKEN_AT,
    UPTIME,
    REQUESTS,
    Column("rss_bytes", "RSS", "bytes"),
    Column("vms_bytes", "virtual", "bytes", in_text=False),
    Column("traced_bytes", "traced", "bytes"),
    Column("python_blocks", "blocks", "number"),
    Column("cpu_s", "CPU", "duration"),
    Column("threads", "threads", "number"),
    Column("fds", "fds", "number"),
    Column("children", "children", "number", in_text=False),
    Column("gc_collections", "collections", "number", in_text=False),
    Column("gc_uncollectable", "uncollectable", "number", in_text=False),
    Column("memory_limit_bytes", "limit", "bytes", in_text=False),
    Column("memory_available_bytes", "available", "bytes", in_text=False),
)


def snapshots_page(rows: Sequence[Snapshot], *, total_rows: int | None = None) -> Page:
    """What snapshots there are, in the order given."""
    total = len(rows) if total_rows is None else total_rows
    headline = f"{count_text(total, 'snapshot')} kept."
    hints = (
        Hint("/diff?from=ID&to=ID", "growth between two of them"),
        Hint("/snapshots?label=NAME", "take one now", "POST"),
        Hint("/baseline", "mark now as the baseline", "POST"),
    )
    return Page(
        "Snapshots",
        headline,
        (snapshots_table(rows, total_rows=total),),
        path="/snapshots",
        hints=hints,
        actions=(Action("/snapshots", "Take a snapshot"), Action("/baseline", "Mark a baseline")),
    )


def snapshots_document(
    rows: Sequence[Snapshot], *, pid: int, total_rows: int | None = None
) -> Document:
    """What snapshots there are, as data: a summary of each."""
    total = len(rows) if total_rows is None else total_rows
    return list_document(pid, [_summary(row) for row in rows], total_rows=total)


def snapshots_table(
    rows: Sequence[Snapshot], *, title: str = "", total_rows: int | None = None
) -> Table:
    """Snapshots with what each holds."""
    return Table(
        title,
        SNAPSHOT_COLUMNS,
        tuple(
            Row(
                (
                    row.taken_at,
                    row.uptime_s,
                    sum(row.requests.values()),
                    row.gauges.rss_bytes,
                    row.stacks is not None,
                    row.types is not None,
                    row.price.pause_ms,
                    row.label,
                    row.id,
                )
            )
            for row in rows
        ),
        notes=hidden_note((total_rows or len(rows)) - len(rows), len(rows)),
        empty="no snapshots yet",
    )


def snapshot_page(snapshot: Snapshot, *, limit: int = 50) -> Page:
    """One snapshot: its gauges and the heaviest of its stacks, types and containers.

    Args:
        snapshot: what is shown.
        limit: at most so many of each.
    """
    label = f" {snapshot.label!r}" if snapshot.label is not None else ""
    headline = (
        f"Snapshot {snapshot.id}{label}, taken at {moment_text(snapshot.taken_at)} after"
        f" {duration_text(snapshot.uptime_s)} and"
        f" {count_text(sum(snapshot.requests.values()), 'request')}: RSS"
        f" {bytes_text(snapshot.gauges.rss_bytes)}, allocations {_recorded(snapshot.tracer)}."
    )
    sections: list[Section] = [_gauge_facts(snapshot)]
    if snapshot.stacks is not None:
        sections.append(_stacks_table(snapshot.stacks, limit))
    if snapshot.types is not None:
        sections.append(_types_table(snapshot.types, limit))
    if snapshot.containers is not None:
        sections.append(_containers_table(snapshot.containers, limit))
    hints = (Hint(f"/diff?from={snapshot.id}", "what grew since then"),)
    return Page(f"Snapshot {snapshot.id}", headline, tuple(sections), "/snapshots", hints)


def snapshot_document(snapshot: Snapshot, *, pid: int) -> Document:
    """One whole snapshot, as data, but for addresses, which are nobody's business."""
    return document(
        pid,
        **_summary(snapshot),
        requests_by_route=to_json(snapshot.requests),
        gauges=to_json(snapshot.gauges),
        tracer=snapshot.tracer,
        price=to_json(snapshot.price),
        stacks=to_json(snapshot.stacks),
        types=to_json(snapshot.types),
        containers=_without_addresses(snapshot.containers),
    )


def history_page(points: Sequence[Snapshot]) -> Page:
    """Every gauge over time, oldest first."""
    span_s = points[-1].taken_at - points[0].taken_at if points else 0
    headline = f"{count_text(len(points), 'moment')} over {duration_text(span_s)}."
    sections = (gauge_chart(points), history_table(points)) if points else (history_table(points),)
    hints = (
        Hint("/history?format=csv", "the same as CSV, all columns"),
        Hint("/history?since=10m", "the last ten minutes"),
    )
    return Page("History", headline, sections, path="/history", hints=hints)


def history_document(points: Sequence[Snapshot], *, pid: int) -> Document:
    """Every gauge over time, as data."""
    return list_document(
        pid,
        [
            {
                "taken_at": json_moment(point.taken_at),
                "uptime_s": point.uptime_s,
                "requests": sum(point.requests.values()),
                **{column.key: getattr(point.gauges, column.key) for column in HISTORY_COLUMNS[3:]},
            }
            for point in points
        ],
    )


def history_table(points: Sequence[Snapshot], *, title: str = "") -> Table:
    """The gauges of each moment, a row for each."""
    return Table(
        title,
        HISTORY_COLUMNS,
        tuple(
            Row(
                (
                    point.taken_at,
                    point.uptime_s,
                    sum(point.requests.values()),
                    *(getattr(point.gauges, column.key) for column in HISTORY_COLUMNS[3:]),
                )
            )
            for point in points
        ),
        empty="nothing is kept yet",
        subject=0,
    )


def gauge_chart(points: Sequence[Snapshot], *, title: str = "RSS") -> Chart:
    """The resident set size over time."""
    return Chart(title, tuple((p.taken_at, float(p.gauges.rss_bytes)) for p in points))


def _summary(snapshot: Snapshot) -> Document:
    return {
        "id": snapshot.id,
        "label": snapshot.label,
        "taken_at": json_moment(snapshot.taken_at),
        "uptime_s": snapshot.uptime_s,
        "requests": sum(snapshot.requests.values()),
        "rss_bytes": snapshot.gauges.rss_bytes,
        "has_stacks": snapshot.stacks is not None,
        "has_types": snapshot.types is not None,
        "pause_ms": snapshot.price.pause_ms,
    }


def _gauge_facts(snapshot: Snapshot) -> Facts:
    gauges = snapshot.gauges
    facts = [
        Fact("RSS", bytes_text(gauges.rss_bytes), f"limit {bytes_text(gauges.memory_limit_bytes)}"),
        Fact("traced", _traced(snapshot), f"{number_text(gauges.python_blocks)} blocks"),
        Fact("threads", number_text(gauges.threads), f"{number_text(gauges.fds)} descriptors"),
        Fact("CPU", duration_text(gauges.cpu_s), f"{number_text(gauges.children)} children"),
        Fact("pause", duration_text(snapshot.price.pause_ms / 1000), "for taking it"),
    ]
    return Facts("", tuple(facts))


def _traced(snapshot: Snapshot) -> str:
    size, sampled = snapshot.gauges.traced_bytes, snapshot.tracer == SAMPLED
    return f"{ESTIMATED} {bytes_text(size)}" if sampled and size is not None else bytes_text(size)


def _recorded(tracer: str) -> str:
    return SAMPLED if tracer == SAMPLED else f"by {tracer}"


def _stacks_table(stacks: Sequence[LiveStack], limit: int) -> Table:
    together = _of_any_age(stacks)
    heaviest = sorted(together, key=lambda live: live.bytes, reverse=True)[:limit]
    known = [c for c in STACK_COLUMNS if c.key != "route" or any(s.route for s in stacks)]
    rows = tuple(
        Row(
            tuple(_stack_cell(live, column) for column in known), stack_lines(live.stack.frames[1:])
        )
        for live in heaviest
    )
    return Table(
        "Live memory by stack",
        tuple(known),
        rows,
        notes=(*hidden_note(len(together) - len(heaviest), limit), *estimate_notes(rows)),
        detail_lines=3,
    )


def _of_any_age(stacks: Sequence[LiveStack]) -> Sequence[LiveStack]:
    """One row for each stack and route, however many ages there are."""
    groups: dict[tuple[Stack, str | None], list[LiveStack]] = {}
    for live in stacks:
        groups.setdefault((live.stack, live.route), []).append(live)
    return [
        replace(
            rows[0],
            bytes=sum(live.bytes for live in rows),
            objects=sum(live.objects for live in rows),
            bytes_error=round(math.sqrt(sum(live.bytes_error**2 for live in rows))),
        )
        for rows in groups.values()
    ]


def _stack_cell(live: LiveStack, column: Column) -> Cell:
    if column.key == "stack":
        top = next(iter(live.stack.frames), None)
        return None if top is None else Source(top.file, top.line, top.function)
    if column.key == "route" or not live.bytes_error:
        value: Cell = getattr(live, column.key)
        return value
    return (
        Estimate(live.bytes, live.bytes_error) if column.key == "bytes" else Estimate(live.objects)
    )


def _types_table(types: Sequence[TypeCount], limit: int) -> Table:
    heaviest = sorted(types, key=lambda count: count.owned_bytes, reverse=True)[:limit]
    known = [
        column
        for column in TYPE_COLUMNS
        if column.key != "retained_bytes" or any(c.retained_bytes is not None for c in heaviest)
    ]
    return Table(
        "Live objects by type",
        tuple(known),
        tuple(Row(tuple(getattr(count, column.key) for column in known)) for count in heaviest),
        notes=hidden_note(len(types) - len(heaviest), limit),
    )


def _containers_table(containers: Sequence[Container], limit: int) -> Table:
    longest = sorted(containers, key=lambda container: container.length, reverse=True)[:limit]
    return Table(
        "Longest containers",
        CONTAINER_COLUMNS,
        tuple(Row((each.length, each.weak, each.type)) for each in longest),
        notes=hidden_note(len(containers) - len(longest), limit),
        empty="none is long",
    )


def _without_addresses(containers: Sequence[Container] | None) -> JsonValue:
    if containers is None:
        return None
    return [{"type": each.type, "length": each.length, "weak": each.weak} for each in containers]
