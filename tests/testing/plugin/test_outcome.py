"""When growth is a leak, and the words for it."""

import pytest

from leakprobe.testing.plugin.iterations import RepetitionVerdict
from leakprobe.testing.plugin.markers import Limits
from leakprobe.testing.plugin.outcome import Outcome, failure_text, judge, report_text

MB = 1_000_000
LIMITS = Limits(judged=True, threshold_mb=5.0, iterations=1)
LEAK = RepetitionVerdict("leak", 2.0 * MB, 10, "grew by 2.00 MB per iteration", 20 * MB)
CACHE = RepetitionVerdict("levels off", 0.0, 10, "grew in the first iteration only", 9 * MB)
ONCE = RepetitionVerdict("no growth", 0.0, 1, "not repeated: it returns something", 0)


@pytest.mark.parametrize(
    ("growth_bytes", "repetition", "leaked"),
    [
        (5 * MB, None, False),
        (5 * MB + 1, None, True),
        (-8 * MB, None, False),
        (20 * MB, LEAK, True),
        (4 * MB, LEAK, False),
        (6 * MB, LEAK, False),  # the rest of it went with the fixtures
        (9 * MB, CACHE, False),
        (15 * MB, CACHE, True),  # 6 MB of that are the fixtures'
        (1 * MB, CACHE, False),
        (6 * MB, ONCE, True),
    ],
)
def test_what_is_a_leak(
    growth_bytes: int, repetition: RepetitionVerdict | None, leaked: bool
) -> None:
    assert judge(growth_bytes, LIMITS, repetition).leaked is leaked


def test_a_failure_is_two_lines() -> None:
    outcome = Outcome(growth_mb=8.42, threshold_mb=5.0, leaked=True, repetition=None)
    assert failure_text(outcome, "Run with --leak-report for details.") == (
        "Memory leak detected: 8.42 MB growth (threshold: 5.00 MB).\n"
        "Run with --leak-report for details."
    )


def test_a_report_says_lines_and_holders() -> None:
    outcome = Outcome(growth_mb=8.42, threshold_mb=5.0, leaked=True, repetition=LEAK)
    rule = "=" * 70
    said = report_text("test_x.py::test", outcome, ["+3.24 MB: /x.py:123"], ["x.cache: dict"])
    assert said.splitlines() == [
        "Memory leak detected: 8.42 MB growth (threshold: 5.00 MB).",
        rule,
        "MEMORY LEAK DETECTED: test_x.py::test",
        "Memory growth: 8.42 MB (threshold: 5.00 MB)",
        "Body repeated 10 times: grew by 2.00 MB per iteration",
        rule,
        "",
        "Top 10 memory allocations:",
        "  +3.24 MB: /x.py:123",
        "",
        "Held by:",
        "  x.cache: dict",
    ]


def test_a_report_without_lines_says_so() -> None:
    outcome = Outcome(growth_mb=8.42, threshold_mb=5.0, leaked=True, repetition=None)
    said = report_text("test_x.py::test", outcome, [], [])
    assert said.endswith("Top 10 memory allocations:\n  none of Python: C code has allocated it")
