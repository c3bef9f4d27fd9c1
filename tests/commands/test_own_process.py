"""A process that does as it likes: crashes, hangs, ends, starts others."""

import os
import select
import tempfile
from pathlib import Path

import pytest

from leakprobe.commands.child_task import ChildTask
from leakprobe.commands.own_process import ChildDied, ask_child

CRASHING = "import os\ndef crash():\n    os.abort()\ncrash()\n"
ENDING = "import os, sys\nprint('disk full', file=sys.stderr, flush=True)\nos._exit(7)\n"
# The other process lives on when this one has answered.
STARTING = """
import subprocess
with open({note!r}, "w") as note:
    note.write(str(subprocess.Popen(["sleep", "600"]).pid))
HYPOTHESES = []
"""
HANGING = STARTING.replace("HYPOTHESES = []", "import signal\nsignal.pause()")


def asked(directory: Path, script: str) -> ChildTask:
    path = directory / "planted.py"
    path.write_text(script)
    return ChildTask("list", str(path), 5, 1)


def is_gone(note: Path) -> bool:
    """Whether the process ends, has ended, or never began (pidfd_open(2))."""
    if not note.exists():
        return True  # on a slow machine the time is up before the script begins
    try:
        descriptor = os.pidfd_open(int(note.read_text()))
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 10)[0])
    finally:
        os.close(descriptor)


def test_a_crash_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ChildDied, match=r"^died with SIGABRT at planted.py:3$"):
        ask_child(asked(tmp_path, CRASHING))


def test_an_end_without_an_answer_is_told_with_the_last_line(tmp_path: Path) -> None:
    with pytest.raises(ChildDied, match=r"^ended with exit code 7 .*: disk full$"):
        ask_child(asked(tmp_path, ENDING))


@pytest.mark.parametrize(("script", "timeout_s"), [(STARTING, None), (HANGING, 1.5)])
def test_what_it_started_ends_with_it(tmp_path: Path, script: str, timeout_s: float | None) -> None:
    note = tmp_path / "note"
    task = asked(tmp_path, script.format(note=str(note)))
    if timeout_s is None:
        assert "lists no hypotheses" in str(ask_child(task).refused)
    else:
        with pytest.raises(ChildDied, match=r"^not done after 1.5 s$"):
            ask_child(task, timeout_s=timeout_s)
    assert is_gone(note)


@pytest.mark.slow
def test_an_answer_counts_though_the_code_does_not_end(tmp_path: Path) -> None:
    script = "import atexit, signal\natexit.register(signal.sigwait, {signal.SIGUSR1})\n"
    assert "lists no hypotheses" in str(ask_child(asked(tmp_path, script), timeout_s=6).refused)


def test_a_copy_that_the_code_forks_does_not_answer_for_it(tmp_path: Path) -> None:
    script = "import os, sys\nif os.fork() == 0:\n    sys.exit('copy')\nos.wait()\nHYPOTHESES = 3\n"
    assert "lists no hypotheses" in str(ask_child(asked(tmp_path, script)).refused)


def test_what_it_prints_goes_where_it_is_told(tmp_path: Path) -> None:
    task = asked(tmp_path, "import atexit\natexit.register(print, 'cleaned up')\nprint('noise')\n")
    with tempfile.TemporaryFile() as log:
        ask_child(task, output=log.fileno())
        os.lseek(log.fileno(), 0, os.SEEK_SET)
        assert log.read() == b"noise\ncleaned up\n"
