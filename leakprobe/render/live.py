"""What runs now: threads, asyncio tasks, routes."""

from collections.abc import Sequence
from dataclasses import replace

from leakprobe.model import Frame, RouteCount, TaskInfo, ThreadInfo
from leakprobe.model.growth import within_error
from leakprobe.model.live import UNTAGGED
from leakprobe.render.growth import hidden_note, untagged_note
from leakprobe.render.json import Document, list_document
from leakprobe.render.page import Hint, Page
from leakprobe.render.table import (
    Cell,
    Column,
    Estimate,
    Row,
    Source,
    Table,
    cell_text,
    estimate_notes,
    stack_lines,
)
from leakprobe.render.units import count_text, estimate_text, number_text

__all__ = [
    "routes_document",
    "routes_page",
    "routes_table",
    "tasks_document",
    "tasks_page",
    "tasks_table",
    "threads_document",
    "threads_page",
    "threads_table",
]

COUNT = Column("count", "count", "number")
NAME = Column("name", "name")
AGE = Column("age_s", "age", "duration")
STANDS_IN = Column("stack", "stands in")
THREAD_COLUMNS = (
    COUNT,
    AGE,
    Column("cpu_s", "CPU", "duration"),
    Column("daemon", "daemon"),
    Column("native_id", "id"),
    Column("ident", "ident", in_text=False),
    NAME,
    STANDS_IN,
)
TASK_COLUMNS = (
    COUNT,
    AGE,
    Column("state", "state"),
    NAME,
    Column("coroutine", "coroutine"),
    Column("stack", "waits in"),
)
ROUTE_COLUMNS = (
    Column("requests", "requests", "number"),
    Column("errors", "errors", "number"),
    Column("seconds", "time in all", "duration"),
    Column("p50_s", "half below", "duration"),
    Column("p95_s", "95 % below", "duration"),
    Column("max_s", "slowest", "duration"),
    Column("route", "route"),
)

GROWTH = Column("bytes_diff", "growth", "bytes_growth")
PER_REQUEST = Column("bytes_per_request", "per request", "bytes_growth")
MEMORY_COLUMNS = (GROWTH, PER_REQUEST, Column("live_bytes", "live", "bytes"))
MEMORY_ERRORS = {"live_bytes": "live_bytes_error", "bytes_diff": "bytes_diff_error"}
# What of the counts stands in text beside the memory.
BESIDE_MEMORY = {"requests", "p95_s", "route"}


def threads_page(rows: Sequence[ThreadInfo], *, group: bool = True) -> Page:
    """Every thread, grouped by identical stack where `group` says so."""
    count = sum(row.count for row in rows)
    grouped = f" in {count_text(len(rows), 'group')} of equal stacks" if group else ""
    daemons = sum(row.count for row in rows if row.daemon)
    headline = f"{count_text(count, 'thread')}{grouped}, {number_text(daemons)} of them daemon."
    other = (
        Hint("/threads?group=false", "each thread by itself")
        if group
        else Hint("/threads?group=true", "grouped by equal stacks")
    )
    hints = (other, Hint("/tasks", "asyncio tasks"))
    return Page("Threads", headline, (threads_table(rows),), path="/threads", hints=hints)


def threads_document(rows: Sequence[ThreadInfo], *, pid: int, group: bool = True) -> Document:
    """Every thread, as data."""
    return list_document(pid, rows, group=group, threads=sum(row.count for row in rows))


def threads_table(rows: Sequence[ThreadInfo], *, title: str = "") -> Table:
    """Threads with the line that each stands in, and its callers below."""
    return Table(
        title,
        THREAD_COLUMNS,
        tuple(
            Row(
                (
                    row.count,
                    row.age_s,
                    row.cpu_s,
                    row.daemon,
                    _identifier(row.native_id),
                    _identifier(row.ident),
                    row.name,
                    _top(row.stack),
                ),
                stack_lines(row.stack[1:]),
            )
            for row in rows
        ),
        empty="no threads",
    )


def tasks_page(rows: Sequence[TaskInfo], *, group: bool = True) -> Page:
    """Every asyncio task, grouped by coroutine where `group` says so."""
    count = sum(row.count for row in rows)
    grouped = f" of {count_text(len(rows), 'coroutine')}" if group else ""
    headline = f"{count_text(count, 'asyncio task')}{grouped}."
    other = (
        Hint("/tasks?group=false", "each task by itself")
        if group
        else Hint("/tasks?group=true", "grouped by coroutine")
    )
    hints = (other, Hint("/threads", "threads"))
    return Page("Tasks", headline, (tasks_table(rows),), path="/tasks", hints=hints)


