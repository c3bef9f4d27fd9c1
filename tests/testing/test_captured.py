"""What pytest keeps of each call's output is dropped, and nothing else is touched."""

import logging
import sys
import warnings
from io import StringIO

import pytest

from leakprobe.capture.in_use import read_memory_in_use
from leakprobe.testing.captured import CapturedOutput

log = logging.getLogger(__name__)


def test_what_was_logged_before_stays(caplog: pytest.LogCaptureFixture) -> None:
    log.warning("before")
    captured = CapturedOutput()
    captured.remember()
    for number in range(3):
        log.warning("call %d", number)
        assert caplog.messages == ["before", f"call {number}"]
        captured.forget()
    assert caplog.messages == ["before"]
    assert caplog.text.count("\n") == 1


def test_a_test_may_clear_its_log(caplog: pytest.LogCaptureFixture) -> None:
    log.warning("before")
    captured = CapturedOutput()
    captured.remember()
    caplog.clear()
    log.warning("after")
    captured.forget()
    assert caplog.text == ""
    log.warning("again")
    assert "again" in caplog.text


def test_output_is_cut_where_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    sys.stdout.write("before\n")
    captured = CapturedOutput()
    captured.remember()
    for _ in range(3):
        sys.stdout.write("é" * 100)
        sys.stderr.write("error\n")
        captured.forget()
    assert capsys.readouterr() == ("before\n", "")


def test_a_test_may_read_its_output(capsys: pytest.CaptureFixture[str]) -> None:
    sys.stdout.write("before\n")
    captured = CapturedOutput()
    captured.remember()
    assert capsys.readouterr().out == "before\n"
    captured.forget()
    sys.stdout.write("new\n")
    assert capsys.readouterr().out == "new\n"


def test_a_test_may_close_its_output(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = type(sys.stdout)()
    monkeypatch.setattr(sys, "stdout", stream)
    captured = CapturedOutput()
    captured.remember()
    stream.write("lost")
    stream.close()
    captured.forget()
    captured.remember()
    captured.forget()
    assert stream.closed


@pytest.mark.filterwarnings("always")
def test_of_repeated_warnings_the_first_stays(recwarn: pytest.WarningsRecorder) -> None:
    captured = CapturedOutput()
    captured.remember()
    for number in range(3):
        warnings.warn(f"old, and call {number}", DeprecationWarning, stacklevel=1)
        warnings.warn("slow", UserWarning, stacklevel=1)
        captured.forget()
    assert [str(one.message) for one in recwarn] == ["old, and call 0", "slow"]


def test_nothing_that_pytest_has_not_made_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    out, stream = StringIO(), StringIO()
    handler = logging.StreamHandler(stream)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    captured = CapturedOutput()
    captured.remember()
    sys.stdout.write("kept\n")
    log.warning("kept")
    captured.forget()
    assert (out.getvalue(), stream.getvalue()) == ("kept\n", "kept\n")


def test_without_pytest_there_is_nothing_to_drop(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("_pytest.logging", "_pytest.capture", "_pytest.warnings"):
        monkeypatch.delitem(sys.modules, name)
    captured = CapturedOutput()
    captured.remember()
    sys.stdout.write("kept\n")
    captured.forget()
    assert capsys.readouterr().out == "kept\n"


@pytest.mark.filterwarnings("always")
def test_a_call_that_writes_much_leaves_nothing(
    capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    captured = CapturedOutput()
    captured.remember()
    used = []
    for _ in range(12):
        sys.stdout.write("x" * 10_000)
        log.warning("y" * 10_000)
        warnings.warn("z" * 10_000, DeprecationWarning, stacklevel=1)
        captured.forget()
        used.append(read_memory_in_use().bytes)
    assert len(recwarn) == 1
    assert max(used[3:]) - min(used[3:]) < 10_000
