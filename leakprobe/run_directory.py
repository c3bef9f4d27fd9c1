"""The one directory in which we keep files: found, created and checked.

It holds the token, so it must be private to its user. The temporary directory is
everybody's: somebody else may have made a directory of our name there, or put a
symlink in its place. So it is opened without following a link, checked through the
descriptor, and used through the descriptor; what was checked is what is used.
Permissions of a directory that is there already are never changed.
"""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leakprobe.errors import LeakprobeError, shorten

__all__ = ["DirectoryRefused", "directory_path", "private_directory"]

OPENING = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class DirectoryRefused(LeakprobeError):
    """Nothing can be kept in the directory: it is not private, or cannot be used.

    Args:
        path: the directory.
        reason: why, and what would help.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"directory {shorten(repr(path), 200)}: {reason}")


def directory_path(setting: str | None) -> str:
    """Where the directory is: the setting, else `leakprobe-<uid>` in the temporary directory.

    The path is absolute, so that a later chdir(2) changes nothing. Nothing is opened.
    """
    if setting is not None:
        return str(Path(setting).absolute())
    return str(Path(tempfile.gettempdir(), f"leakprobe-{os.geteuid()}").absolute())


@contextmanager
def private_directory(path: str, *, create: bool = True) -> Iterator[int]:
    """A descriptor of the directory, for `dir_fd=`; it is closed at the end.

    Args:
        path: what `directory_path` gave.
        create: make it, with mode 0700, where it is missing.

    Raises:
        DirectoryRefused: it is a symlink, belongs to somebody else, is open to others or
            cannot be made; or a system call inside the `with` block failed.
    """
    try:
        descriptor = _open(path, create)
        try:
            _check(path, os.fstat(descriptor))
            yield descriptor
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DirectoryRefused(path, f"cannot be used: {_words(error)}") from error


def _open(path: str, create: bool) -> int:
    # Path() drops a slash at the end, which would make the kernel follow a symlink
    # in spite of O_NOFOLLOW: path_resolution(7).
    name = Path(path)
    try:
        return os.open(name, OPENING)
    except FileNotFoundError:
        if not create:
            raise
        name.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(name, OPENING)
    except NotADirectoryError as error:
        if name.is_symlink():
            raise DirectoryRefused(path, "is a symlink; name the directory itself") from error
        raise


def _check(path: str, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise DirectoryRefused(path, f"belongs to user {found.st_uid}; name another directory")
    if found.st_mode & OPEN_TO_OTHERS:
        mode = stat.S_IMODE(found.st_mode)
        raise DirectoryRefused(path, f"is open to others (mode {mode:04o}); chmod 700 it")


def _words(error: OSError) -> str:
    return error.strerror or type(error).__name__