def tasks_document(rows: Sequence[TaskInfo], *, pid: int, group: bool = True) -> Document:
    """Every asyncio task, as data."""
    return list_document(pid, rows, group=group, tasks=sum(row.count for row in rows))


def tasks_table(rows: Sequence[TaskInfo], *, title: str = "") -> Table:
    """Tasks with the line that each waits in, and the awaits that lead there below."""
    return Table(
        title,
        TASK_COLUMNS,
        tuple(
            Row(
                (row.count, row.age_s, row.state, row.name, row.coroutine, _top(row.stack)),
                stack_lines(row.stack[1:]),
            )
            for row in rows
        ),
        notes=("age: at least, since the agent first saw the task",) if rows else (),
        empty="no asyncio tasks",
    )


def routes_page(rows: Sequence[RouteCount], *, total_rows: int | None = None) -> Page:
    """Finished requests by route template, and the memory that they hold where it is known."""
    total = len(rows) if total_rows is None else total_rows
    with_memory = any(row.live_bytes is not None for row in rows)
    requests = sum(row.requests for row in rows)
    shown = "" if total == len(rows) else f" on the {number_text(len(rows))} shown"
    # Among all rows with memory, one is no route.
    routes = count_text(total - with_memory, "route")
    headline = f"{routes}, {count_text(requests, 'finished request')}{shown}."
    if with_memory:
        headline = f"{_route_growth(rows)} {headline}"
    sections = (routes_table(rows, total_rows=total),)
    hints = (Hint("/diff?by=route", "growth by route"),)
    return Page("Routes", headline, sections, path="/routes", hints=hints)


def routes_document(
    rows: Sequence[RouteCount], *, pid: int, total_rows: int | None = None
) -> Document:
    """Requests and memory by route template, as data."""
    return list_document(pid, rows, total_rows=len(rows) if total_rows is None else total_rows)


def routes_table(
    rows: Sequence[RouteCount], *, title: str = "", total_rows: int | None = None
) -> Table:
    """Routes with counts and times, in the order given; with memory where it is known."""
    memory = [c for c in MEMORY_COLUMNS if any(getattr(row, c.key) is not None for row in rows)]
    columns = (
        *memory,
        *(replace(c, in_text=not memory or c.key in BESIDE_MEMORY) for c in ROUTE_COLUMNS),
    )
    shown = tuple(
        Row(tuple(_route_cell(row, column) for column in columns), faint=_is_noise(row))
        for row in rows
    )
    return Table(
        title,
        columns,
        shown,
        notes=(
            *hidden_note((total_rows or len(rows)) - len(rows), len(rows)),
            *estimate_notes(shown),
            *untagged_note(shown),
        ),
        empty="no request has finished yet",
    )


def _route_cell(row: RouteCount, column: Column) -> Cell:
    if column.key == "route":
        return row.route
    value: float | None = getattr(row, column.key)
    if column.key in MEMORY_ERRORS:
        error: int | None = getattr(row, MEMORY_ERRORS[column.key])
        return Estimate(value, error) if error else value
    return Estimate(value) if column.key == PER_REQUEST.key and row.bytes_diff_error else value


def _is_noise(row: RouteCount) -> bool:
    return within_error(row.bytes_diff or 0, row.bytes_diff_error or 0)


def _route_growth(rows: Sequence[RouteCount]) -> str:
    """The answer in a sentence: which row, of those in the order given, grew for certain."""
    if all(row.bytes_diff is None for row in rows):
        return "There is no baseline to compare the memory of routes with."
    grown = next((row for row in rows if (row.bytes_diff or 0) > 0 and not _is_noise(row)), None)
    if grown is None:
        return "No route has grown since the baseline by more than chance explains."
    who = "What no request allocated" if grown.route == UNTAGGED else grown.route
    growth = estimate_text(grown.bytes_diff, grown.bytes_diff_error, sign=True)
    each = "" if grown.bytes_per_request is None else f" ({_each(grown)} per request)"
    return f"{who} grows most: {growth}{each} since the baseline."


def _each(row: RouteCount) -> str:
    return cell_text(PER_REQUEST, _route_cell(row, PER_REQUEST))


def _identifier(number: int | None) -> str | None:
    """An id is a name, not a quantity: no thousands separated."""
    return None if number is None else str(number)


def _top(stack: tuple[Frame, ...]) -> Cell:
    return Source(stack[0].file, stack[0].line, stack[0].function) if stack else None
