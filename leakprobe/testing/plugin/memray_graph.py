"""A flame graph of what a test has allocated and left behind, drawn by memray.

Each test is recorded from its setup to the end of its teardown. The recording of an
innocent one is thrown away; of a guilty one memray's own command draws what was not freed,
in a process of its own, since drawing takes memory and time. memray loses as many of the
outermost frames as its start returns from, which are pytest's.
"""

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from leakprobe.errors import LeakprobeError, NotAvailable
from leakprobe.extras import require

if TYPE_CHECKING:
    from memray import Tracker

__all__ = ["MemrayGraphs", "graph_name", "refuse_pytest_memray"]

EXTRA = "memray"
# pytest-memray records a test itself where it has one of these.
ITS_MARKERS = frozenset({"limit_memory", "limit_leaks", "limit_leaked_objects"})
ONLY_ONE = (
    "memray records a process only once at a time, and {who} does it already: leave out one of them"
)
LONGEST_NAME = 120
DIGEST_DIGITS = 8
DEADLINE_S = 300
REFUSED_ARGUMENT = 2


class MemrayGraphs:
    """Records tests with memray, and draws those that leak.

    Python's own allocator is looked through (`trace_python_allocators`), so that what is
    freed inside of one of its arenas counts as freed.

    Args:
        directory: where the graphs go; it is made when there is one.

    Raises:
        NotAvailable: memray is not installed, or records this process already.
    """

    def __init__(self, directory: Path) -> None:
        require(EXTRA)
        self._directory = directory
        self._scratch: TemporaryDirectory[str] | None = None
        self._tracker: Tracker | None = None
        _refuse_a_second()

    def start(self, item: pytest.Item) -> None:
        """Record from here on, unless pytest-memray is about to.

        Raises:
            NotAvailable: pytest-memray records every test of this run.
        """
        refuse_pytest_memray(item.config)
        if any(mark.name in ITS_MARKERS for mark in item.iter_markers()):
            return
        scratch = TemporaryDirectory(prefix="leakprobe-memray-")
        self._tracker = _recording(Path(scratch.name))
        if self._tracker is None:
            scratch.cleanup()
        else:
            self._scratch = scratch

    def finish(self, item: pytest.Item, guilty: bool) -> Path | None:
        """The end of what is recorded.

        Args:
            item: the test.
            guilty: whether to draw a graph.

        Returns:
            The graph's file; None: the test is innocent, or was not recorded.

        Raises:
            LeakprobeError: memray could not draw it.
        """
        tracker, scratch = self._tracker, self._scratch
        self._tracker = self._scratch = None
        if tracker is None or scratch is None:
            return None
        with scratch:
            tracker.__exit__(None, None, None)
            if not guilty:
                return None
            self._directory.mkdir(parents=True, exist_ok=True)
            graph = self._directory / graph_name(item.nodeid)
            _draw(_recorded(Path(scratch.name)), graph)
        return graph


def refuse_pytest_memray(config: pytest.Config) -> None:
    """See that pytest-memray does not record every test.

    Raises:
        NotAvailable: it does.
    """
    try:
        asked = config.getoption("memray", None) or config.getini("memray")
    except ValueError:  # it is not installed
        return
    if asked:
        raise NotAvailable(ONLY_ONE.format(who="pytest-memray (--memray)"))


def graph_name(nodeid: str) -> str:
    """A file name that is allowed everywhere, and is another one for each test."""
    readable = re.sub(r"[^\w.-]+", "-", nodeid, flags=re.ASCII).strip("-.")[-LONGEST_NAME:]
    digest = hashlib.sha256(nodeid.encode(errors="surrogatepass")).hexdigest()[:DIGEST_DIGITS]
    return f"{readable}-{digest}.html"


def _recorded(scratch: Path) -> Path:
    return scratch / "recording.bin"


def _recording(scratch: Path) -> "Tracker | None":
    """A tracker that records; None where another one does."""
    import memray

    tracker = memray.Tracker(
        _recorded(scratch), native_traces=False, follow_fork=False, trace_python_allocators=True
    )
    try:
        tracker.__enter__()
    except RuntimeError:  # memray refuses a second tracker so
        return None
    return tracker


def _refuse_a_second() -> None:
    with TemporaryDirectory(prefix="leakprobe-memray-") as scratch:
        tracker = _recording(Path(scratch))
        if tracker is None:
            raise NotAvailable(ONLY_ONE.format(who="`memray run` or somebody else"))
        tracker.__exit__(None, None, None)


def _draw(recording: Path, graph: Path) -> None:
    """Have memray draw what was not freed; without the network, where it can."""
    command = [sys.executable, "-m", "memray", "flamegraph", "--leaks", "--force"]
    files = ["--output", str(graph), str(recording)]
    ended = _run([*command, "--no-web", *files])
    if ended.returncode == REFUSED_ARGUMENT:  # memray older than 1.16
        ended = _run([*command, *files])
    if ended.returncode != 0:
        said = (ended.stderr or ended.stdout).strip().splitlines() or ["nothing"]
        raise LeakprobeError(f"memray could not draw {graph.name}: {said[-1]}")


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # this interpreter, with a module's name and two files
        command, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
