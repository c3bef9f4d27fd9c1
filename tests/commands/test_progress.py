"""A line on a terminal; silence in a pipe."""

import io

import pytest

from leakprobe.commands.progress import progress_line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_it_for_as_long_as_it_goes_on() -> None:
    terminal = Terminal()
    with progress_line("calling\x1b " + "f" * 100, terminal):
        shown = terminal.getvalue()
    assert shown.startswith("\r\x1b[Kcalling\\x1b fff")
    assert shown.endswith("…")
    assert terminal.getvalue() == shown + "\r\x1b[K"


def test_it_is_erased_when_something_is_raised() -> None:
    terminal = Terminal()
    with pytest.raises(ZeroDivisionError), progress_line("calling", terminal):
        raise ZeroDivisionError
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_a_pipe_gets_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_line("calling"):
        pass
    assert capsys.readouterr() == ("", "")
