"""Where to look for a suspect whose line nobody knows.

What C code takes from malloc passes by every sampler, and without one nothing joins a line
to an object. The route is known by regression all the same, and who answers it; an exact
tracer knows which line has grown most.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePath

from leakprobe.model import DiffRow, Handler, Report, Suspect
from leakprobe.model.application import is_library

__all__ = ["with_handlers", "with_lines"]

MOSTLY = 0.5
PARTS_SHOWN = 2


def with_handlers(report: Report, handlers: Iterable[Handler]) -> Report:
    """The report, its advice completed with the functions to look at.

    Args:
        report: what was found.
        handlers: where routes are answered.
    """
    known = {handler.route: handler for handler in handlers}
    return replace(report, suspects=tuple(_with_handler(one, known) for one in report.suspects))


def with_lines(report: Report, rows: Sequence[DiffRow]) -> Report:
    """The report; the first suspect of Python memory without a line is told which grew most.

    Args:
        report: what was found.
        rows: growth by line, the largest first.
    """
    grown = (row for row in rows if row.bytes_diff > 0 and not is_library(row.file or "<"))
    row, suspects = next(grown, None), list(report.suspects)
    lacking = (at for at, one in enumerate(suspects) if _lacks_line(one))
    at = next(lacking, None)
    if row is None or at is None:
        return report
    place = f"{_short(row.file or '')}:{row.line} {row.function or ''}".rstrip()
    said = f" Of the application's lines {place} has grown most since the baseline."
    suspects[at] = replace(suspects[at], advice=suspects[at].advice + said)
    return replace(report, suspects=tuple(suspects))


def _lacks_line(suspect: Suspect) -> bool:
    return suspect.resource == "python" and suspect.site is None


def _with_handler(suspect: Suspect, known: dict[str, Handler]) -> Suspect:
    route = next((r.route for r in suspect.routes if r.share >= MOSTLY), None)
    handler = known.get(route or "")
    if suspect.site is not None or handler is None:
        return suspect
    where = f" {handler.route} is answered by {_short(handler.file)}:{handler.first_line}."
    return replace(suspect, advice=suspect.advice + where)


def _short(file: str) -> str:
    return "/".join(PurePath(file).parts[-PARTS_SHOWN:])
