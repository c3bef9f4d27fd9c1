"""What the measurements of one or two ways say about a hypothesis."""

from collections.abc import Sequence

from leakprobe.model.audit import AuditRow, AuditVerdict, AuditWay
from leakprobe.model.calls import BYTES_PER_MB, CallsReport, CallSuspect

__all__ = ["judge_hypothesis", "measured_way"]

CALLS = 1000


def measured_way(
    label: str, report: CallsReport | None = None, failed: str | None = None
) -> AuditWay:
    """A way with its growth in megabytes per 1,000 iterations."""
    growth = None if report is None else report.growth.bytes * CALLS / BYTES_PER_MB
    return AuditWay(label, growth, report, failed)


def judge_hypothesis(name: str, note: str, ways: Sequence[AuditWay]) -> AuditRow:
    """One row of the table.

    Args:
        name: of the hypothesis.
        note: of the hypothesis.
        ways: the suspected way, and the one that should be right where there is one.
    """
    suspected, protected = ways[0], ways[1] if len(ways) > 1 else None
    verdict, reason = _verdict(suspected, protected)
    worst = _worst(ways)
    return AuditRow(
        name=name,
        verdict=verdict,
        reason=reason,
        mb_per_1000_iterations=suspected.mb_per_1000_iterations,
        protected_mb_per_1000_iterations=protected.mb_per_1000_iterations if protected else None,
        resource=worst.resource if worst else None,
        site=worst.site if worst else None,
        type=worst.types[0].type if worst and worst.types else None,
        holder=worst.holders[0].text if worst and worst.holders else None,
        note=note,
        ways=tuple(ways),
    )


def _verdict(suspected: AuditWay, protected: AuditWay | None) -> tuple[AuditVerdict, str]:
    state = _state(suspected)
    if state is None:
        return "not_testable", suspected.failed or "not measured"
    if protected is None:
        return VERDICTS[state], _reason(suspected)
    other = _state(protected)
    if state == "leak":
        return _of_leak(protected, suspected, other)
    if other == "leak":
        return "confirmed", f"{protected.label} leaks: {_reason(protected)}; not {suspected.label}"
    if other is None:
        return VERDICTS[state], f"{_reason(suspected)}; {protected.label} {protected.failed}"
    if state == "no_leak" and other != "no_leak":
        return VERDICTS[other], f"{protected.label}: {_reason(protected)}"
    return VERDICTS[state], _reason(suspected)


def _of_leak(
    protected: AuditWay, suspected: AuditWay, other: str | None
) -> tuple[AuditVerdict, str]:
    """The suspected way leaks: what does the other one do?"""
    reason = f"{suspected.label}: {_reason(suspected)}"
    if other == "no_leak":
        return "protected", f"{reason}; not {protected.label}"
    if other == "leak":
        return "confirmed", f"{reason}; {protected.label} leaks too: {_reason(protected)}"
    if other is None:
        return "confirmed", f"{reason}; {protected.label} {protected.failed}"
    return "confirmed", f"{reason}; {protected.label} is not proven: {_reason(protected)}"


VERDICTS: dict[str, AuditVerdict] = {
    "leak": "confirmed",
    "no_leak": "no_leak",
    "suspect": "not_proven",
    "inconclusive": "not_proven",
}


def _state(way: AuditWay) -> str | None:
    return way.report.verdict.state if way.report else None


def _reason(way: AuditWay) -> str:
    return way.report.verdict.reason if way.report else way.failed or ""


def _worst(ways: Sequence[AuditWay]) -> CallSuspect | None:
    """Of the first way that leaks; where none does, of the first that has a suspect."""
    leaky_first = sorted(ways, key=lambda way: _state(way) != "leak")
    found = (suspect for way in leaky_first if way.report for suspect in way.report.suspects)
    return next(found, None)
