"""`leakprobe audit SCRIPT.py`: suspected leaks, measured one by one."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from leakprobe.analysis.audit import judge_hypothesis, measured_way
from leakprobe.commands.child_task import ChildAnswer, ChildTask, Planned
from leakprobe.commands.own_process import ChildDied, ask_child
from leakprobe.commands.progress import progress_line
from leakprobe.errors import LeakprobeError, UnknownName
from leakprobe.model.audit import AuditReport, AuditRow, AuditWay

__all__ = ["AuditOptions", "audit_script"]

# To import a script may take longer than one way of what it lists.
IMPORT_TIMEOUT_S = 60.0
PROVEN = frozenset({"leak", "no_leak"})
MORE = 4

Ask = Callable[..., ChildAnswer]


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """How to measure.

    Attributes:
        iterations: judged calls of each way, where a hypothesis does not say.
        warmup: calls before.
        only: names of hypotheses, parts of such names, or patterns; empty: all.
        timeout_s: how long one way may take.
    """

    iterations: int
    warmup: int
    only: tuple[str, ...] = ()
    timeout_s: float = 300.0


def audit_script(
    script: str,
    options: AuditOptions,
    *,
    ask: Ask = ask_child,
    clock: Callable[[], float] = time.time,
) -> AuditReport:
    """Measure each hypothesis of a script; each way of it in a process of its own.

    Args:
        script: path of a file that lists `HYPOTHESES`.
        options: how to measure.
        ask: who runs the processes.
        clock: in seconds.

    Raises:
        LeakprobeError: there is no such script, it raises, or lists nothing that can be
            measured.
    """
    began = clock()
    task = ChildTask("list", script, options.iterations, options.warmup)
    plan = _plan(task, options, ask)
    wanted = _wanted(plan, options.only)
    rows = []
    for number, at in enumerate(wanted, 1):
        with progress_line(f"{number} of {len(wanted)}: {plan[at].name}"):
            rows.append(_row(plan[at], replace(task, kind="way", hypothesis=at), options, ask))
    return AuditReport(script, clock() - began, tuple(rows))


def _plan(task: ChildTask, options: AuditOptions, ask: Ask) -> tuple[Planned, ...]:
    try:
        answer = ask(task, timeout_s=max(options.timeout_s, IMPORT_TIMEOUT_S))
    except ChildDied as error:
        raise LeakprobeError(f"{task.where} cannot be imported: {error}") from error
    if answer.plan is None:
        raise LeakprobeError(answer.refused or f"{task.where} lists no hypotheses")
    return answer.plan


def _wanted(plan: Sequence[Planned], only: Sequence[str]) -> list[int]:
    """Places of the hypotheses that were asked for, in the script's order."""
    if not only:
        return list(range(len(plan)))
    names = [planned.name for planned in plan]
    for asked in only:
        if not any(_is_meant(asked, name) for name in names):
            raise UnknownName("hypothesis", asked, names, f"there are {', '.join(names)}")
    return [at for at, name in enumerate(names) if any(_is_meant(asked, name) for asked in only)]


def _is_meant(asked: str, name: str) -> bool:
    return asked.casefold() in name.casefold() or fnmatchcase(name, asked)


def _row(planned: Planned, task: ChildTask, options: AuditOptions, ask: Ask) -> AuditRow:
    ways: list[AuditWay] = []
    for at, label in enumerate(planned.ways):
        answer = _measured(replace(task, way=at), options, ask)
        failed = answer.missing or answer.failed or answer.refused
        ways.append(measured_way(label, answer.report, failed))
        if answer.missing is not None:
            break
    return judge_hypothesis(planned.name, planned.note, ways)


def _measured(task: ChildTask, options: AuditOptions, ask: Ask) -> ChildAnswer:
    """One way; where it proves nothing it is measured once more, with more calls."""
    answer = _asked(task, options, ask)
    if answer.report is None or answer.report.verdict.state in PROVEN:
        return answer
    again = _asked(replace(task, times=MORE), options, ask)
    return again if again.report is not None else answer


def _asked(task: ChildTask, options: AuditOptions, ask: Ask) -> ChildAnswer:
    try:
        return ask(task, timeout_s=options.timeout_s)
    except ChildDied as error:
        return ChildAnswer(failed=str(error))
