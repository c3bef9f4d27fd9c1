"""A table as CSV (RFC 4180), for spreadsheets and plotting tools."""

import csv
import io

from leakprobe.render.table import Cell, Column, Estimate, Source, Table
from leakprobe.render.units import UNKNOWN, moment_text

__all__ = ["csv_bytes"]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_bytes(table: Table) -> bytes:
    """The table's columns by their keys and its rows as raw values; unknown is empty.

    A text that a spreadsheet would run as a formula gets a quote in front.
    """
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet)
    writer.writerow([column.key for column in table.columns])
    for row in table.rows:
        pairs = zip(table.columns, row.cells, strict=True)
        writer.writerow([_value(column, cell) for column, cell in pairs])
    return sheet.getvalue().encode("utf-8", "backslashreplace")


def _value(column: Column, cell: Cell) -> object:
    if isinstance(cell, Estimate):
        return cell.value
    if column.kind == "moment" and not isinstance(cell, str | Source):
        text = moment_text(cell)
        return "" if text == UNKNOWN else text
    if isinstance(cell, Source):
        place = cell.file if cell.line is None else f"{cell.file}:{cell.line}"
        return _harmless(place if cell.function is None else f"{place} {cell.function}")
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return _harmless(cell) if isinstance(cell, str) else cell


def _harmless(text: str) -> str:
    return "'" + text if text.startswith(FORMULA_STARTS) else text
