"""Reports and audits for tests that need some."""

from leakprobe.analysis.audit import judge_hypothesis, measured_way
from leakprobe.model.audit import AuditReport
from leakprobe.model.calls import CallGrowth, CallsReport, CallSuspect, CallsVerdict
from leakprobe.model.memory import Frame
from leakprobe.model.verdict import Site, State, SuspectHolder, SuspectType

SITE = Site("/srv/app.py", 42, "handle", (Frame("/srv/app.py", 42, "handle"),))


def report(state: State) -> CallsReport:
    """2 kB per call; whether it is said to leak is the state."""
    verdict = CallsVerdict(state, "python", 0.99, "grew in 8 of 8 windows", 7)
    suspects = () if state in ("no_leak", "inconclusive") else (suspect(state),)
    growth = CallGrowth(2000.0, "allocators", 0.0, 0.0, 0.0, 0.0)
    return CallsReport("app:handle", verdict, 200, 20, 220, 0.5, growth, suspects)


def suspect(state: State) -> CallSuspect:
    """A task that a dictionary keeps."""
    return CallSuspect(
        rank=1,
        fingerprint="9f2c",
        resource="python",
        state=state,
        confidence=0.99,
        bytes=400_000,
        objects=200,
        bytes_per_call=2000.0,
        objects_per_call=1.0,
        site=SITE,
        types=(SuspectType("app.Task", 200, 400_000),),
        holders=(SuspectHolder("app.results[…]", ("module app",), "module global", 200, None),),
        reason="grew in 8 of 8 windows",
        advice="app.results only grows",
    )


def audit() -> AuditReport:
    """One hypothesis of each verdict."""
    leaks, fine = report("leak"), report("no_leak")
    rows = (
        judge_hypothesis("results | kept", "see app.py", [measured_way("handle", leaks)]),
        judge_hypothesis(
            "XML", "", [measured_way("without clear()", leaks), measured_way("with clear()", fine)]
        ),
        judge_hypothesis("responses", "", [measured_way("get", fine)]),
        judge_hypothesis("cache", "two\nlines", [measured_way("fill", report("suspect"))]),
        judge_hypothesis("films", "", [measured_way("probe", failed="needs the module av")]),
    )
    return AuditReport("audit.py", 12.0, rows)
