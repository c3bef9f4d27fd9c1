"""Runs somebody's code in a process of its own, which may crash, hang or end as it likes."""

import json
import os
import re
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

from leakprobe.codec import decode, encode
from leakprobe.commands.child_task import ChildAnswer, ChildTask
from leakprobe.demo import tied
from leakprobe.errors import LeakprobeError, shorten
from leakprobe.model.application import is_library
from leakprobe.render.json import json_bytes
from leakprobe.render.units import duration_text

__all__ = ["ChildDied", "ask_child"]

MODULE = "leakprobe.commands.calls_child"
# As faulthandler writes the stack of the thread that crashed, the innermost frame first.
CRASH = re.compile(r"^Current thread .*:\n((?:  File .*\n)+)", re.MULTILINE)
CRASH_LINE = re.compile(r'  File "(?P<file>[^"]*)", line (?P<line>\d+)')


class ChildDied(LeakprobeError):
    """The process ended, or had to be ended, before it had an answer."""


def ask_child(
    task: ChildTask, *, timeout_s: float | None = None, output: int | None = None
) -> ChildAnswer:
    """The answer of a process that is there for this one task.

    The process and all that it has started are gone afterwards, whatever happens.

    Args:
        task: what to do.
        timeout_s: how long it may take; None: as long as it likes.
        output: file descriptor that what the code prints goes to; None: nowhere.

    Raises:
        ChildDied: it crashed, ended without an answer, or took too long.
    """
    with tempfile.TemporaryDirectory(prefix="leakprobe-") as directory, _log() as log:
        asked, answered = Path(directory, "task.json"), Path(directory, "answer.json")
        asked.write_bytes(json_bytes(encode(task)))
        process = subprocess.Popen(  # noqa: S603  # our own interpreter, no shell
            tied.command(MODULE, str(asked), str(answered)),
            stdin=subprocess.DEVNULL,
            stdout=log if output is None else output,
            stderr=log if output is None else output,
            start_new_session=True,  # so that its children can be ended with it
        )
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
        if answered.exists():
            return decode(ChildAnswer, json.loads(answered.read_text(encoding="utf-8")))
        if code is None:
            raise ChildDied(f"not done after {duration_text(timeout_s)}")
        raise ChildDied(_last_words(code, log))


def _log() -> IO[bytes]:
    return tempfile.TemporaryFile(prefix="leakprobe-")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and its session; those that have ended already are no matter."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_words(code: int, log: IO[bytes]) -> str:
    """How it ended, and what it said about that."""
    log.seek(0)
    said = log.read().decode(errors="replace")
    if code < 0:
        return f"died with {_signal_name(-code)}{_crash_place(said)}"
    lines = [line for line in said.splitlines() if line.strip()]
    last = f": {shorten(lines[-1])}" if lines and code else ""
    return f"ended with exit code {code} before it had an answer{last}"


def _crash_place(said: str) -> str:
    """The innermost line of the application on the stack of the thread that crashed."""
    stack = CRASH.search(said)
    found = CRASH_LINE.finditer(stack[1]) if stack else ()
    lines = [line for line in found if not is_library(line["file"])]
    return f" at {Path(lines[0]['file']).name}:{lines[0]['line']}" if lines else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
