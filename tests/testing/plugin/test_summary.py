"""The last lines of a run: one where nothing has grown, the worst tests where something has."""

from typing import cast

import pytest
from _pytest.terminal import TerminalReporter

from leakprobe.testing.plugin.outcome import GROWTH, LEAKED, THRESHOLD
from leakprobe.testing.plugin.summary import GrowthSummary


class Terminal:
    """Collects what is written."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write_line(self, line: str, **markup: bool) -> None:
        self.lines.append(line)

    def write_sep(self, sep: str, title: str) -> None:
        self.lines.append(f"{sep} {title}")


def report(name: str, growth_mb: float | None, *, leaked: bool = False) -> pytest.TestReport:
    properties: list[tuple[str, object]] = [("of", "another plugin")]
    if growth_mb is not None:
        properties += [(GROWTH, growth_mb), (THRESHOLD, 5.0), (LEAKED, leaked)]
    return pytest.TestReport(
        name, ("test.py", 1, name), {}, "passed", None, "teardown", user_properties=properties
    )


def summary(*reports: pytest.TestReport) -> list[str]:
    terminal, found = Terminal(), GrowthSummary()
    for one in reports:
        found.pytest_runtest_logreport(one)
    found.pytest_terminal_summary(cast("TerminalReporter", terminal))
    return [line.partition(" (memory in use")[0] for line in terminal.lines]


def test_nothing_is_said_where_nothing_ran() -> None:
    assert summary() == []


def test_one_line_where_nothing_has_grown() -> None:
    said = summary(report("a", 0.01), report("b", -3.0), report("c", None))
    assert said == ["memory growth: 2 tests watched, 0 leaks"]


def test_leaks_come_first_then_what_grew_most() -> None:
    said = summary(report("a", 4.0), report("b", 8.42, leaked=True), report("c", 9.0))
    assert said == [
        "= memory growth",
        "LEAK     +8.42 MB (threshold: 5.00 MB)  b",
        "         +9.00 MB (threshold: 5.00 MB)  c",
        "         +4.00 MB (threshold: 5.00 MB)  a",
        "3 tests watched, 1 leak",
    ]


def test_no_more_than_ten_tests_are_listed() -> None:
    said = summary(*(report(f"test_{n}", 2.0 + n) for n in range(13)))
    assert len(said) == 13
    assert said[-2:] == ["and 3 tests more", "13 tests watched, 0 leaks"]


def test_of_several_attempts_the_last_one_counts() -> None:
    said = summary(report("a", 8.42, leaked=True), report("a", 0.0))
    assert said == ["memory growth: 1 test watched, 0 leaks"]
