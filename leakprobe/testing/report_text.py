"""A report between two snapshots as people read it."""

from collections.abc import Sequence
from dataclasses import dataclass

from leakprobe.render.page import Fact, Facts, Lines, Page, Section
from leakprobe.render.table import Column, Row, Table
from leakprobe.render.text import page_text
from leakprobe.render.units import decimal_text, duration_text, number_text
from leakprobe.testing.allocations import worth_showing
from leakprobe.testing.severity import Severity
from leakprobe.testing.snapshot import MemorySnapshot

__all__ = ["Growth", "ReportText", "report_text"]

ROWS = 10
TRACING_OFF = "tracemalloc was off: start it before the work to see which lines allocate most"


@dataclass(frozen=True, slots=True)
class Growth:
    """Something of which there is more: a type, a file, a kind of descriptor."""

    name: str
    before: int
    now: int

    @property
    def growth(self) -> int:
        """How many more."""
        return self.now - self.before


@dataclass(frozen=True, slots=True)
class ReportText:
    """What a report says.

    Attributes:
        start: the snapshot before.
        end: the snapshot after.
        memory_growth_bytes: of memory in use.
        severity: of the growth of memory.
        has_leak: whether anything grew that should not.
        types: those that grew.
        handles: descriptors that grew.
    """

    start: MemorySnapshot
    end: MemorySnapshot
    memory_growth_bytes: int
    severity: Severity
    has_leak: bool
    types: tuple[Growth, ...]
    handles: tuple[Growth, ...]


def report_text(report: ReportText) -> str:
    """Lines of at most 100 columns, the answer first."""
    sections: list[Section] = [_facts(report)]
    if report.handles:
        sections.append(_table("Growing files and handles", "what", report.handles))
    if report.types:
        sections.append(_table("Growing types", "type", report.types))
    sections.append(_lines(report.end))
    return page_text(Page("Memory", _headline(report), tuple(sections)))


def _headline(report: ReportText) -> str:
    grown = decimal_text(report.memory_growth_bytes, sign=True)
    names = [snapshot.label for snapshot in (report.start, report.end)]
    between = f" from {names[0]} to {names[1]}" if all(names) else ""
    found = "leak" if report.has_leak else "no leak"
    return f"{report.severity}: memory {grown}{between}; {found}"


def _facts(report: ReportText) -> Facts:
    start, end = report.start, report.end
    facts = [
        _size("memory in use", end.memory_bytes, report.memory_growth_bytes),
        _size("resident set", end.rss_bytes, end.rss_bytes - start.rss_bytes),
        _size("virtual memory", end.vms_bytes, end.vms_bytes - start.vms_bytes),
        _count("open files", start.open_files, end.open_files),
        _count("file descriptors", start.fds, end.fds),
        _count("threads", start.threads, end.threads),
        Fact("CPU time", duration_text(end.cpu_s - start.cpu_s), _within(start, end)),
    ]
    return Facts("", tuple(facts))


def _size(label: str, now: int, growth: int) -> Fact:
    return Fact(label, decimal_text(now), decimal_text(growth, sign=True))


def _count(label: str, before: int | None, now: int | None) -> Fact:
    growth = None if before is None or now is None else now - before
    return Fact(label, number_text(now), number_text(growth, sign=True))


def _within(start: MemorySnapshot, end: MemorySnapshot) -> str:
    return f"within {duration_text(end.taken_at - start.taken_at)}"


def _table(title: str, name: str, rows: Sequence[Growth]) -> Table:
    columns = (
        Column("growth", "growth", "growth"),
        Column("now", "now", "number"),
        Column("name", name),
    )
    hidden = len(rows) - ROWS
    return Table(
        title,
        columns,
        tuple(Row((one.growth, one.now, one.name)) for one in rows[:ROWS]),
        notes=(f"and {number_text(hidden)} more",) if hidden > 0 else (),
    )


def _lines(end: MemorySnapshot) -> Lines:
    rows = worth_showing(end.top_allocations[:ROWS])
    if not end.traced:
        return Lines("", (TRACING_OFF,))
    return Lines("Lines that allocated most of what lives", tuple(f"  {row}" for row in rows))
