"""What pytest keeps of each call's output, dropped again: to a reading it would be a leak.

A test that runs its body again and again writes log records, output and warnings into
lists and buffers that pytest reads only when the test is over. They grow with each call,
and a body that looks at them (`caplog`, `capsys`) would see those of the calls before.
Without pytest nothing here finds anything to drop.
"""

import logging
import sys
import warnings
from dataclasses import dataclass
from io import StringIO
from typing import Protocol, TextIO, cast

__all__ = ["CapturedOutput"]


class _LogCapture(Protocol):
    """`_pytest.logging.LogCaptureHandler`: of `caplog`, and of a test's report."""

    records: list[logging.LogRecord]
    stream: StringIO


@dataclass(frozen=True, slots=True)
class _Text:
    """How far a stream was written."""

    stream: TextIO
    position: int

    def cut(self) -> None:
        """Drop what was written since; nothing where the test has read and emptied it."""
        if not self.stream.closed and self.stream.tell() > self.position:
            self.stream.seek(self.position)
            self.stream.truncate()


@dataclass(frozen=True, slots=True)
class _Log:
    """How much a handler had captured."""

    handler: _LogCapture
    records: int
    text: _Text

    def cut(self) -> None:
        """Drop what was logged since, all of it where `caplog.clear()` has dropped the rest."""
        del self.handler.records[self.records :]
        if self.handler.stream is not self.text.stream:
            _Text(self.handler.stream, 0).cut()
        self.text.cut()


@dataclass(frozen=True, slots=True)
class _Warnings:
    """How many warnings had been recorded."""

    recorded: list[warnings.WarningMessage]
    length: int

    def cut(self) -> None:
        """Drop those recorded since that only repeat one of the same line."""
        seen = {_line_of(warning) for warning in self.recorded[: self.length]}
        first: list[warnings.WarningMessage] = []
        for warning in self.recorded[self.length :]:
            if _line_of(warning) not in seen:
                seen.add(_line_of(warning))
                first.append(warning)
        self.recorded[self.length :] = first


class CapturedOutput:
    """Forgets the output of calls that pytest has captured.

    Touches only handlers of the root logger and standard streams whose types pytest has
    defined, and warnings while pytest records them. What goes into files, as with pytest's
    `--capture=fd`, takes no memory and stays.
    """

    def __init__(self) -> None:
        self._marks: list[_Text | _Log | _Warnings] = []

    def remember(self) -> None:
        """What has been captured until now is kept."""
        logs = [_Log(h, len(h.records), _Text(h.stream, h.stream.tell())) for h in _log_captures()]
        texts = [_Text(stream, stream.tell()) for stream in _captured_streams()]
        self._marks = [*logs, *texts, *_recorded_warnings()]

    def forget(self) -> None:
        """Drop what was captured since `remember`; of a warning the first stays."""
        for mark in self._marks:
            mark.cut()


def _defined(module: str, name: str) -> type | None:
    """A class of pytest's, where pytest is loaded."""
    found = getattr(sys.modules.get(module), name, None)
    return found if isinstance(found, type) else None


def _log_captures() -> list[_LogCapture]:
    kind = _defined("_pytest.logging", "LogCaptureHandler")
    handlers = logging.getLogger().handlers if kind is not None else []
    return [cast("_LogCapture", handler) for handler in handlers if type(handler) is kind]


def _captured_streams() -> list[TextIO]:
    kind = _defined("_pytest.capture", "CaptureIO")
    if kind is None:
        return []
    standard = (stream for stream in (sys.stdout, sys.stderr) if issubclass(type(stream), kind))
    return [stream for stream in standard if not stream.closed]


def _recorded_warnings() -> list[_Warnings]:
    """The list that `warnings.catch_warnings(record=True)` appends to (CPython Lib/warnings.py)."""
    recorded = getattr(getattr(warnings, "_showwarnmsg_impl", None), "__self__", None)
    if type(recorded) is not list or "_pytest.warnings" not in sys.modules:
        return []
    return [_Warnings(recorded, len(recorded))]


def _line_of(warning: warnings.WarningMessage) -> tuple[str, int, type[Warning]]:
    return warning.filename, warning.lineno, warning.category
