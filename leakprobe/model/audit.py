"""Suspected leaks, measured one by one: what became of each hypothesis."""

from dataclasses import dataclass
from typing import Literal

from leakprobe.model.calls import CallsReport
from leakprobe.model.verdict import Resource, Site

__all__ = ["AuditReport", "AuditRow", "AuditVerdict", "AuditWay"]

# `confirmed`: it leaks; `protected`: the suspected way leaks, and the other one does not;
# `not_proven`: it grows, or was too short a look, and the evidence does not suffice;
# `not_testable`: something is not here, or the code raised, crashed or hung.
AuditVerdict = Literal["confirmed", "protected", "no_leak", "not_proven", "not_testable"]


@dataclass(frozen=True, slots=True)
class AuditWay:
    """One way of doing the work, measured in a process of its own.

    Attributes:
        label: what the way is called; empty where it is the only one without a name.
        mb_per_1000_iterations: growth of memory in use, in units of 1,000,000 bytes; None:
            it was not measured.
        report: all that was found; None where the code could not be judged.
        failed: why not, in one line.
    """

    label: str
    mb_per_1000_iterations: float | None
    report: CallsReport | None
    failed: str | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One hypothesis.

    Attributes:
        name: as the script has it.
        verdict: what became of it.
        reason: why, in one line; what to do, where something is not here.
        mb_per_1000_iterations: of the suspected way.
        protected_mb_per_1000_iterations: of the other way, where there is one.
        resource: of the worst suspect.
        site: where that was allocated.
        type: what it consists of most.
        holder: what keeps most of it alive.
        note: as the script has it.
        ways: the suspected way, and the protected one where there is one.
    """

    name: str
    verdict: AuditVerdict
    reason: str
    mb_per_1000_iterations: float | None
    protected_mb_per_1000_iterations: float | None
    resource: Resource | None
    site: Site | None
    type: str | None
    holder: str | None
    note: str
    ways: tuple[AuditWay, ...]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """Every hypothesis of a script, in its order."""

    script: str
    seconds: float
    rows: tuple[AuditRow, ...]
