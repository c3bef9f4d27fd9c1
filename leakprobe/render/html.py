"""Pages for a browser: no script, one style sheet, everything escaped.

Every string that a template prints is made plain and then escaped by Jinja2, so what
an application's type or thread is called never becomes markup.
"""

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from leakprobe.render.chart import chart_points, finite
from leakprobe.render.page import Chart, Page
from leakprobe.render.plain import fit, plain
from leakprobe.render.table import Cell, Column, Estimate, Source, cell_text, link_of
from leakprobe.render.units import moment_text

__all__ = ["page_html", "sign_in_html"]

NAVIGATION = (
    ("/", "Overview"),
    ("/suspects", "Suspects"),
    ("/diff", "Growth"),
    ("/types", "Types"),
    ("/retained", "Retained"),
    ("/threads", "Threads"),
    ("/tasks", "Tasks"),
    ("/routes", "Routes"),
    ("/snapshots", "Snapshots"),
    ("/history", "History"),
)
FORMS = (("text", "text"), ("json", "JSON"))
LONGEST_CELL = 200
LONG_WORDS = 10
CHART_WIDTH, CHART_HEIGHT = 640, 120


def page_html(page: Page, *, base: str, nonce: str, here: str = "") -> bytes:
    """The page as a document of its own.

    Args:
        page: what to show.
        base: path of the endpoints as the browser sees it, without a slash at its end.
        nonce: of the policy that allows the style sheet.
        here: the page's own path with its query, below `base`, for the links to its
            other forms; empty: no such links.
    """
    forms = [(f"{here}{'&' if '?' in here else '?'}format={form}", name) for form, name in FORMS]
    return _render(
        "page.html", page=page, base=base, nonce=nonce, forms=forms if here else [], signed_in=True
    )


def sign_in_html(*, base: str, nonce: str, next_path: str, failed: bool = False) -> bytes:
    """The page that asks for the token.

    Args:
        base: as for `page_html`; the form is posted to `{base}/session`.
        nonce: as for `page_html`.
        next_path: where to go then; comes back in the field `next`.
        failed: whether a wrong token was just given.
    """
    return _render(
        "sign_in.html", base=base, nonce=nonce, next_path=next_path, failed=failed, signed_in=False
    )


@dataclass(frozen=True, slots=True)
class CellView:
    """A cell as a template needs it; `after` stands behind the text, quieter."""

    text: str
    after: str
    title: str
    link: str | None
    look: str


@dataclass(frozen=True, slots=True)
class ChartView:
    """A chart as a template needs it: the line, the shape below it, and what its edges are."""

    line: str
    area: str
    least: str
    most: str
    first: str
    last: str


def _render(template: str, **values: object) -> bytes:
    text = _environment().get_template(template).render(**values)
    return text.encode("utf-8", "backslashreplace")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("leakprobe.render"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: plain(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        navigation=NAVIGATION,
        chart_size=(CHART_WIDTH, CHART_HEIGHT),
        cell_view=_cell_view,
        chart_view=_chart_view,
        fit=fit,
    )
    return environment


def _cell_view(column: Column, cell: Cell) -> CellView:
    text, after, title = cell_text(column, cell), "", ""
    if isinstance(cell, Source):
        text, title = cell_text(column, Source(cell.file, cell.line)), cell.file
        after = fit(cell.function or "", LONGEST_CELL, "end")
    number = cell.value if isinstance(cell, Estimate) else cell
    grows = column.is_growth and isinstance(number, int | float) and number > 0
    look = "number" if column.is_number else "moment" if column.kind == "moment" else "text"
    look += " grows" if grows else " long" if look == "text" and len(text) > LONG_WORDS else ""
    if isinstance(cell, str) and len(text) > LONGEST_CELL:
        title = fit(text, LONGEST_CELL * 10)
    return CellView(
        fit(text, LONGEST_CELL, "both"),
        after,
        fit(title, LONGEST_CELL * 10, "end"),
        link_of(column, cell),
        look,
    )


def _chart_view(chart: Chart) -> ChartView | None:
    points, column = finite(chart.points), Column("", "", chart.kind)
    line = chart_points(points, CHART_WIDTH, CHART_HEIGHT)
    if not line:
        return None
    values = [value for _, value in points]
    return ChartView(
        line,
        f"0,{CHART_HEIGHT} {line} {CHART_WIDTH},{CHART_HEIGHT}",
        cell_text(column, min(values)),
        cell_text(column, max(values)),
        moment_text(points[0][0]),
        moment_text(points[-1][0]),
    )
