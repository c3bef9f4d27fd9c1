"""`leakprobe check MODULE:CALLABLE`: does this one function leak?"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from leakprobe.commands.child_task import ChildAnswer, ChildTask
from leakprobe.commands.own_process import ChildDied, ask_child
from leakprobe.commands.progress import progress_line
from leakprobe.errors import LeakprobeError
from leakprobe.model.calls import CallsReport
from leakprobe.render.calls import calls_document, calls_text
from leakprobe.render.json import json_bytes
from leakprobe.render.units import count_text

__all__ = ["Checked", "TargetFailed", "check_target"]

STDERR = 2


class TargetFailed(LeakprobeError):
    """The code that was to be judged raised, crashed or ended the process."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What to print, and whether it says that there is a leak."""

    text: str
    leaks: bool


def check_target(
    target: str,
    *,
    iterations: int,
    warmup: int,
    include: Sequence[str] = (),
    python_path: Sequence[str] = (),
    as_json: bool = False,
) -> Checked:
    """Call it again and again in a process of its own, and say whether it leaks.

    What it prints goes to stderr.

    Args:
        target: `module:callable`, or `path/to/file.py:callable`.
        iterations: calls that are judged.
        warmup: calls before.
        include: beginnings of paths or modules that growth must come from.
        python_path: directories to import from, before the current one.
        as_json: as JSON.

    Raises:
        TargetFailed: it raised, crashed, or ended the process.
        LeakprobeError: it cannot be found, imported or called.
    """
    if not all(prefix.strip() for prefix in include):
        raise LeakprobeError("--include '': give the beginning of a path or of a module's name")
    directories = (*python_path, os.getcwd())  # noqa: PTH109  # a string for sys.path
    task = ChildTask("target", target, iterations, warmup, tuple(include), directories)
    with progress_line(f"calling {target}: {count_text(iterations, 'call')} after {warmup}"):
        report = _report(target, _ask(task))
    text = json_bytes(calls_document(report)).decode() if as_json else calls_text(report)
    return Checked(text, report.verdict.state == "leak")


def _ask(task: ChildTask) -> ChildAnswer:
    sys.stderr.flush()
    try:
        return ask_child(task, output=STDERR)
    except ChildDied as error:
        raise TargetFailed(f"{task.where} {error}") from error


def _report(target: str, answer: ChildAnswer) -> CallsReport:
    if answer.failed is not None:
        sys.stderr.write(answer.traceback)
        raise TargetFailed(f"{target} {answer.failed}")
    if answer.report is None:
        raise LeakprobeError(answer.refused or f"{target} was not judged")
    return answer.report
