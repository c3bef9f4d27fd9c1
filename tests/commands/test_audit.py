"""`leakprobe audit`: one script, one verdict each, whatever the code does."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from leakprobe import cli
from leakprobe.commands.audit import AuditOptions, audit_script
from leakprobe.commands.child_task import ChildAnswer, ChildTask, Planned
from leakprobe.commands.own_process import ChildDied
from leakprobe.errors import LeakprobeError
from leakprobe.model.audit import AuditRow
from leakprobe.model.verdict import State
from leakprobe.render.audit import audit_document, audit_markdown, audit_text
from tests.audits import report
from tests.native import needs_heap_walk, needs_sampler

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "audit_subtitles.py"
SCRIPT = """
import os, signal

print("noise")
results, trees = [], []

class TaskResult:
    def __init__(self):
        self.pcm = bytes(3_000)

def keep():
    results.append(TaskResult())

def parse():
    trees.append({"video": bytearray(4_000)})

def parse_and_clear():
    parse()
    trees.clear()

HYPOTHESES = [
    ("LEAK #1 task | results", keep),
    ("LEAK #7 XML ElementTree", {"without clear()": parse, "with clear()": parse_and_clear}),
    ("LEAK #6 responses", lambda: None),
    ("LEAK #5 PyAV containers", keep, "surely_not_there"),
    ("LEAK #8 crash", os.abort),
    ("LEAK #9 hang", signal.pause),
]
"""
OTHERS = ("results", "XML", "responses", "PyAV", "crash")
HANGING = """
import signal
def hang():
    with open("started", "w") as started:
        started.write("yes")
    signal.pause()
HYPOTHESES = [("hangs", hang)]
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "planted_audit.py"
    path.write_text(SCRIPT)
    return path


@pytest.mark.slow
@needs_heap_walk
@needs_sampler
def test_one_script_with_six_hypotheses(script: Path) -> None:
    found = audit_script(script.name, AuditOptions(40, 20, OTHERS))
    (hangs,) = audit_script(script.name, AuditOptions(40, 20, ("hang",), timeout_s=2.0)).rows
    rows = {row.name: row for row in found.rows}
    assert [row.verdict for row in found.rows] == [
        "confirmed",
        "protected",
        "no_leak",
        "not_testable",
        "not_testable",
    ]
    assert (hangs.verdict, hangs.reason) == ("not_testable", "not done after 2.0 s")
    confirmed, protected = found.rows[0], found.rows[1]
    assert (confirmed.type, confirmed.holder) == (
        "planted_audit.TaskResult",
        "planted_audit.results[…]",
    )
    assert confirmed.site is not None
    assert SCRIPT.splitlines()[confirmed.site.line - 1].strip() == "self.pcm = bytes(3_000)"
    assert confirmed.mb_per_1000_iterations == pytest.approx(3.1, abs=0.2)
    assert (protected.mb_per_1000_iterations or 0) > 3
    assert abs(protected.protected_mb_per_1000_iterations or 0) < 0.1
    assert "pip install surely_not_there" in rows["LEAK #5 PyAV containers"].reason
    assert rows["LEAK #8 crash"].reason.startswith("died with SIGABRT")
    text, table = audit_text(found), audit_markdown(found)
    assert "1 confirmed, 1 protected, 1 no leak, 2 not testable here" in text
    assert all(name in text for name in rows)
    assert "| LEAK #1 task \\| results | confirmed |" in table
    assert "noise" not in text + table
    assert audit_document(found)["schema"] == 1


def asking(*answers: ChildAnswer | ChildDied) -> tuple[list[ChildTask], object]:
    tasks: list[ChildTask] = []

    def ask(task: ChildTask, **_: object) -> ChildAnswer:
        tasks.append(task)
        answer = answers[len(tasks) - 1]
        if isinstance(answer, ChildDied):
            raise answer
        return answer

    return tasks, ask


PLAN = ChildAnswer(
    plan=(
        Planned("LEAK #4 queue", ("exception path", "try/finally"), "as in worker()"),
        Planned("LEAK #6 responses", ("get",), ""),
        Planned("LEAK #7 XML", ("parse",), ""),
    )
)


def audited(only: tuple[str, ...], *answers: ChildAnswer | ChildDied) -> list[AuditRow]:
    _, ask = asking(PLAN, *answers)
    found = audit_script("audit.py", AuditOptions(9, 1, only), ask=ask)  # type: ignore[arg-type]  # a fake
    return list(found.rows)


LEAKS, FINE = ChildAnswer(report=report("leak")), ChildAnswer(report=report("no_leak"))


def test_each_way_is_a_process_of_its_own() -> None:
    tasks, ask = asking(PLAN, LEAKS, FINE, FINE, FINE)
    found = audit_script(
        "audit.py",
        AuditOptions(9, 1),
        ask=ask,  # type: ignore[arg-type]  # a fake
        clock=iter([10.0, 12.5]).__next__,
    )
    assert [(t.kind, t.hypothesis, t.way) for t in tasks] == [
        ("list", 0, 0),
        ("way", 0, 0),
        ("way", 0, 1),
        ("way", 1, 0),
        ("way", 2, 0),
    ]
    assert {(t.where, t.iterations, t.warmup) for t in tasks} == {("audit.py", 9, 1)}
    assert [row.verdict for row in found.rows] == ["protected", "no_leak", "no_leak"]
    assert (found.script, found.seconds, found.rows[0].note) == ("audit.py", 2.5, "as in worker()")


