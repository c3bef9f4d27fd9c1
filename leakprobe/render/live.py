"""What runs now: threads, asyncio tasks, routes."""

from collections.abc import Sequence

from leakprobe.model import Frame, RouteCount, TaskInfo, ThreadInfo
from leakprobe.render.growth import hidden_note
from leakprobe.render.json import Document, list_document
from leakprobe.render.page import Hint, Page
from leakprobe.render.table import Cell, Column, Row, Source, Table, stack_lines
from leakprobe.render.units import count_text, number_text

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
    """Finished requests by route template."""
    total = len(rows) if total_rows is None else total_rows
    requests = sum(row.requests for row in rows)
    shown = "" if total == len(rows) else f" on the {number_text(len(rows))} shown"
    headline = f"{count_text(total, 'route')}, {count_text(requests, 'finished request')}{shown}."
    sections = (routes_table(rows, total_rows=total),)
    hints = (Hint("/diff?by=route", "growth by route"),)
    return Page("Routes", headline, sections, path="/routes", hints=hints)


def routes_document(
    rows: Sequence[RouteCount], *, pid: int, total_rows: int | None = None
) -> Document:
    """Finished requests by route template, as data."""
    return list_document(pid, rows, total_rows=len(rows) if total_rows is None else total_rows)


def routes_table(
    rows: Sequence[RouteCount], *, title: str = "", total_rows: int | None = None
) -> Table:
    """Routes with counts and times, in the order given."""
    return Table(
        title,
        ROUTE_COLUMNS,
        tuple(Row(tuple(getattr(row, column.key) for column in ROUTE_COLUMNS)) for row in rows),
        notes=hidden_note((total_rows or len(rows)) - len(rows), len(rows)),
        empty="no request has finished yet",
    )


def _identifier(number: int | None) -> str | None:
    """An id is a name, not a quantity: no thousands separated."""
    return None if number is None else str(number)


def _top(stack: tuple[Frame, ...]) -> Cell:
    return Source(stack[0].file, stack[0].line, stack[0].function) if stack else None
