"""`leakprobe check`: planted leaks are found, innocent twins are not, mistakes get a line."""

import json
from pathlib import Path

import pytest

from leakprobe import cli
from leakprobe.commands import check
from leakprobe.commands.child_task import ChildAnswer, ChildTask
from leakprobe.commands.own_process import ChildDied
from tests.audits import report
from tests.native import needs_heap_walk, needs_sampler

SERVICE = """
import asyncio, os

results = {}

class TaskResult:
    def __init__(self):
        self.pcm = bytes(3_000)

def handle():
    print("handling")
    os.write(1, b"from C\\n")
    results[len(results)] = TaskResult()

async def handle_and_forget():
    await asyncio.sleep(0)
    handle()
    results.clear()

def fail():
    raise ValueError("no sound")
"""


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module in the current directory."""
    path = tmp_path / "planted_service.py"
    path.write_text(SERVICE)
    monkeypatch.chdir(tmp_path)
    return path


@needs_heap_walk
@needs_sampler
@pytest.mark.usefixtures("service")
def test_a_leak_with_its_line_type_and_holder(capfd: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["check", "planted_service:handle", "--iterations", "40", "--json"])
    out, err = capfd.readouterr()
    said = json.loads(out)
    assert (code, said["schema"], said["verdict"]["state"]) == (1, 1, "leak")
    assert 3_000 < said["growth"]["bytes"] < 3_600
    worst = said["suspects"][0]
    assert (Path(worst["site"]["file"]).name, worst["site"]["line"]) == ("planted_service.py", 8)
    assert worst["types"][0]["type"] == "planted_service.TaskResult"
    assert worst["holders"][0]["text"].startswith("planted_service.results")
    assert 3_000 < worst["bytes_per_call"] < 3_600
    assert "handling\n" in err
    assert "from C\n" in err


def test_its_innocent_twin(service: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["check", f"{service}:handle_and_forget", "--iterations", "20"])
    out, _ = capfd.readouterr()
    assert code == 0
    assert out.startswith("No leak: ")
    assert all(len(line) <= 100 for line in out.splitlines())


@pytest.mark.usefixtures("service")
def test_code_that_raises_is_no_leak_and_not_lost(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "planted_service:fail"]) == 3
    out, err = capfd.readouterr()
    assert out == ""
    assert "Traceback" in err
    assert err.splitlines()[-1] == (
        "leakprobe: planted_service:fail raised ValueError: no sound "
        "(call 1, planted_service.py:21)"
    )


@pytest.mark.usefixtures("service")
def test_a_name_that_is_not_there_gets_the_nearest(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "planted_service:handel"]) == 2
    _, err = capfd.readouterr()
    assert err.count("\n") == 1
    assert "nearest: planted_service:handle" in err


def test_everything_that_is_asked_reaches_the_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks: list[ChildTask] = []

    def ask(task: ChildTask, **_: object) -> ChildAnswer:
        tasks.append(task)
        return ChildAnswer(report=report("suspect"))

    monkeypatch.setattr(check, "ask_child", ask)
    monkeypatch.chdir(tmp_path)
    numbers = ["--iterations", "7", "--warmup", "0"]
    more = ["--include", "app", "--include", "/srv", "--python-path", "src"]
    assert cli.main(["check", "app:handle", *numbers, *more]) == 0
    assert tasks == [
        ChildTask("target", "app:handle", 7, 0, ("app", "/srv"), ("src", str(tmp_path)))
    ]
    assert "not yet proven" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (ChildAnswer(refused="no module 'ap'"), 2, "no module 'ap'"),
        (ChildAnswer(), 2, "app:handle was not judged"),
        (ChildAnswer(failed="raised ValueError"), 3, "app:handle raised ValueError"),
        (ChildDied("died with SIGSEGV"), 3, "app:handle died with SIGSEGV"),
    ],
)
def test_what_cannot_be_judged_gets_one_line(
    answer: ChildAnswer | ChildDied,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def ask(task: ChildTask, **_: object) -> ChildAnswer:
        if isinstance(answer, ChildDied):
            raise answer
        return answer

    monkeypatch.setattr(check, "ask_child", ask)
    assert cli.main(["check", "app:handle"]) == code
    assert capsys.readouterr() == ("", f"leakprobe: {said}\n")


def test_an_empty_prefix_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "app:handle", "--include", " "]) == 2
    assert "--include ''" in capsys.readouterr().err
