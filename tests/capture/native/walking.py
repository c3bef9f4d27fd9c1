"""Walks for the tests of the native core: spawn, wait, read, without what leakprobe adds."""

import os
from select import poll

from leakprobe.capture.heap.layout import TypeTally, WalkResult
from leakprobe.capture.heap.result import decode
from leakprobe.capture.native import heap_walk_missing

if (
    heap_walk_missing() is None
):  # elsewhere the tests are skipped, and this is imported all the same
    from leakprobe.capture._native import _heap

__all__ = ["ENOUGH", "WalkEnded", "finish", "tally", "wait", "walk"]

ENOUGH = 1 << 30
PATIENCE_MS = 60_000


class WalkEnded(Exception):
    """The child ended without a result.

    Attributes:
        ended: how.
    """

    def __init__(self, ended: "_heap.Ended") -> None:
        super().__init__(f"exit code {ended.exit_code}, signal {ended.signal}")
        self.ended = ended


def walk(memory_budget: int = ENOUGH, **asked: object) -> WalkResult:
    """One walk, from the clone to the decoded result.

    Raises:
        WalkEnded: the child did not end with 0.
    """
    return finish(_heap.spawn(memory_budget=memory_budget, **asked))  # type: ignore[arg-type]  # handed on as they come


def finish(child: "_heap.Child") -> WalkResult:
    """What a child found; it is waited for and its descriptors are closed.

    Raises:
        WalkEnded: it did not end with 0.
    """
    try:
        ended = wait(child)
        if ended.exit_code != 0:
            raise WalkEnded(ended)
        return decode(os.pread(child.result, os.fstat(child.result).st_size, 0))
    finally:
        os.close(child.process)
        os.close(child.result)


def wait(child: "_heap.Child") -> "_heap.Ended":
    """Wait for the end of a child by its pidfd, then reap it."""
    waiting = poll()
    waiting.register(child.process)
    assert waiting.poll(PATIENCE_MS), "the child is still there"
    return _heap.reap(child.pid)


def tally(result: WalkResult, name: str) -> TypeTally:
    """The only type of that name; all zeros where there is none."""
    rows = [row for row in result.types if row.name == name]
    assert len(rows) < 2, f"{len(rows)} types are called {name}"
    return rows[0] if rows else TypeTally(name, *(0,) * 9)
