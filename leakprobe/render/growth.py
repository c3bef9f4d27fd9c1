"""What grew: by line, function, file, stack, route or type."""

from collections.abc import Sequence
from dataclasses import replace

from leakprobe.codec import JsonValue
from leakprobe.model import Diff, DiffRow, Moment, TypeRow
from leakprobe.render.json import Document, json_moment, list_document
from leakprobe.render.page import Hint, Page
from leakprobe.render.table import Cell, Column, Row, Source, Table, stack_lines
from leakprobe.render.units import (
    bytes_text,
    clock_text,
    count_text,
    duration_text,
    moment_text,
    number_text,
)

__all__ = [
    "diff_document",
    "diff_page",
    "diff_table",
    "hidden_note",
    "lines_table",
    "types_document",
    "types_page",
    "types_table",
]

DIFF_NUMBERS = (
    Column("bytes_diff", "growth", "bytes_growth"),
    Column("bytes_per_request", "per request", "bytes_growth"),
    Column("bytes_per_second", "per second", "bytes_growth"),
    Column("objects_diff", "objects", "growth"),
    Column("bytes", "live", "bytes"),
)
DIFF_ERROR = Column("bytes_error", "± error", "bytes")
DIFF_SUBJECTS = {
    "type": Column("type", "type", link="/referrers?type="),
    "route": Column("route", "route"),
}
TYPE_COLUMNS = (
    Column("objects_diff", "growth", "growth"),
    Column("objects", "objects", "number"),
    Column("owned_bytes_diff", "owned growth", "bytes_growth"),
    Column("owned_bytes", "owned", "bytes"),
    Column("bytes_diff", "shallow growth", "bytes_growth", in_text=False),
    Column("bytes", "shallow", "bytes"),
    Column("retained_bytes", "retained", "bytes"),
    DIFF_SUBJECTS["type"],
)
CALLERS_SHOWN = {"line": 3, "stack": 40}
OTHER_WAYS = {
    "line": "the growth by line of code",
    "function": "the growth by function",
    "file": "the growth by file",
    "stack": "the growth by whole stack, callers included",
    "type": "the growth by type of object",
}


def diff_page(
    diff: Diff, *, title: str = "Growth", path: str = "/diff", limit: int | None = None
) -> Page:
    """The growth between two moments.

    Args:
        diff: what grew.
        title: heading of the page.
        path: the endpoint that was asked; the two ends of a trace are not kept, so
            nothing else can be asked about them.
        limit: how many rows were asked for, for the note on hidden ones.
    """
    ends = f"&from={diff.start.id}&to={diff.end.id}"
    ways = OTHER_WAYS.items() if path == "/diff" else ()
    hints = [Hint(f"/diff?by={by}{ends}", why) for by, why in ways if by != diff.by]
    named = next((row.type for row in diff.rows if row.type), None)
    if named:
        hints.insert(0, Hint("/referrers?type=…", "who keeps objects of a type alive"))
    sections = (diff_table(diff, limit=limit),)
    return Page(title, _diff_headline(diff), sections, path=path, hints=tuple(hints))


def diff_document(diff: Diff, *, pid: int, **more: JsonValue) -> Document:
    """The growth between two moments; `more` are further fields of the document."""
    return list_document(
        pid,
        diff.rows,
        **{"from": _moment_document(diff.start), "to": _moment_document(diff.end)},
        by=diff.by,
        seconds=diff.seconds,
        requests=diff.requests,
        totals={"bytes_diff": diff.total_bytes_diff, "objects_diff": diff.total_objects_diff},
        hidden_rows=diff.hidden_rows,
        **more,
    )


def diff_table(diff: Diff, *, title: str = "", limit: int | None = None) -> Table:
    """The rows of a diff, with the total over all, also hidden ones."""
    lines = lines_table(diff.rows, by=diff.by, title=title)
    blank: dict[str, Cell] = dict.fromkeys((c.key for c in lines.columns), None)
    blank |= {"bytes_diff": diff.total_bytes_diff, "objects_diff": diff.total_objects_diff}
    count = len(diff.rows) + diff.hidden_rows
    cells = (*list(blank.values())[:-1], f"all {count_text(count, 'row')}")
    notes = hidden_note(diff.hidden_rows, limit or len(diff.rows))
    return replace(lines, total=Row(cells), notes=notes)


