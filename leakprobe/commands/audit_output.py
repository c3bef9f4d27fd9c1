"""Where the table of an audit goes, and in which form."""

from contextlib import suppress
from pathlib import Path
from typing import Literal, cast

from leakprobe.errors import LeakprobeError
from leakprobe.model.audit import AuditReport
from leakprobe.render.audit import audit_document, audit_markdown, audit_text
from leakprobe.render.json import json_bytes

__all__ = ["Form", "check_writable", "chosen_form", "confirms", "write_report"]

Form = Literal["text", "markdown", "json"]

SUFFIXES: dict[str, Form] = {".md": "markdown", ".markdown": "markdown", ".json": "json"}


def chosen_form(asked: str | None, output: Path | None) -> Form:
    """What was asked for, else what the file's name says, else text."""
    if asked is not None:
        return cast("Form", asked)
    return SUFFIXES.get(output.suffix.lower(), "text") if output else "text"


def check_writable(output: Path | None) -> None:
    """See that the file can be written before anything is measured.

    Raises:
        LeakprobeError: it cannot.
    """
    if output is None:
        return
    existed = output.exists()
    try:
        with output.open("ab"):
            pass
    except OSError as error:
        raise LeakprobeError(f"--output {output}: {error.strerror or error}") from error
    if not existed:
        with suppress(OSError):
            output.unlink()


def confirms(report: AuditReport) -> bool:
    """Whether one of the hypotheses is a leak."""
    return any(row.verdict == "confirmed" for row in report.rows)


def write_report(report: AuditReport, form: Form, output: Path | None) -> str:
    """Write the table to the file, where there is one; answers what to print.

    Raises:
        LeakprobeError: the file cannot be written.
    """
    written = _written(report, form)
    if output is None:
        return written
    try:
        output.write_text(written, encoding="utf-8")
    except OSError as error:
        raise LeakprobeError(f"--output {output}: {error.strerror or error}") from error
    return audit_text(report)


def _written(report: AuditReport, form: Form) -> str:
    if form == "json":
        return json_bytes(audit_document(report)).decode()
    return audit_markdown(report) if form == "markdown" else audit_text(report)
