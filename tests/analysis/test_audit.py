"""What the states of one or two ways make of a hypothesis."""

from dataclasses import replace

import pytest

from leakprobe.analysis.audit import judge_hypothesis, measured_way
from leakprobe.model.audit import AuditWay
from leakprobe.model.verdict import State
from tests.audits import report


def way(label: str, state: State | None) -> AuditWay:
    if state is None:
        return measured_way(label, failed="died with SIGSEGV")
    return measured_way(label, report(state))


@pytest.mark.parametrize(
    ("suspected", "protected", "verdict"),
    [
        ("leak", "no_leak", "protected"),
        ("leak", "leak", "confirmed"),
        ("leak", "suspect", "confirmed"),
        ("leak", "inconclusive", "confirmed"),
        ("leak", None, "confirmed"),
        ("no_leak", "no_leak", "no_leak"),
        ("no_leak", "leak", "confirmed"),
        ("no_leak", "suspect", "not_proven"),
        ("no_leak", "inconclusive", "not_proven"),
        ("no_leak", None, "no_leak"),
        ("suspect", "leak", "confirmed"),
        ("suspect", "no_leak", "not_proven"),
        ("inconclusive", "no_leak", "not_proven"),
        (None, "no_leak", "not_testable"),
        (None, "leak", "not_testable"),
        (None, None, "not_testable"),
    ],
)
def test_the_verdict_of_a_pair(
    suspected: State | None, protected: State | None, verdict: str
) -> None:
    row = judge_hypothesis("name", "note", [way("as it is", suspected), way("as meant", protected)])
    assert (row.name, row.note, row.verdict) == ("name", "note", verdict)
    failed = [label for label, s in (("as it is", suspected), ("as meant", protected)) if s is None]
    assert ("died with SIGSEGV" in row.reason) == bool(failed)
    assert row.mb_per_1000_iterations == (None if suspected is None else 2.0)
    assert row.protected_mb_per_1000_iterations == (None if protected is None else 2.0)


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("leak", "confirmed"),
        ("no_leak", "no_leak"),
        ("suspect", "not_proven"),
        ("inconclusive", "not_proven"),
        (None, "not_testable"),
    ],
)
def test_the_verdict_of_one_way(state: State | None, verdict: str) -> None:
    row = judge_hypothesis("name", "", [way("only", state)])
    assert row.verdict == verdict
    assert row.protected_mb_per_1000_iterations is None


def test_line_type_and_holder_are_those_of_the_way_that_leaks() -> None:
    fine = replace(report("suspect"), suspects=())
    row = judge_hypothesis("name", "", [measured_way("a", fine), measured_way("b", report("leak"))])
    assert row.site is not None
    assert (row.site.file, row.site.line) == ("/srv/app.py", 42)
    assert (row.type, row.holder, row.resource) == ("app.Task", "app.results[…]", "python")
    assert "b leaks" in row.reason
