"""The table of an audit: text that fits a terminal, Markdown that GitHub shows, data."""

import json
import re

from leakprobe.analysis.audit import judge_hypothesis, measured_way
from leakprobe.model.audit import AuditReport
from leakprobe.render.audit import audit_document, audit_markdown, audit_text
from leakprobe.render.json import json_bytes
from tests.audits import audit

CELLS = re.compile(r"(?<!\\)\|")


def test_text_has_a_row_for_each_hypothesis_and_what_was_found_below_it() -> None:
    text = audit_text(audit())
    lines = text.splitlines()
    assert all(len(line) <= 100 for line in lines)
    assert text.startswith(
        "5 hypotheses of audit.py: 1 confirmed, 1 protected, 1 no leak, 1 not proven, "
        "1 not testable here.\nMeasured in 12 s."
    )
    assert "results | kept  confirmed          2.00" in lines
    assert "XML             protected          without clear(): 2.00, with clear(): 2.00" in lines
    assert "films           not testable here  -" in lines
    assert "      app.Task allocated by /srv/app.py:42 handle" in lines
    assert "      held by app.results[…]" in lines
    assert "      needs the module av" in lines
    assert "      see app.py" in lines
    assert "      two lines" in lines
    assert "protected: the suspected way leaks, and the other one does not" in lines


def test_a_long_reason_is_wrapped_and_not_cut() -> None:
    reason = "raised " + " ".join(f"word{number}" for number in range(40))
    row = judge_hypothesis("name", "", [measured_way("f", failed=reason)])
    text = audit_text(AuditReport("audit.py", 1.0, (row,)))
    assert all(len(line) <= 100 for line in text.splitlines())
    assert reason in " ".join(text.split())


def test_markdown_is_one_table_whatever_the_names_are() -> None:
    heading, table, *notes = audit_markdown(audit()).split("\n\n")
    lines = table.splitlines()
    assert len(notes) == 2
    assert heading.startswith("5 hypotheses of audit.py: 1 confirmed")
    assert len(lines) == 2 + 5
    assert {len(CELLS.findall(line)) for line in lines} == {9}
    assert lines[1] == "| --- | --- | ---: | --- | --- | --- | --- | --- |"
    assert lines[2].startswith("| results \\| kept | confirmed | 2.00 | /srv/app.py:42 handle |")
    assert lines[5].endswith("| two lines |")


def test_markdown_of_the_application_is_text() -> None:
    row = judge_hypothesis("<img src=x> [a](b) `c`\x1b", "*", [measured_way("f", failed="_no_")])
    table = audit_markdown(AuditReport("a_b.py", 1.0, (row,)))
    assert "\\<img src=x\\> \\[a\\](b) \\`c\\`\\\\x1b" in table
    assert "\\_no\\_" in table
    assert "\x1b" not in table


def test_the_document_has_everything() -> None:
    document = json.loads(json_bytes(audit_document(audit())))
    assert (document["schema"], document["script"], document["seconds"]) == (1, "audit.py", 12.0)
    assert document["verdicts"] == {
        "confirmed": 1,
        "protected": 1,
        "no_leak": 1,
        "not_proven": 1,
        "not_testable": 1,
    }
    first, pair, *_, last = document["rows"]
    assert (first["verdict"], first["mb_per_1000_iterations"]) == ("confirmed", 2.0)
    assert first["site"]["line"] == 42
    assert first["ways"][0]["report"]["verdict"]["state"] == "leak"
    assert [way["label"] for way in pair["ways"]] == ["without clear()", "with clear()"]
    assert (last["ways"][0]["report"], last["ways"][0]["failed"]) == (None, "needs the module av")
