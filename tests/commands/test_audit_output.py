"""Where an audit's table goes, and in which form."""

import json
from pathlib import Path

import pytest

from leakprobe.commands.audit_output import (
    Form,
    check_writable,
    chosen_form,
    confirms,
    write_report,
)
from leakprobe.errors import LeakprobeError
from leakprobe.model.audit import AuditReport
from tests.audits import audit


@pytest.mark.parametrize(
    ("asked", "output", "form"),
    [
        (None, None, "text"),
        (None, "table.txt", "text"),
        (None, "table.md", "markdown"),
        (None, "TABLE.MARKDOWN", "markdown"),
        (None, "table.json", "json"),
        ("text", "table.json", "text"),
        ("json", None, "json"),
    ],
)
def test_the_form_is_what_was_asked_for_or_what_the_file_is_called(
    asked: str | None, output: str | None, form: Form
) -> None:
    assert chosen_form(asked, Path(output) if output else None) == form


def test_without_a_file_the_table_is_printed() -> None:
    assert json.loads(write_report(audit(), "json", None))["schema"] == 1
    assert write_report(audit(), "markdown", None).count("\n|") == 7
    assert write_report(audit(), "text", None).startswith("5 hypotheses")


def test_with_a_file_text_is_printed(tmp_path: Path) -> None:
    output = tmp_path / "table.json"
    check_writable(output)
    assert not output.exists()
    assert write_report(audit(), "json", output).startswith("5 hypotheses")
    assert json.loads(output.read_text(encoding="utf-8"))["schema"] == 1
    check_writable(output)
    assert output.stat().st_size > 0
    check_writable(None)


def test_a_file_that_cannot_be_written_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    for output in (tmp_path, tmp_path / "nowhere" / "table.md"):
        with pytest.raises(LeakprobeError, match=r"^--output .*: (Is a|No such)"):
            check_writable(output)
        with pytest.raises(LeakprobeError, match=r"^--output .*: (Is a|No such)"):
            write_report(audit(), "text", output)


def test_only_a_confirmed_one_is_a_leak() -> None:
    found = audit()
    assert confirms(found)
    assert not confirms(AuditReport("audit.py", 1.0, found.rows[1:]))
