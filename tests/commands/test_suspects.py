"""`leakprobe suspects`: what it prints, and what its exit code says."""

import json
from dataclasses import replace

import pytest

from leakprobe import cli
from leakprobe.render.json import json_bytes
from leakprobe.render.suspects import suspects_document
from tests.commands.answering import answering
from tests.render.samples import REPORT, VERDICT

STATES = {"leak": 1, "suspect": 0, "no_leak": 0, "inconclusive": 0}


@pytest.mark.parametrize("state", STATES)
def test_the_exit_code_says_whether_it_leaks(
    state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report = replace(REPORT, verdict=replace(VERDICT, state=state))  # type: ignore[arg-type]  # one of State
    with answering((200, {}, json_bytes(suspects_document(report, hidden=3)))) as noted:
        code = cli.main(["suspects", noted.url, "--token", "t", "--limit", "2"])
    assert code == STATES[state]
    assert noted.paths == ["/debug/memory/suspects?limit=2"]
    out = capsys.readouterr().out
    assert "512 KiB per request of POST /asr" in out.replace("\n", " ")
    assert "3 more rows: limit=2 cut the list" in out
    assert "/debug/memory/referrers?suspect=1" in out
    assert all(len(line) <= 100 for line in out.splitlines())


def test_json_is_what_the_agent_said(capsys: pytest.CaptureFixture[str]) -> None:
    body = json_bytes(suspects_document(REPORT))
    with answering((200, {}, body)) as noted:
        assert cli.main(["suspects", noted.url, "--token", "t", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == json.loads(body)


@pytest.mark.parametrize("body", [b"[]", b'{"schema": 1}', b'{"schema": 2}', b"no"])
def test_what_is_no_report_ends_with_3(body: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    with answering((200, {}, body)) as noted:
        assert cli.main(["suspects", noted.url, "--token", "t"]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_nobody_there_ends_with_3_and_wrong_usage_with_2(
    free_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["suspects", f"127.0.0.1:{free_port}", "--token", "t"]) == 3
    assert cli.main(["suspects", "ftp://h", "--token", "t"]) == 2
    assert cli.main(["suspects"]) == 2
