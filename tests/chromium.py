"""A real headless Chromium for as long as a `with` block lasts, without a trace afterwards."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

from websockets.sync.client import connect

from tests.browser import Browser

__all__ = ["NAME", "running_chromium"]

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
POLL_S = 0.05
NAME = "service.test"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--remote-debugging-port=0",
    # The loopback interface only, which has a second name: one that no browser trusts.
    f"--host-resolver-rules=MAP {NAME} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# What Chromium writes into its profile once it listens: the port, and the path to connect to.
LISTENING = re.compile(r"(\d+)\n(/devtools/browser/[0-9a-f-]{36})\n?")


@contextmanager
def running_chromium(program: str) -> Iterator[Browser]:
    """Run a Chromium; it keeps all its files in a directory that goes when it ends."""
    # Its last processes may still write while the directory is removed.
    with (
        TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as directory,
        TemporaryFile() as log,
    ):
        places = dict.fromkeys(("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), directory)
        process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={directory}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **places},
            process_group=0,
        )
        try:
            port, path = _listening(process, Path(directory, "DevToolsActivePort"), log)
            # A socket of our own: no proxy that the environment names comes in between.
            plain = socket.create_connection(("127.0.0.1", port), START_TIMEOUT_S)
            with connect(f"ws://127.0.0.1:{port}{path}", sock=plain, max_size=None) as connection:
                yield Browser(connection, port)
        finally:
            _stop(process)


def _listening(process: subprocess.Popen[bytes], file: Path, log: IO[bytes]) -> tuple[int, str]:
    """Where Chromium listens, once it has written that into its file."""
    for _ in range(int(START_TIMEOUT_S / POLL_S)):
        if file.exists() and (found := LISTENING.fullmatch(file.read_text())):
            return int(found[1]), found[2]
        with suppress(subprocess.TimeoutExpired):
            process.wait(POLL_S)
            break
    log.seek(0)
    said = log.read().decode(errors="replace")
    raise AssertionError(f"chromium does not listen (exit code {process.poll()}):\n{said}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its leader is not reaped, so the group is its own
        process.wait()