def lines_table(
    rows: Sequence[DiffRow], *, by: str, title: str = "", callers: int | None = None
) -> Table:
    """Rows of growth, with the sampling error where there is any.

    Where routes are known they take the place of what is told elsewhere too.

    Args:
        rows: what grew.
        by: what the rows are about.
        title: heading of the table.
        callers: at most so many lines of a stack are shown in text; None: what suits `by`.
    """
    columns = [*DIFF_NUMBERS]
    if any(row.bytes_error for row in rows):
        columns.append(DIFF_ERROR)
    if by != "route" and any(row.route for row in rows):
        columns = [
            replace(c, in_text=False) if c.key in {"bytes_per_second", "bytes"} else c
            for c in columns
        ]
        columns.append(DIFF_SUBJECTS["route"])
    cells = [[getattr(row, column.key) for column in columns] for row in rows]
    columns.append(DIFF_SUBJECTS.get(by, Column(by, "allocated by")))
    return Table(
        title,
        tuple(columns),
        tuple(
            Row((*numbers, _subject(row, by)), stack_lines((row.stack or ())[1:]))
            for numbers, row in zip(cells, rows, strict=True)
        ),
        empty="nothing grew, and nothing was freed",
        detail_lines=CALLERS_SHOWN.get(by, 0) if callers is None else callers,
    )


def types_page(
    rows: Sequence[TypeRow],
    *,
    sort: str = "growth",
    total_rows: int | None = None,
    since: Moment | None = None,
) -> Page:
    """Live objects by type.

    Args:
        rows: what is shown, in order.
        sort: what they are sorted by.
        total_rows: how many types there are; None: as many as rows.
        since: the moment that growth is counted from.
    """
    total = len(rows) if total_rows is None else total_rows
    compared = f"Growth is since {_name(since)}." if since else "There is no baseline yet."
    shown = "all" if len(rows) == total else f"the first {number_text(len(rows))}"
    headline = f"{count_text(total, 'type')} of live objects, {shown} by {sort}. {compared}"
    hints = (
        Hint("/referrers?type=…", "who keeps objects of a type alive"),
        Hint("/diff?by=type", "growth by type between two snapshots"),
    )
    sections = (types_table(rows, total_rows=total),)
    return Page("Types", headline, sections, path="/types", hints=hints)


def types_document(
    rows: Sequence[TypeRow],
    *,
    pid: int,
    sort: str = "growth",
    total_rows: int | None = None,
    since: Moment | None = None,
) -> Document:
    """Live objects by type, as data; the arguments are those of `types_page`."""
    return list_document(
        pid,
        rows,
        sort=sort,
        total_rows=len(rows) if total_rows is None else total_rows,
        since=_moment_document(since) if since else None,
    )


def types_table(
    rows: Sequence[TypeRow],
    *,
    title: str = "",
    total_rows: int | None = None,
    empty: str = "no such types",
) -> Table:
    """Types with their counts and sizes; columns that nobody knows a value of are left out."""
    known = [
        column
        for column in TYPE_COLUMNS
        if column.key == "type" or any(getattr(row, column.key) is not None for row in rows)
    ]
    hidden = (len(rows) if total_rows is None else total_rows) - len(rows)
    return Table(
        title,
        tuple(known),
        tuple(Row(tuple(getattr(row, column.key) for column in known)) for row in rows),
        notes=hidden_note(hidden, len(rows)),
        empty=empty,
    )


def hidden_note(hidden: int, limit: int) -> tuple[str, ...]:
    """The note below a table that was cut, if it was."""
    if hidden <= 0:
        return ()
    return (f"… {count_text(hidden, 'more row')}: limit={limit} cut the list",)


def _subject(row: DiffRow, by: str) -> Cell:
    if by == "type":
        return row.type
    if by == "route":
        return row.route
    if row.file is None and row.stack:
        top = row.stack[0]
        return Source(top.file, top.line, top.function)
    return None if row.file is None else Source(row.file, row.line, row.function)


def _diff_headline(diff: Diff) -> str:
    day, last_day = (moment_text(m.taken_at)[:10] for m in (diff.start, diff.end))
    clock = clock_text if day == last_day else moment_text
    return (
        f"{bytes_text(diff.total_bytes_diff, sign=True)}"
        f" and {number_text(diff.total_objects_diff, sign=True)} objects"
        f" from {_name(diff.start)} ({clock(diff.start.taken_at)})"
        f" to {_name(diff.end)} ({clock(diff.end.taken_at)}):"
        f" {duration_text(diff.seconds)}, {count_text(diff.requests, 'request')}."
    )


def _name(moment: Moment) -> str:
    return moment.label or moment.id


def _moment_document(moment: Moment) -> JsonValue:
    return {
        "id": moment.id,
        "label": moment.label,
        "taken_at": json_moment(moment.taken_at),
        "uptime_s": moment.uptime_s,
    }
