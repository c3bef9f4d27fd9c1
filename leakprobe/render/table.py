"""The one table that text, HTML and CSV print.

A cell holds the raw value; its column says what kind of value that is, and the kind
says how people read it. So a size is 67328409 in CSV and 64.2 MiB everywhere else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal
from urllib.parse import quote

from leakprobe.model import Frame
from leakprobe.model.application import is_library
from leakprobe.model.growth import within_error
from leakprobe.render.plain import columns_of, fit, plain
from leakprobe.render.units import (
    ESTIMATED,
    UNKNOWN,
    bytes_text,
    duration_text,
    estimate_text,
    moment_text,
    number_text,
    share_text,
    short_path,
    source_text,
)

__all__ = [
    "Cell",
    "Column",
    "Estimate",
    "Kind",
    "Row",
    "Source",
    "Table",
    "caller_lines",
    "cell_text",
    "estimate_notes",
    "fit_cell",
    "link_of",
    "stack_lines",
]

Kind = Literal[
    "text",
    "number",
    "growth",
    "bytes",
    "bytes_growth",
    "duration",
    "milliseconds",
    "share",
    "moment",
]

LONGEST_LINKED_NAME = 500


@dataclass(frozen=True, slots=True)
class Source:
    """A place in the code; `line` and `function` are None where the row is about more."""

    file: str
    line: int | None = None
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number that rests on samples.

    Attributes:
        value: the estimate.
        error: its standard error in bytes; None where another column says how sure it is.
    """

    value: float | None
    error: float | None = None

    @property
    def is_noise(self) -> bool:
        """Whether it is so small beside its error that it may be chance."""
        return (
            self.value is not None
            and self.error is not None
            and within_error(self.value, self.error)
        )


Cell = None | bool | int | float | str | Source | Estimate


@dataclass(frozen=True, slots=True)
class Column:
    """What stands in one column.

    Attributes:
        key: the column's name in CSV, as in JSON.
        title: its heading for people.
        kind: what its values are.
        link: where a value leads, as a path below the endpoints to which the quoted
            value is appended; empty: nowhere.
        in_text: whether the text form, which has 100 columns, shows it too.
    """

    key: str
    title: str
    kind: Kind = "text"
    link: str = ""
    in_text: bool = True

    @property
    def is_number(self) -> bool:
        """Whether the values are compared digit by digit, so stand at the right."""
        return self.kind in NUMBERS

    @property
    def is_growth(self) -> bool:
        """Whether the values are changes, with a sign."""
        return self.kind in GROWTHS


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a cell for each column, and lines that explain it (a stack), innermost first.

    `faint` rows are shown quieter: what they say may be chance. `brief` takes the place of
    the detail in text, where there is no room to unfold it; None: nothing does.
    """

    cells: tuple[Cell, ...]
    detail: tuple[str, ...] = ()
    faint: bool = False
    brief: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns.

    Attributes:
        title: heading; empty where the page's own says it all.
        total: a last row that covers all rows, also hidden ones.
        notes: sentences below the table: what is hidden, what is estimated.
        empty: what to say where there are no rows.
        subject: place of the column that says what a row is about.
        detail_lines: so many lines of a row's detail are shown in text.
    """

    shape: ClassVar[str] = "table"

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: Row | None = None
    notes: tuple[str, ...] = ()
    empty: str = "nothing"
    subject: Literal[0, -1] = -1
    detail_lines: int = 12


def _growth_of_bytes(n: float | None) -> str:
    return bytes_text(n, sign=True)


def _milliseconds(n: float | None) -> str:
    return duration_text(None if n is None else n / 1000)


def _growth(n: float | None) -> str:
    return number_text(n, sign=True)


