"""The tests that have left most memory behind, at the end of the run."""

from dataclasses import dataclass

import pytest
from _pytest.terminal import TerminalReporter

from leakprobe.capture.in_use import read_memory_in_use
from leakprobe.render.units import count_text
from leakprobe.testing.plugin.outcome import GROWTH, LEAKED, THRESHOLD
from leakprobe.testing.plugin.watch import WORTH_SHOWING_SHARE

__all__ = ["GrowthSummary"]

MOST_ROWS = 10


@dataclass(frozen=True, slots=True)
class Row:
    """A test whose growth is worth a line."""

    growth_mb: float
    threshold_mb: float
    leaked: bool


class GrowthSummary:
    """Reads each test's properties from its report, which comes from other processes too."""

    def __init__(self) -> None:
        self._run: set[str] = set()
        self._watched: set[str] = set()
        self._rows: dict[str, Row] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Of several attempts at a test the last one counts."""
        if report.when != "teardown":
            return
        self._run.add(report.nodeid)
        found = dict(report.user_properties)
        self._rows.pop(report.nodeid, None)
        if GROWTH not in found:
            return
        self._watched.add(report.nodeid)
        row = Row(_number(found[GROWTH]), _number(found[THRESHOLD]), found[LEAKED] is True)
        if row.leaked or row.growth_mb > row.threshold_mb * WORTH_SHOWING_SHARE:
            self._rows[report.nodeid] = row

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """One line where nothing has grown; a table of the worst tests where something has."""
        if not self._run:
            return
        leaks = sum(row.leaked for row in self._rows.values())
        watched = count_text(len(self._watched), "test")
        by = read_memory_in_use().by
        total = f"{watched} watched, {count_text(leaks, 'leak')} (memory in use, from {by})"
        if not self._rows:
            terminalreporter.write_line(f"memory growth: {total}")
            return
        terminalreporter.write_sep("=", "memory growth")
        worst = sorted(self._rows.items(), key=lambda one: (-one[1].leaked, -one[1].growth_mb))
        for nodeid, row in worst[:MOST_ROWS]:
            terminalreporter.write_line(_line(nodeid, row), red=row.leaked)
        if len(worst) > MOST_ROWS:
            terminalreporter.write_line(f"and {count_text(len(worst) - MOST_ROWS, 'test')} more")
        terminalreporter.write_line(total)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _line(nodeid: str, row: Row) -> str:
    mark = "LEAK" if row.leaked else ""
    return f"{mark:<5}{row.growth_mb:+9.2f} MB (threshold: {row.threshold_mb:.2f} MB)  {nodeid}"
