"""The bearer token that is kept in the run directory, for all processes of one user.

Workers start together, so two of them may find no token at the same moment. A token
is written whole under a name of its own and then linked to its real one, which link(2)
does for exactly one of them; the others read what that one wrote. A lock covers the
case that link(2) cannot: replacing a file that is not acceptable.
"""

import fcntl
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from leakprobe.run_directory import DirectoryRefused, private_directory

__all__ = ["load_or_create_token", "new_token", "read_token", "token_file"]

NAME = "token"
TOKEN_BYTES = 32
ACCEPTABLE = re.compile(rb"([\x21-\x7e]{16,512})\n?")
LONGEST_FILE = 514
# O_NONBLOCK: opening a FIFO that somebody put there must not wait for a writer.
READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
WRITING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
ATTEMPTS = 5
LOCK_ATTEMPTS = 50
LOCK_PAUSE_S = 0.01


def new_token() -> str:
    """A random token of 256 bits that can stand in a header and in a shell command."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_file(directory: str) -> str:
    """The path of the file with the token."""
    return str(Path(directory, NAME))


def read_token(directory: str) -> str | None:
    """The token in the directory; None where there is no acceptable one.

    Raises:
        DirectoryRefused: the directory is missing or not private.
    """
    with private_directory(directory, create=False) as dir_fd:
        return _read(dir_fd)


def load_or_create_token(directory: str, *, sleep: Callable[[float], None] = time.sleep) -> str:
    """The token in the directory, a new one where there is none.

    A file that is a symlink, not a regular file, somebody else's, readable by others or
    without a sensible content is not accepted; a new one takes its place.

    Args:
        directory: what `directory_path` gave.
        sleep: waits while another process is at it.

    Raises:
        DirectoryRefused: the token cannot be kept there. A random one in memory can be
            read by nobody, so the user should be told to set one.
    """
    with private_directory(directory) as dir_fd, _locked(dir_fd, sleep):
        for _ in range(ATTEMPTS):
            token = _read(dir_fd) or _create(dir_fd)
            if token is not None:
                return token
    raise DirectoryRefused(directory, f"the file {NAME!r} in it changes all the time")


def _read(dir_fd: int) -> str | None:
    try:
        descriptor = os.open(NAME, READING, dir_fd=dir_fd)
    except OSError:
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            return None
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            return None
        match = ACCEPTABLE.fullmatch(os.read(descriptor, LONGEST_FILE))
        return match[1].decode("ascii") if match else None
    finally:
        os.close(descriptor)


def _create(dir_fd: int) -> str | None:
    """Put a new token where no acceptable one is; None where somebody else was faster."""
    token = new_token()
    temporary = f".{NAME}-{secrets.token_hex(8)}"
    descriptor = os.open(temporary, WRITING, 0o600, dir_fd=dir_fd)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(token.encode("ascii") + b"\n")
        if _read(dir_fd) is None:
            with suppress(FileNotFoundError):
                os.unlink(NAME, dir_fd=dir_fd)
        os.link(temporary, NAME, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
    except FileExistsError:
        return None
    finally:
        os.unlink(temporary, dir_fd=dir_fd)
    return token


@contextmanager
def _locked(dir_fd: int, sleep: Callable[[float], None]) -> Iterator[None]:
    """Hold flock(2) on the directory, as far as that can be had within half a second.

    The application must not hang at its start because a sibling was stopped in here, or
    because a file system knows no locks.
    """
    for _ in range(LOCK_ATTEMPTS):
        try:
            fcntl.flock(dir_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            sleep(LOCK_PAUSE_S)
        except OSError:
            break
    try:
        yield
    finally:
        # A fork in another thread copied the descriptor, so closing ours does not unlock.
        with suppress(OSError):
            fcntl.flock(dir_fd, fcntl.LOCK_UN)
