"""A child process that gets bytes and gives bytes, within a time and a size.

`subprocess.communicate` knows no limit for what it reads, and the service that is
being diagnosed may be short of memory.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, cast

from leakprobe.errors import NotAvailable, shorten

__all__ = ["run_child"]

MOST_OUTPUT_BYTES = 32 * 1024 * 1024
MOST_COMPLAINT_BYTES = 4096
LONGEST_COMPLAINT = 200
CHUNK_BYTES = 65536
FIRST_TO_DIE = "1000"
# What a program needs to start. Secrets, and settings that are meant for the service,
# stay with the service.
KEPT_ENVIRONMENT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "FONTCONFIG_FILE",
    "FONTCONFIG_PATH",
)
# The WebAssembly compiler would take every core of a busy service.
GENTLE_ENVIRONMENT = {"RAYON_NUM_THREADS": "1"}


def run_child(
    command: list[str],
    data: bytes,
    *,
    timeout_s: float,
    most_bytes: int = MOST_OUTPUT_BYTES,
    clock: Callable[[], float] = time.monotonic,
) -> bytes:
    """What the command writes to stdout when `data` is its stdin.

    The child has a session of its own, so that Ctrl-C reaches it through us only, and
    is the first that the kernel kills when memory runs out (proc(5), oom_score_adj).

    Raises:
        NotAvailable: it could not start, failed, took too long or wrote too much. It
            does not run any more then.
    """
    try:
        process = _start(command)
    except OSError as error:
        raise _failure(command, f"does not start: {error.strerror}") from None
    with process:
        try:
            deadline = clock() + timeout_s
            output, complaint = _exchange(process, data, most_bytes, lambda: deadline - clock())
            code = process.wait(max(0.0, deadline - clock()))
        except (TimeoutError, subprocess.TimeoutExpired):
            raise _failure(command, f"took longer than {timeout_s:g} s") from None
        except OverflowError:
            raise _failure(command, f"wrote more than {most_bytes} bytes") from None
        finally:
            _kill(process)
    if code != 0:
        reason = shorten(complaint.decode(errors="replace"), LONGEST_COMPLAINT)
        raise _failure(command, f"ended with code {code}: {reason}")
    return output


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    process = subprocess.Popen(  # noqa: S603 - our own command line, no shell
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=kept | GENTLE_ENVIRONMENT,
        start_new_session=True,
    )
    with suppress(OSError):
        Path(f"/proc/{process.pid}/oom_score_adj").write_text(FIRST_TO_DIE, encoding="ascii")
    return process


def _exchange(
    process: subprocess.Popen[bytes], data: bytes, most_bytes: int, left_s: Callable[[], float]
) -> tuple[bytes, bytes]:
    """Write and read at once, until both outputs end: stdout, and the start of stderr."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    output, complaint, unsent = bytearray(), bytearray(), bytearray(data)
    with selectors.DefaultSelector() as selector:
        os.set_blocking(process.stdin.fileno(), False)
        selector.register(process.stdin, selectors.EVENT_WRITE, partial(_write, unsent))
        selector.register(process.stdout, selectors.EVENT_READ, partial(_read, output))
        selector.register(process.stderr, selectors.EVENT_READ, partial(_read, complaint))
        while selector.get_map():
            ready = selector.select(max(0.0, left_s()))
            if left_s() <= 0:
                raise TimeoutError
            for key, _ in ready:
                if not key.data(key.fd):
                    selector.unregister(key.fileobj)
                    cast("IO[bytes]", key.fileobj).close()
            if len(output) > most_bytes:
                raise OverflowError
            del complaint[MOST_COMPLAINT_BYTES:]
    return bytes(output), bytes(complaint)


def _write(unsent: bytearray, fd: int) -> bool:
    """Send some; whether there is more to send and somebody who reads it."""
    try:
        del unsent[: os.write(fd, unsent[:CHUNK_BYTES])]
    except BrokenPipeError:
        return False
    return bool(unsent)


def _read(into: bytearray, fd: int) -> bool:
    """Take what is there; whether there may come more."""
    chunk = os.read(fd, CHUNK_BYTES)
    into += chunk
    return bool(chunk)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started, if it still runs."""
    if process.poll() is None:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()  # also where the group is not ours to kill: the caller waits for it


def _failure(command: list[str], what: str) -> NotAvailable:
    program = Path(command[0]).name
    return NotAvailable(f"drawing failed: {program} {what}; format=text and format=dot work")
