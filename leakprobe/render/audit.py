"""The table of suspected leaks: as text, as Markdown for a pull request, as data."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from leakprobe.codec import encode
from leakprobe.model.audit import AuditReport, AuditRow, AuditVerdict, AuditWay
from leakprobe.render.json import Document
from leakprobe.render.page import Page
from leakprobe.render.plain import plain
from leakprobe.render.table import Column, Row, Table
from leakprobe.render.text import page_text
from leakprobe.render.units import UNKNOWN, count_text, duration_text, source_text
from leakprobe.render.verdict import RESOURCES

__all__ = ["audit_document", "audit_markdown", "audit_text"]

VERDICTS: dict[AuditVerdict, str] = {
    "confirmed": "confirmed",
    "protected": "protected",
    "no_leak": "no leak",
    "not_proven": "not proven",
    "not_testable": "not testable here",
}
COLUMNS = (
    Column("name", "hypothesis"),
    Column("verdict", "verdict"),
    Column("mb_per_1000_iterations", "MB per 1,000 iterations"),
)
MEANINGS: tuple[tuple[AuditVerdict, str], ...] = (
    ("protected", "the suspected way leaks, and the other one does not"),
    ("not_proven", "it grows, and that may still end; more iterations would tell"),
)
WRAPPED = 92
HEADINGS = (
    "Hypothesis",
    "Verdict",
    "MB per 1,000 iterations",
    "Line",
    "Type",
    "Held by",
    "Why",
    "Note",
)


def audit_text(report: AuditReport) -> str:
    """A row for each hypothesis, with what was found below it, in at most 100 columns."""
    rows = tuple(_text_row(row) for row in report.rows)
    table = Table("", COLUMNS, rows, notes=tuple(_notes(report)))
    return page_text(Page("Audit", _headline(report), (table,)))


def audit_markdown(report: AuditReport) -> str:
    """A table as GitHub shows it, with a sentence above."""
    lines = [
        _escaped(_headline(report)),
        "",
        _line(HEADINGS),
        _line(["---", "---", "---:", *["---"] * 5]),
        *(_line([_escaped(cell) for cell in _markdown_cells(row)]) for row in report.rows),
        *(f"\n{_escaped(note)}" for note in _notes(report)),
    ]
    return "\n".join(lines) + "\n"


def audit_document(report: AuditReport) -> Document:
    """All that was measured, with how often each verdict was given."""
    counts = Counter(row.verdict for row in report.rows)
    return {**encode(report), "verdicts": {verdict: counts[verdict] for verdict in VERDICTS}}


def _headline(report: AuditReport) -> str:
    counts = Counter(row.verdict for row in report.rows)
    parts = [f"{counts[verdict]} {said}" for verdict, said in VERDICTS.items() if counts[verdict]]
    tested = count_text(len(report.rows), "hypothesis", "hypotheses")
    took = duration_text(report.seconds)
    return f"{tested} of {report.script}: {', '.join(parts)}. Measured in {took}."


def _notes(report: AuditReport) -> Iterator[str]:
    """What those verdicts mean that do not say it themselves."""
    found = {row.verdict for row in report.rows}
    yield from (f"{VERDICTS[verdict]}: {said}" for verdict, said in MEANINGS if verdict in found)


def _text_row(row: AuditRow) -> Row:
    cells = (row.name, VERDICTS[row.verdict], _both_mb(row))
    lines = [line for detail in _details(row) for line in textwrap.wrap(_one_line(detail), WRAPPED)]
    return Row(cells, tuple(lines))


def _details(row: AuditRow) -> Iterator[str]:
    yield row.reason
    found = [part for part in (_what(row), _site(row)) if part]
    if found:
        yield " allocated by ".join(found)
    if row.holder:
        yield f"held by {row.holder}"
    if row.note:
        yield row.note


def _markdown_cells(row: AuditRow) -> Sequence[str]:
    return (
        row.name,
        VERDICTS[row.verdict],
        _both_mb(row),
        _site(row) or UNKNOWN,
        _what(row) or UNKNOWN,
        row.holder or UNKNOWN,
        row.reason,
        row.note,
    )


def _what(row: AuditRow) -> str | None:
    if row.type is not None:
        return row.type
    return None if row.resource is None else RESOURCES[row.resource]


def _site(row: AuditRow) -> str | None:
    if row.site is None:
        return None
    return source_text(row.site.file, row.site.line, row.site.function)


def _both_mb(row: AuditRow) -> str:
    """Of both ways, with their names where there are two."""
    if len(row.ways) == 1:
        return _mb(row.ways[0])
    return ", ".join(f"{way.label}: {_mb(way)}" for way in row.ways)


def _mb(way: AuditWay) -> str:
    growth = way.mb_per_1000_iterations
    return UNKNOWN if growth is None else f"{round(growth, 2) or 0:,.2f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Text that neither ends a cell nor becomes markup."""
    line = _one_line(text)
    for character in "\\`*_<>[]|":
        line = line.replace(character, f"\\{character}")
    return line


def _one_line(text: str) -> str:
    return plain(" ".join(text.split()))
