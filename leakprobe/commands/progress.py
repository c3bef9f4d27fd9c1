"""One line on a terminal that says what is going on; nothing anywhere else."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from leakprobe.render.plain import fit, plain

__all__ = ["progress_line"]

WIDTH = 79
ERASE = "\r\x1b[K"


@contextmanager
def progress_line(text: str, stream: TextIO | None = None) -> Iterator[None]:
    """Show the text for as long as the block lasts, and then erase it.

    Args:
        text: what is going on.
        stream: where to; None: stderr.
    """
    where = sys.stderr if stream is None else stream
    if not where.isatty():
        yield
        return
    where.write(ERASE + fit(plain(text), WIDTH))
    where.flush()
    try:
        yield
    finally:
        where.write(ERASE)
        where.flush()
