"""What holds how much: single objects, types, and the owners of sampled allocations."""

from collections.abc import Sequence

from leakprobe.codec import to_json
from leakprobe.model import HeapTotals, Owner, Price, Retained, RetainedObject, TypeCount
from leakprobe.render.growth import hidden_note
from leakprobe.render.json import Document, list_document
from leakprobe.render.page import Hint, Page
from leakprobe.render.table import (
    Cell,
    Column,
    Estimate,
    Row,
    Source,
    Table,
    caller_lines,
    estimate_notes,
    stack_lines,
)
from leakprobe.render.units import (
    bytes_text,
    count_text,
    duration_text,
    number_text,
)

__all__ = ["retained_document", "retained_page"]

RETAINED = Column("retained_bytes", "retained", "bytes")
SHALLOW = Column("bytes", "shallow", "bytes")
OBJECTS = Column("objects", "objects", "number")
TYPE = Column("type", "type", link="/referrers?type=")
HELD_BY = Column("path", "held by")
OBJECT_COLUMNS = (RETAINED, SHALLOW, OBJECTS, TYPE, Column("label", "which"), HELD_BY)
TYPE_COLUMNS = (
    RETAINED,
    Column("owned_bytes", "owned", "bytes", in_text=False),
    SHALLOW,
    OBJECTS,
    TYPE,
)
OWNER_COLUMNS = (
    Column("bytes", "live", "bytes"),
    OBJECTS,
    Column("site", "allocated by"),
    Column("route", "route", in_text=False),
    Column("path", "held by", in_text=False),
    Column("type", "belongs to", link="/referrers?type="),
)
STATES = {
    "module": "a module",
    "frame": "a running function",
    "c_held": "C code, out of Python's sight",
    "garbage": "nothing: it waits for the collector",
}
WAYS = {
    "object": "objects by what would be freed with them",
    "type": "types by what would be freed with their objects",
    "line": "lines of code, the objects that their memory belongs to, and who holds them",
}
SORTED = {
    "object": "by what would be freed with each",
    "type": "by what would be freed with all of each",
    "line": "by estimated live bytes",
}
DETAIL_LINES = 3


def retained_page(retained: Retained, *, limit: int | None = None) -> Page:
    """What holds how much, with the totals of the heap.

    Args:
        retained: what was found.
        limit: how many rows were asked for, for the note on hidden ones.
    """
    totals, table = retained.totals, _table(retained)
    rows = len(table.rows)
    shown = "all" if retained.hidden_rows == 0 else f"the first {number_text(rows)}"
    headline = (
        f"{count_text(totals.objects, 'object')} of {bytes_text(totals.bytes)}"
        f"{_counted(retained.by, rows + retained.hidden_rows)}, {shown} {SORTED[retained.by]}."
    )
    notes = (
        *hidden_note(retained.hidden_rows, limit or rows),
        *estimate_notes(table.rows),
        _totals_note(totals),
        _price_note(retained.price),
    )
    ways = [Hint(f"/retained?by={by}", why) for by, why in WAYS.items() if by != retained.by]
    hints = (*ways, Hint("/referrers?type=…", "who keeps objects of a type alive"))
    section = Table(
        "",
        table.columns,
        table.rows,
        notes=notes,
        empty=table.empty,
        detail_lines=DETAIL_LINES,
    )
    return Page("Retained", headline, (section,), path="/retained", hints=hints)


def retained_document(retained: Retained, *, pid: int) -> Document:
    """What holds how much, as data: the rows are those of what was asked for."""
    return list_document(
        pid,
        _rows(retained),
        by=retained.by,
        totals=to_json(retained.totals),
        hidden_rows=retained.hidden_rows,
        price=to_json(retained.price),
    )


def _counted(by: str, rows: int) -> str:
    if by == "type":
        return f" in {count_text(rows, 'type')}"
    if by == "line":
        return f"; {count_text(rows, 'line')} with owners of sampled memory"
    return ""


def _rows(retained: Retained) -> Sequence[RetainedObject | TypeCount | Owner]:
    if retained.by == "object":
        return retained.objects
    return retained.types if retained.by == "type" else retained.owners


def _table(retained: Retained) -> Table:
    if retained.by == "object":
        return Table("", OBJECT_COLUMNS, tuple(map(_object_row, retained.objects)))
    if retained.by == "type":
        return Table("", TYPE_COLUMNS, tuple(map(_type_row, retained.types)))
    return Table(
        "", OWNER_COLUMNS, tuple(map(_owner_row, retained.owners)), empty="no samples are live"
    )


def _object_row(found: RetainedObject) -> Row:
    way = _held_by(found)
    sizes = (found.retained_bytes, found.bytes, found.objects)
    return Row((*sizes, found.type, found.label or None, way))


def _held_by(found: RetainedObject) -> str:
    if found.path is not None:
        return found.path.text
    return STATES.get(found.state, found.state)


def _type_row(count: TypeCount) -> Row:
    return Row((count.retained_bytes, count.owned_bytes, count.bytes, count.objects, count.type))


def _owner_row(owner: Owner) -> Row:
    site: Cell = None
    if owner.site is not None:
        site = Source(owner.site.file, owner.site.line, owner.site.function)
    path = None if owner.path is None else owner.path.text
    live, objects = Estimate(owner.bytes, owner.bytes_error), Estimate(owner.objects)
    cells = (live, objects, site, owner.route, path, owner.type)
    held = f"held by {path}" if path is not None else _not_held(owner)
    route = () if owner.route is None else (f"for {owner.route}",)
    known = (held, *route)
    callers = caller_lines(owner.stack)
    return Row(cells, (*known, *stack_lines(owner.stack[1:])), brief=(*known, *callers))


def _not_held(owner: Owner) -> str:
    if owner.type is None:
        return "no object was found for this memory: C code has it"
    return "no way from a root was found: C code holds it, or it waits for the collector"


def _totals_note(totals: HeapTotals) -> str:
    def part(objects: int, size: int) -> str:
        return f"{count_text(objects, 'object')}, {bytes_text(size)}"

    return (
        f"Held by C code alone: {part(totals.c_held_objects, totals.c_held_bytes)}. "
        f"Garbage that waits for the collector: "
        f"{part(totals.garbage_objects, totals.garbage_bytes)}. "
        f"Not counted, leakprobe's own: {part(totals.own_objects, totals.own_bytes)}."
    )


def _price_note(price: Price) -> str:
    return (
        f"The application was held for {duration_text(price.pause_ms / 1000)}; a copy of the "
        f"process worked for {duration_text(price.child_cpu_ms / 1000)} and took up to "
        f"{bytes_text(price.child_peak_rss_bytes)}, most of it shared."
    )
