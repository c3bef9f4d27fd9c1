"""What grew: by line, function, file, stack, route or type."""

from collections.abc import Sequence
from dataclasses import replace

from leakprobe.codec import JsonValue
from leakprobe.model import Diff, DiffRow, Moment, TypeRow
from leakprobe.model.growth import within_error
from leakprobe.model.live import UNTAGGED
from leakprobe.render.json import Document, json_moment, list_document
from leakprobe.render.page import Hint, Page
from leakprobe.render.table import (
    Cell,
    Column,
    Estimate,
    Row,
    Source,
    Table,
    caller_lines,
    cell_text,
    estimate_notes,
    stack_lines,
)
from leakprobe.render.units import (
    clock_text,
    count_text,
    duration_text,
    estimate_text,
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
    "untagged_note",
]

DIFF_NUMBERS = (
    Column("bytes_diff", "growth", "bytes_growth"),
    Column("bytes_per_request", "per request", "bytes_growth"),
    Column("bytes_per_second", "per second", "bytes_growth"),
    Column("objects_diff", "objects", "growth"),
    Column("bytes", "live", "bytes"),
)
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
LINES_SHOWN = {"line": 1, "stack": 40}
OTHER_WAYS = {
    "line": "the growth by line of code",
    "function": "the growth by function",
    "file": "the growth by file",
    "stack": "the growth by whole stack, callers included",
    "type": "the growth by type of object",
    "route": "the growth by route of the allocating requests",
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
        totals={
            "bytes_diff": diff.total_bytes_diff,
            "bytes_error": diff.total_bytes_error,
            "objects_diff": diff.total_objects_diff,
        },
        hidden_rows=diff.hidden_rows,
        **more,
    )


def diff_table(diff: Diff, *, title: str = "", limit: int | None = None) -> Table:
    """The rows of a diff, with the total over all, also hidden ones."""
    lines = lines_table(diff.rows, by=diff.by, title=title)
    totals: dict[str, Cell] = dict.fromkeys((c.key for c in lines.columns), None)
    totals |= {
        "bytes_diff": _estimate(diff.total_bytes_diff, diff.total_bytes_error),
        "objects_diff": _derived(diff.total_objects_diff, diff.total_bytes_error),
    }
    count = len(diff.rows) + diff.hidden_rows
    cells = (*list(totals.values())[:-1], f"all {count_text(count, 'row')}")
    total = Row(cells, faint=within_error(diff.total_bytes_diff, diff.total_bytes_error))
    notes = (
        *hidden_note(diff.hidden_rows, limit or len(diff.rows)),
        *_lines_notes(diff.by, (*lines.rows, total)),
    )
    return replace(lines, total=total, notes=notes)


def lines_table(rows: Sequence[DiffRow], *, by: str, title: str = "") -> Table:
    """Rows of growth, with the sampling error where there is any.

    Where routes are known they take the place of what is told elsewhere too; so does the
    error. Rows that may be chance are faint. Of the stack of a line in a library, text shows
    the line of the application that it was called from.

    Args:
        rows: what grew.
        by: what the rows are about.
        title: heading of the table.
    """
    columns, told_elsewhere = [*DIFF_NUMBERS], set[str]()
    if any(row.bytes_error for row in rows):
        told_elsewhere |= {"bytes_per_second"}
    if by != "route" and any(row.route for row in rows):
        columns.append(DIFF_SUBJECTS["route"])
        told_elsewhere |= {"bytes_per_second", "bytes"}
    columns = [replace(c, in_text=False) if c.key in told_elsewhere else c for c in columns]
    cells = [[_diff_cell(row, column) for column in columns] for row in rows]
    columns.append(DIFF_SUBJECTS.get(by, Column(by, "allocated by")))
    shown = tuple(
        Row(
            (*numbers, _subject(row, by)),
            stack_lines((row.stack or ())[1:]),
            faint=within_error(row.bytes_diff, row.bytes_error),
            brief=caller_lines(row.stack or ()) if by == "line" else None,
        )
        for numbers, row in zip(cells, rows, strict=True)
    )
    return Table(
        title,
        tuple(columns),
        shown,
        notes=_lines_notes(by, shown),
        empty="nothing grew, and nothing was freed",
        detail_lines=LINES_SHOWN.get(by, 0),
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
        Hint("/retained?by=object", "what would be freed if one object went"),
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


def untagged_note(rows: Sequence[Row]) -> tuple[str, ...]:
    """The note that explains the row of no route, where there is one."""
    if not any(row.cells[-1] == UNTAGGED for row in rows):
        return ()
    return (f"{UNTAGGED}: allocated by no request, or not known by which",)


def _lines_notes(by: str, rows: Sequence[Row]) -> tuple[str, ...]:
    return (*estimate_notes(rows), *(untagged_note(rows) if by == "route" else ()))


def _diff_cell(row: DiffRow, column: Column) -> Cell:
    if column.key == "bytes_diff":
        return _estimate(row.bytes_diff, row.bytes_error)
    if not column.is_number:
        return row.route
    value: float | None = getattr(row, column.key)
    return _derived(value, row.bytes_error)


def _estimate(size: int, error: int) -> Cell:
    return Estimate(size, error) if error else size


def _derived(value: float | None, error: int) -> Cell:
    """A number that is estimated where the growth is."""
    return Estimate(value) if error else value


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
    objects = _derived(diff.total_objects_diff, diff.total_bytes_error)
    return (
        f"{estimate_text(diff.total_bytes_diff, diff.total_bytes_error, sign=True)}"
        f" and {cell_text(Column('', '', 'growth'), objects)} objects"
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
