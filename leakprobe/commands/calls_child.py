"""The process in which somebody's code is imported, called again and again, and judged.

It crashes, hangs, ends or starts threads for ever without any harm to the command that
asked. The task comes from a file, and the answer goes to one, so that whatever the code
prints is not in the way.

    python -m leakprobe.commands.calls_child TASK_FILE ANSWER_FILE
"""

import atexit
import faulthandler
import json
import os
import sys
import threading
import traceback
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import cast

from leakprobe.codec import decode, encode
from leakprobe.commands.child_task import ChildAnswer, ChildTask, Planned
from leakprobe.errors import LeakprobeError
from leakprobe.render.json import json_bytes
from leakprobe.testing import target
from leakprobe.testing.calls import judge_calls
from leakprobe.testing.driving import Call, is_async
from leakprobe.testing.hypotheses import Hypothesis, missing_for, read_hypotheses
from leakprobe.testing.target import find_target, import_file, place_of, said_of

__all__ = ["answer", "main"]

CLEAN_UP_S = 10.0
CALLING = (__file__, target.__file__)


def main(arguments: Sequence[str]) -> None:
    """Read the task, write the answer, and end, whatever threads the code has left."""
    faulthandler.enable()
    pid = os.getpid()
    task = decode(ChildTask, json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    sys.argv[:] = [task.where]  # as the code would see it if it were run by itself
    said = json_bytes(encode(answer(task)))
    if os.getpid() == pid:  # else this is a copy that the code has forked, and that came back
        answered = Path(arguments[1])
        unfinished = answered.with_suffix(".unfinished")
        unfinished.write_bytes(said)
        unfinished.replace(answered)
        _clean_up()
    os._exit(0)


def _clean_up() -> None:
    """What the code has registered with `atexit`; it may take a while, but not for ever."""
    cleaning = threading.Thread(target=atexit._run_exitfuncs, daemon=True)  # noqa: SLF001  # multiprocessing does so too
    cleaning.start()
    cleaning.join(CLEAN_UP_S)
    sys.stdout.flush()
    sys.stderr.flush()


def answer(task: ChildTask) -> ChildAnswer:
    """Do what is asked, whatever the code does."""
    sys.path[:0] = task.python_path
    try:
        if task.kind == "target":
            return _judge(find_target(task.where), task.where, task.iterations, task)
        hypotheses = read_hypotheses(import_file(Path(task.where)))
        if task.kind == "list":
            return ChildAnswer(plan=tuple(map(_planned, hypotheses)))
        return _test(hypotheses[task.hypothesis], task)
    except LeakprobeError as error:
        return ChildAnswer(refused=str(error))


def _planned(hypothesis: Hypothesis) -> Planned:
    labels = tuple(way.label for way in hypothesis.ways)
    return Planned(hypothesis.name, labels, str(hypothesis.note))


def _test(hypothesis: Hypothesis, task: ChildTask) -> ChildAnswer:
    missing = missing_for(hypothesis)
    if missing is not None:
        return ChildAnswer(missing=missing)
    way = hypothesis.ways[task.way]
    name = hypothesis.name if len(hypothesis.ways) == 1 else f"{hypothesis.name}: {way.label}"
    iterations = hypothesis.iterations or task.iterations
    warmup = task.warmup if hypothesis.warmup is None else hypothesis.warmup
    return _judge(way.call, name, iterations, task, warmup)


def _judge(
    call: Call, name: str, iterations: int, task: ChildTask, warmup: int | None = None
) -> ChildAnswer:
    counted = _AsyncCounted(call) if is_async(call) else _Counted(call)
    try:
        report = judge_calls(
            counted,
            name=name,
            iterations=iterations * task.times,
            warmup=task.warmup if warmup is None else warmup,
            include=task.include,
        )
    except (KeyboardInterrupt, LeakprobeError):
        raise
    except BaseException as error:  # noqa: BLE001  # SystemExit too: the code is not ours
        return ChildAnswer(failed=_said(error, counted.calls), traceback=_traceback(error))
    return ChildAnswer(report=report)


class _Counted:
    """A call that knows how often it was made."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.calls = 0

    def __call__(self) -> object:
        self.calls += 1
        return self._call()


class _AsyncCounted(_Counted):
    """The same of a coroutine function."""

    async def __call__(self) -> object:
        self.calls += 1
        return await cast("Awaitable[object]", self._call())


def _said(error: BaseException, calls: int) -> str:
    place = place_of(error)
    where = f"call {calls}, {place}" if place else f"call {calls}"
    return f"raised {said_of(error)} ({where})"


def _traceback(error: BaseException) -> str:
    """From where the code begins: below the last line through which we call it."""
    below = error.__traceback__
    at = below
    while at is not None:
        if at.tb_frame.f_code.co_filename in CALLING and at.tb_next is not None:
            below = at.tb_next
        at = at.tb_next
    return "".join(traceback.format_exception(type(error), error, below))


if __name__ == "__main__":
    main(sys.argv[1:])
