"""What is said of one test's memory: the verdict, its properties, the words of its failure."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from leakprobe.model.calls import BYTES_PER_MB
from leakprobe.testing.plugin.iterations import RepetitionVerdict
from leakprobe.testing.plugin.markers import Limits

__all__ = ["GROWTH", "LEAKED", "THRESHOLD", "Outcome", "judge", "note"]

# Names of the properties that reports and JUnit files have.
GROWTH, THRESHOLD, LEAKED = "leak_growth_mb", "leak_threshold_mb", "leak_detected"
DECIMALS = 4
RULE = "=" * 70


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a test has left behind.

    Attributes:
        growth_mb: from before its setup to after its teardown; negative where it shrank.
        threshold_mb: what it may leave behind.
        leaked: whether it fails.
        repetition: what repeating its body has shown; None: it ran once.
    """

    growth_mb: float
    threshold_mb: float
    leaked: bool
    repetition: RepetitionVerdict | None


def judge(growth_bytes: int, limits: Limits, repetition: RepetitionVerdict | None) -> Outcome:
    """Whether growth is a leak: above the threshold, and repeated where the body was.

    What grew in each iteration and went with the fixtures is none; what the fixtures
    themselves left behind is judged by the threshold alone.
    """
    threshold_bytes = limits.threshold_mb * BYTES_PER_MB
    leaked = growth_bytes > threshold_bytes
    if leaked and repetition is not None and repetition.iterations > 1:
        repeated_bytes = repetition.bytes_per_iteration * repetition.iterations
        by_body = repetition.state == "leak" and growth_bytes >= repeated_bytes / 2
        leaked = by_body or growth_bytes - repetition.growth_bytes > threshold_bytes
    return Outcome(growth_bytes / BYTES_PER_MB, limits.threshold_mb, leaked, repetition)


def note(item: pytest.Item, outcome: Outcome | None) -> None:
    """Make it the test's properties, in place of those of an attempt before."""
    properties = item.user_properties
    properties[:] = [one for one in properties if one[0] not in {GROWTH, THRESHOLD, LEAKED}]
    if outcome is not None:
        properties += [
            (GROWTH, round(outcome.growth_mb, DECIMALS)),
            (THRESHOLD, outcome.threshold_mb),
            (LEAKED, outcome.leaked),
        ]


def failure_text(outcome: Outcome, hint: str) -> str:
    """The failure of a test that leaks, without a report; `hint` is its last line."""
    return "\n".join([_headline(outcome), *_repeated(outcome), hint])


def report_text(nodeid: str, outcome: Outcome, rows: Sequence[str], holders: Sequence[str]) -> str:
    """The failure of a test that leaks, with the lines that allocated and what holds it."""
    sizes = f"{outcome.growth_mb:.2f} MB (threshold: {outcome.threshold_mb:.2f} MB)"
    block = [RULE, f"MEMORY LEAK DETECTED: {nodeid}", f"Memory growth: {sizes}"]
    allocations = [f"  {row}" for row in rows] or ["  none of Python: C code has allocated it"]
    lines = [
        _headline(outcome),
        *block,
        *_repeated(outcome),
        RULE,
        "",
        "Top 10 memory allocations:",
    ]
    lines += allocations
    if holders:
        lines += ["", "Held by:", *(f"  {holder}" for holder in holders)]
    return "\n".join(lines)


def _headline(outcome: Outcome) -> str:
    return (
        f"Memory leak detected: {outcome.growth_mb:.2f} MB growth"
        f" (threshold: {outcome.threshold_mb:.2f} MB)."
    )


def _repeated(outcome: Outcome) -> list[str]:
    found = outcome.repetition
    if found is None:
        return []
    times = "Body" if found.iterations == 1 else f"Body repeated {found.iterations} times:"
    return [f"{times} {found.text}"]
