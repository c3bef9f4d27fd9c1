"""What a process that runs somebody's code is asked, and what it answers."""

from dataclasses import dataclass
from typing import Literal

from leakprobe.model.calls import CallsReport

__all__ = ["ChildAnswer", "ChildTask", "Planned"]


@dataclass(frozen=True, slots=True)
class ChildTask:
    """One question.

    Attributes:
        kind: `list` the hypotheses of a script, or judge one `way` of one of them, or
            judge a `target`.
        where: path of the script; of a target `module:callable`.
        iterations: calls to judge, where the hypothesis does not say.
        warmup: calls before.
        include: beginnings of paths or modules that growth must come from.
        python_path: directories to put first on the path.
        hypothesis: which of the script's, from 0.
        way: which of its ways, from 0.
        times: so many times as many calls.
    """

    kind: Literal["list", "way", "target"]
    where: str
    iterations: int
    warmup: int
    include: tuple[str, ...] = ()
    python_path: tuple[str, ...] = ()
    hypothesis: int = 0
    way: int = 0
    times: int = 1


@dataclass(frozen=True, slots=True)
class Planned:
    """A hypothesis of a script, as far as others need to know it."""

    name: str
    ways: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class ChildAnswer:
    """One answer: exactly one of these is there.

    Attributes:
        report: what was judged.
        plan: the hypotheses of a script.
        refused: what is wrong with what was given, in one line.
        missing: what is not here, and what to do.
        failed: what the code raised, and in which call, in one line; `traceback` has
            more then.
    """

    report: CallsReport | None = None
    plan: tuple[Planned, ...] | None = None
    refused: str | None = None
    missing: str | None = None
    failed: str | None = None
    traceback: str = ""
