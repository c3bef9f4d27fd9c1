import os
from itertools import count
from pathlib import Path

import pytest

from leakprobe.drawing.child import run_child
from leakprobe.errors import NotAvailable


def shell(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


def test_input_and_output_larger_than_a_pipe_pass_each_other() -> None:
    data = os.urandom(1 << 20)
    assert run_child(shell("exec cat"), data, timeout_s=30) == data


def test_a_child_that_does_not_read_is_no_failure() -> None:
    assert run_child(shell("echo done"), bytes(1 << 20), timeout_s=30) == b"done\n"


def test_a_late_child_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    readings = count()

    def clock() -> float:
        is_start = next(readings) == 0
        return 0.0 if is_start or not pid_file.exists() or not pid_file.read_text() else 1000.0

    # The line on stderr wakes the waiting parent, whose clock then says that it is late.
    script = shell(f"echo $$ > '{pid_file}'; echo >&2; exec sleep 100")
    with pytest.raises(NotAvailable, match="sh took longer than 50 s"):
        run_child(script, b"", timeout_s=50, clock=clock)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def test_a_child_that_closes_its_output_and_stays_is_killed() -> None:
    with pytest.raises(NotAvailable, match="took longer"):
        run_child(shell("exec sleep 100 >&- 2>&- <&-"), b"", timeout_s=0.2)


def test_a_flood_is_stopped() -> None:
    with pytest.raises(NotAvailable, match="wrote more than 1000 bytes"):
        run_child(["/bin/cat", "/dev/zero"], b"", timeout_s=30, most_bytes=1000)


def test_a_failure_is_told_in_one_short_line() -> None:
    script = shell("echo first >&2; echo second >&2; head -c 100000 /dev/zero >&2; exit 3")
    with pytest.raises(NotAvailable, match="sh ended with code 3: first second") as refused:
        run_child(script, b"", timeout_s=30)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_a_program_that_cannot_start(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match="dot does not start: No such file"):
        run_child([str(tmp_path / "dot")], b"", timeout_s=30)


def test_the_child_gets_no_secrets_and_a_session_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LEAKPROBE_TOKEN", "secret")
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere")
    assert b"PATH=" in run_child(["/usr/bin/env"], b"", timeout_s=30)
    assert b"secret" not in run_child(["/usr/bin/env"], b"", timeout_s=30)
    stat = run_child(["/bin/cat", "/proc/self/stat"], b"", timeout_s=30).split()
    pid, session = stat[0], stat[5]
    assert pid == session


def test_the_child_inherits_no_descriptor(tmp_path: Path) -> None:
    with (tmp_path / "open").open("wb") as file:
        os.set_inheritable(file.fileno(), True)
        listed = run_child(["/bin/ls", "-l", "/proc/self/fd"], b"", timeout_s=30)
    assert str(tmp_path).encode() not in listed
