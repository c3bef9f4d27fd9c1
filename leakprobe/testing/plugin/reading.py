"""Bytes in use, and what has to be done for them to mean something."""

import contextlib
from functools import cache

from leakprobe.capture.in_use import read_memory_in_use
from leakprobe.capture.trim import trim
from leakprobe.errors import NotAvailable

__all__ = ["hand_back", "read_bytes"]


def read_bytes() -> int:
    """Bytes in use (`leakprobe.capture.in_use`)."""
    return read_memory_in_use().bytes


def hand_back() -> None:
    """Where only the resident set is known: hand memory that nobody uses back to the system.

    Else what one test has freed would hide the leak of the next, and would look like one.
    """
    if _resident_set():
        with contextlib.suppress(NotAvailable):
            trim()


@cache
def _resident_set() -> bool:
    return read_memory_in_use().by == "resident set"