NUMBERS: dict[Kind, Callable[[float | None], str]] = {
    "number": number_text,
    "growth": _growth,
    "bytes": bytes_text,
    "bytes_growth": _growth_of_bytes,
    "duration": duration_text,
    "milliseconds": _milliseconds,
    "share": share_text,
}
GROWTHS: frozenset[Kind] = frozenset({"growth", "bytes_growth"})
NOISE = "?"
SAMPLED_NOTE = f"{ESTIMATED} estimated from samples, ± one standard error"
NOISE_NOTE = f"{NOISE} less than two of them from zero: may be chance"


def cell_text(column: Column, cell: Cell) -> str:
    """A cell as people read it, on one line and free of control characters."""
    if isinstance(cell, Source):
        return source_text(cell.file, cell.line, cell.function)
    if isinstance(cell, Estimate):
        return _estimate_text(column, cell)
    if isinstance(cell, str):
        return plain(cell)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if cell is None:
        return UNKNOWN
    return NUMBERS.get(column.kind, moment_text if column.kind == "moment" else number_text)(cell)


def estimate_notes(rows: Sequence[Row]) -> tuple[str, ...]:
    """The note that explains the marks of estimates, where some row has one."""
    estimates = [cell for row in rows for cell in row.cells if isinstance(cell, Estimate)]
    if not estimates:
        return ()
    noisy = any(row.faint for row in rows)
    return ("; ".join([SAMPLED_NOTE, *([NOISE_NOTE] if noisy else [])]),)


def fit_cell(column: Column, cell: Cell, columns: int) -> str:
    """A cell in so many terminal columns at most, cut where it tells the least.

    A source keeps the name of its file and the line, then its function, then folders; a
    number keeps its first digits, any other text both ends.
    """
    text = cell_text(column, cell)
    if isinstance(cell, Source) and columns_of(text) > columns:
        return _fit_source(cell, columns)
    return fit(text, columns, "start" if column.is_number else "both")


def link_of(column: Column, cell: Cell) -> str | None:
    """Where a cell leads, as a path below the endpoints; None where it leads nowhere."""
    if not column.link or not isinstance(cell, str) or not 0 < len(cell) <= LONGEST_LINKED_NAME:
        return None
    return column.link + quote(cell, safe="", errors="backslashreplace")


def caller_lines(stack: tuple[Frame, ...]) -> tuple[str, ...]:
    """The line outside of libraries that led to an allocation inside of one, if there is one."""
    if not stack or not is_library(stack[0].file):
        return ()
    outside = [frame for frame in stack if not is_library(frame.file)]
    return tuple(f"called from {line}" for line in stack_lines(tuple(outside[:1])))


def stack_lines(stack: tuple[Frame, ...]) -> tuple[str, ...]:
    """A stack as lines, one source line each."""
    return tuple(source_text(frame.file, frame.line, frame.function) for frame in stack)


def _estimate_text(column: Column, estimate: Estimate) -> str:
    """The estimate with its mark; in a column of changes another one where it may be chance."""
    if estimate.value is None:
        return UNKNOWN
    if estimate.error is None:
        return f"{ESTIMATED} {cell_text(column, estimate.value)}"
    text = estimate_text(estimate.value, estimate.error, sign=column.is_growth)
    return text.replace(ESTIMATED, NOISE) if column.is_growth and estimate.is_noise else text


def _fit_source(source: Source, columns: int) -> str:
    place = short_path(source.file) + ("" if source.line is None else f":{source.line}")
    if source.function is None:
        return _fit_parts(place, "/", columns)
    function, module = plain(source.function), place.rpartition("/")[2]
    room = max(columns - columns_of(module) - 1, columns // 3)
    shown = _fit_parts(function, ".", room)
    return f"{_fit_parts(place, '/', columns - columns_of(shown) - 1)} {shown}"


def _fit_parts(text: str, separator: str, columns: int) -> str:
    """The text without as many of its first parts as do not fit, or the end of its last part."""
    parts = text.split(separator)
    for at in range(len(parts)):
        shown = separator.join(parts[at:])
        if columns_of(shown) <= columns:
            return shown
    return fit(text, columns, "end")
