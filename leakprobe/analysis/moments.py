"""Which snapshot somebody means by `start`, `previous`, `-10m`, an id or a label.

Not every snapshot carries everything: a heap walk is dear and done seldom. A question
names a moment, not a file, so where the snapshot that it names lacks what the question
needs, the nearest in time that has it answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from leakprobe.errors import BadParameter, NotAvailable, UnknownName
from leakprobe.settings import parse_duration_s

__all__ = ["MOMENT_WORDS", "Mark", "Needs", "find", "nearest", "previous"]

Needs = Literal["stacks", "types"] | None

# Words that name a moment, so that no label should be one of them. `now` is the present,
# which is in no album: whoever asks takes it first.
MOMENT_WORDS = ("start", "baseline", "previous", "now")

LONGEST_NAME = 200
FORMS = "must be start, baseline, previous, now, an age such as -10m, an id or a label"
WHY_MISSING = {
    None: "no snapshot is kept",
    "stacks": "no such snapshot has allocation stacks: nothing traced allocations, or reading "
    "them on schedule would hold the application too long; POST /snapshots reads them",
    "types": "no such snapshot has types: the heap was not walked yet; POST /snapshots walks it",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A kept snapshot as far as finding it goes. `uptime_s` is as in `Snapshot`."""

    id: str
    label: str | None
    uptime_s: float
    stacks: bool
    types: bool

    def holds(self, needs: Needs) -> bool:
        """Whether the snapshot carries what is needed."""
        return needs is None or (self.stacks if needs == "stacks" else self.types)


def nearest(marks: Sequence[Mark], uptime_s: float, needs: Needs = None) -> int | None:
    """Position of the mark nearest in time that holds what is needed, the earlier of two."""
    holding = [position for position, mark in enumerate(marks) if mark.holds(needs)]
    return min(holding, key=lambda at: abs(marks[at].uptime_s - uptime_s), default=None)


def previous(marks: Sequence[Mark], before: int, needs: Needs = None) -> int | None:
    """Position of the last mark before that position that holds what is needed."""
    return next((at for at in reversed(range(before)) if marks[at].holds(needs)), None)


def find(
    marks: Sequence[Mark],
    text: str,
    *,
    needs: Needs,
    uptime_s: float,
    baseline: int = 0,
    before: int | None = None,
    parameter: str = "from",
) -> int:
    """Position of the mark that the text names, or of the nearest that holds what is needed.

    Args:
        marks: the oldest first.
        text: `start`, `baseline`, `previous`, an age such as `-10m`, an id or a label; of
            several snapshots with one label the newest is meant.
        needs: what the snapshot must hold.
        uptime_s: the present, on the clock of `Mark.uptime_s`.
        baseline: position of the baseline.
        before: position to which `previous` is previous; None: the present.
        parameter: what to call the text in a refusal.

    Raises:
        BadParameter: the text is of no such form.
        UnknownName: there is no snapshot of that name, or none yet.
        NotAvailable: none holds what is needed.
    """
    age_s = parse_duration_s(text[1:]) if text.startswith("-") else None
    if not 0 < len(text) <= LONGEST_NAME or (text.startswith("-") and age_s is None):
        raise BadParameter(parameter, text, FORMS)
    if text == "previous":
        end = len(marks) if before is None else before
        return _had(previous(marks, end, needs), marks[:end], text, needs)
    if age_s is not None:
        then_s = uptime_s - age_s
    elif text in {"start", "baseline"} and marks:
        then_s = marks[0 if text == "start" else baseline].uptime_s
    else:
        named = _named(marks, text)
        if named.holds(needs):
            return marks.index(named)
        then_s = named.uptime_s
    return _had(nearest(marks, then_s, needs), marks, text, needs)


def _had(position: int | None, marks: Sequence[Mark], text: str, needs: Needs) -> int:
    if position is not None:
        return position
    if marks:
        raise NotAvailable(WHY_MISSING[needs])
    raise UnknownName("snapshot", text, otherwise="none has been taken before")


def _named(marks: Sequence[Mark], text: str) -> Mark:
    newest_first = tuple(reversed(marks))
    for mark in newest_first:
        if mark.id == text:
            return mark
    for mark in newest_first:
        if mark.label == text:
            return mark
    known = [mark.id for mark in newest_first]
    labels = [mark.label for mark in newest_first if mark.label is not None]
    raise UnknownName(
        "snapshot", text, [*MOMENT_WORDS, *labels, *known], "GET /snapshots lists what is kept"
    )