@pytest.mark.parametrize(
    ("only", "names"),
    [
        (("LEAK #6",), ["LEAK #6 responses"]),
        (("xml", "responses"), ["LEAK #6 responses", "LEAK #7 XML"]),
        (("*[67]*",), ["LEAK #6 responses", "LEAK #7 XML"]),
    ],
)
def test_only_some(only: tuple[str, ...], names: list[str]) -> None:
    assert [row.name for row in audited(only, FINE, FINE)] == names


def test_a_name_that_no_hypothesis_has() -> None:
    with pytest.raises(LeakprobeError, match=r"no hypothesis 'LEAK #77'; nearest: LEAK #7 XML"):
        audited(("LEAK #77",))


def test_what_is_missing_is_asked_once_for_both_ways() -> None:
    (row,) = audited(("queue",), ChildAnswer(missing="needs the module av"))
    assert (row.verdict, row.reason, len(row.ways)) == ("not_testable", "needs the module av", 1)


@pytest.mark.parametrize("state", ["suspect", "inconclusive"])
def test_what_proves_nothing_is_measured_again_with_more_calls(state: State) -> None:
    unsure = ChildAnswer(report=report(state))
    tasks, ask = asking(PLAN, unsure, FINE)
    options = AuditOptions(9, 1, ("responses",))
    (row,) = audit_script("audit.py", options, ask=ask).rows  # type: ignore[arg-type]  # a fake
    assert ([task.times for task in tasks], row.verdict) == ([1, 1, 4], "no_leak")
    (row,) = audited(("responses",), unsure, ChildDied("not done after 2.0 s"))
    assert row.verdict == "not_proven"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ChildDied("died with SIGSEGV"), "died with SIGSEGV"),
        (ChildAnswer(failed="raised ValueError"), "raised ValueError"),
        (ChildAnswer(refused="the heap cannot be walked"), "the heap cannot be walked"),
        (ChildAnswer(), "not measured"),
    ],
)
def test_what_fails_is_a_row_like_any_other(answer: ChildAnswer | ChildDied, said: str) -> None:
    failed, fine = audited(("responses", "xml"), answer, FINE)
    assert (failed.verdict, failed.reason) == ("not_testable", said)
    assert fine.verdict == "no_leak"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ChildAnswer(refused="audit.py lists no hypotheses"), "^audit.py lists no hypotheses$"),
        (ChildAnswer(), "^audit.py lists no hypotheses$"),
        (ChildDied("died with SIGSEGV"), "^audit.py cannot be imported: died with SIGSEGV$"),
    ],
)
def test_a_script_that_cannot_be_read(answer: ChildAnswer | ChildDied, said: str) -> None:
    _, ask = asking(answer)
    with pytest.raises(LeakprobeError, match=said):
        audit_script("audit.py", AuditOptions(9, 1), ask=ask)  # type: ignore[arg-type]  # a fake


def test_on_the_command_line(script: Path, capfd: pytest.CaptureFixture[str]) -> None:
    numbers = ["--iterations", "3", "--warmup", "0"]
    arguments = ["audit", script.name, *numbers, "--only", "responses", "--output", "table.md"]
    assert cli.main(arguments) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert "LEAK #6 responses" in out
    assert "| LEAK #6 responses |" in Path("table.md").read_text(encoding="utf-8")
    assert cli.main(["audit", "planted_audi.py"]) == 2
    assert "nearest: planted_audit.py" in capfd.readouterr().err


def test_ctrl_c_ends_what_runs(tmp_path: Path) -> None:
    (tmp_path / "hanging.py").write_text(HANGING)
    os.mkfifo(tmp_path / "started")
    with subprocess.Popen(
        [sys.executable, "-m", "leakprobe", "audit", "hanging.py"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as audit:
        assert (tmp_path / "started").read_text() == "yes"
        os.kill(audit.pid, signal.SIGINT)
        _, err = audit.communicate(timeout=30)
    assert (audit.returncode, err) == (130, b"")


@pytest.mark.slow
def test_the_example_tells_what_was_found_in_the_subtitle_service(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["audit", str(EXAMPLE), "--json"]) in (0, 1)
    rows = {row["name"]: row["verdict"] for row in json.loads(capfd.readouterr().out)["rows"]}
    assert rows.pop("LEAK #10 FFmpeg pipes") in ("no_leak", "not_testable")
    assert rows == {
        "LEAK #4 DeduplicatedQueue": "protected",
        "LEAK #5 PyAV containers": "no_leak",
        "LEAK #6 HTTP responses": "no_leak",
        "LEAK #7 XML ElementTree": "no_leak",
        "LEAK #8 File Observer": "protected",
        "LEAK #9 Whisper segments": "protected",
    }
