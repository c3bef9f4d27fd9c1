"""Pages for a terminal: at most 100 columns, the answer first."""

import textwrap
from collections.abc import Iterator, Sequence

from leakprobe.render.chart import finite, sparkline
from leakprobe.render.page import Chart, Facts, Hint, Page, Picture, Section
from leakprobe.render.plain import columns_of, fit, plain
from leakprobe.render.table import Cell, Column, Row, Table, cell_text, fit_cell
from leakprobe.render.units import UNKNOWN

__all__ = ["WIDTH", "page_text", "text_bytes"]

WIDTH = 100

GAP = "  "
LEAST_FLEXIBLE = 8
DETAIL_INDENT = " " * 6
SPARKLINE_COLUMNS = 60
LONGEST_REQUEST = 48


def text_bytes(page: Page, *, base: str = "") -> bytes:
    """The page as UTF-8 text."""
    return page_text(page, base=base).encode("utf-8", "backslashreplace")


def page_text(page: Page, *, base: str = "") -> str:
    """The page as lines of at most `WIDTH` terminal columns, free of control characters.

    Args:
        page: what to show.
        base: path of the endpoints, for the hints.
    """
    blocks = [_wrapped(page.headline), *map(_section, page.sections), _hints(page.hints, base)]
    return "\n\n".join("\n".join(map(_line, block)) for block in blocks if block) + "\n"


def _line(text: str) -> str:
    """The last guard: whatever a block made of its data, a line is a line and not too long."""
    return fit(plain(text).rstrip(), WIDTH)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(plain(text), WIDTH, subsequent_indent=indent, break_on_hyphens=False)


def _section(section: Section) -> list[str]:
    if isinstance(section, Picture):
        return []
    if isinstance(section, Table):
        lines = list(_table(section))
    elif isinstance(section, Facts):
        lines = _facts(section)
    elif isinstance(section, Chart):
        lines = _chart(section)
    else:
        lines = list(section.lines)
    return [section.title, *lines] if section.title else lines


def _facts(section: Facts) -> list[str]:
    labels = max((columns_of(plain(fact.label)) for fact in section.facts), default=0)
    return [
        line
        for fact in section.facts
        for line in _wrapped(
            f"{_padded(plain(fact.label), min(labels, WIDTH // 3))}{GAP}{fact.value}"
            + (f" ({fact.detail})" if fact.detail else ""),
            " " * (min(labels, WIDTH // 3) + len(GAP)),
        )
    ]


def _chart(section: Chart) -> list[str]:
    values = [value for _, value in finite(section.points)]
    if not values:
        return [UNKNOWN]
    column = Column("", "", section.kind)
    least, most = cell_text(column, min(values)), cell_text(column, max(values))
    return [f"{sparkline(section.points, SPARKLINE_COLUMNS)}{GAP}{least} to {most}"]


def _hints(hints: Sequence[Hint], base: str) -> list[str]:
    if not hints:
        return []
    lines, widest = ["Next"], max(columns_of(_request(hint, base)) for hint in hints)
    for hint in hints:
        request = GAP + _padded(_request(hint, base), min(widest, LONGEST_REQUEST)) + GAP
        if columns_of(request) + columns_of(hint.meaning) <= WIDTH:
            lines.append(request + hint.meaning)
        else:
            lines += [request, DETAIL_INDENT + hint.meaning]
    return lines


def _request(hint: Hint, base: str) -> str:
    return plain(f"{hint.method} {base}{hint.path}")


def _table(table: Table) -> Iterator[str]:
    shown = [at for at, column in enumerate(table.columns) if column.in_text]
    columns = [table.columns[at] for at in shown]
    rows = [*table.rows, *([table.total] if table.total else [])]
    widths = _widths(columns, [[row.cells[at] for at in shown] for row in rows])
    if table.rows:
        yield _joined(columns, [column.title for column in columns], widths)
    else:
        yield table.empty
    for row in rows if table.rows else ():
        cells = [
            fit_cell(column, row.cells[at], width)
            for column, at, width in zip(columns, shown, widths, strict=True)
        ]
        yield _joined(columns, cells, widths)
        yield from _detail(row, table.detail_lines)
    for note in table.notes:
        yield from _wrapped(note)


def _detail(row: Row, most: int) -> Iterator[str]:
    lines = row.detail if row.brief is None else row.brief
    for line in lines[:most]:
        yield DETAIL_INDENT + fit(plain(line), WIDTH - len(DETAIL_INDENT), "both")
    hidden = len(lines) - most
    if most and hidden > 0:
        yield f"{DETAIL_INDENT}… {hidden} more"


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[int]:
    """How wide each column is: as wide as it needs, the widest texts cut until all fit."""
    widths = [
        min(
            max([columns_of(column.title), *(columns_of(cell_text(column, c)) for c in cells)]),
            WIDTH,
        )
        for column, cells in zip(
            columns, zip(*rows, strict=True) if rows else [()] * len(columns), strict=True
        )
    ]
    flexible = [at for at, column in enumerate(columns) if not column.is_number]
    while sum(widths) + len(GAP) * (len(widths) - 1) > WIDTH:
        widest = max(flexible, key=lambda at: widths[at], default=None)
        if widest is None or widths[widest] <= LEAST_FLEXIBLE:
            break
        widths[widest] -= 1
    return widths


def _joined(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(
        _padded(cell, width, right=column.is_number)
        for column, cell, width in zip(columns, cells, widths, strict=True)
    )


def _padded(text: str, columns: int, *, right: bool = False) -> str:
    space = " " * (columns - columns_of(text))
    return space + text if right else text + space
