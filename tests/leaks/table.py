"""All cases, three services at a time, and the table of what was found."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from tests.leaks.harness import Outcome, watch_innocent, watch_leak
from tests.leaks.truth import Case

__all__ = ["Row", "run", "table"]

AT_ONCE = 3
INNOCENT_S = 35.0  # some seconds more than most leaks take to be found
GUILTY_LOOKING_S = 45.0
HEADER = "| case | verdict | all right | twin innocent | what is wrong |\n|---|---|---|---|---|"


@dataclass(frozen=True, slots=True)
class Row:
    """A case as it ran: `leak` is None for an innocent that only looks guilty.

    Attributes:
        missed: what was wrong with the leak at first, when others ran beside it; then it was
            watched once more, by itself.
    """

    case: Case
    leak: Outcome | None
    twin: Outcome
    missed: tuple[str, ...] = ()

    @property
    def wrong(self) -> tuple[str, ...]:
        """What is wrong with either."""
        return ((*self.leak.wrong, *self.twin.wrong)) if self.leak else self.twin.wrong


def watch(case: Case) -> Row:
    """The leaky application, then its twin for at least as long."""
    if case.leak is None:
        return Row(case, None, watch_innocent(case, GUILTY_LOOKING_S))
    leak = watch_leak(case)
    return Row(case, leak, watch_innocent(case, max(INNOCENT_S, leak.answered_s)))


def run(cases: Sequence[Case], tell: Callable[[Row], None]) -> tuple[Row, ...]:
    """Watch the cases, three at a time; `tell` hears of each when it is done."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = [pool.submit(watch, case) for case in cases]
        for future in futures:
            future.add_done_callback(lambda done: tell(done.result()))
        rows = [future.result() for future in futures]
    return tuple(_by_itself(row) if row.leak and row.leak.wrong else row for row in rows)


def _by_itself(row: Row) -> Row:
    """A leak that was not told in time again, now that nothing else takes CPU time."""
    assert row.leak is not None
    return replace(row, leak=watch_leak(row.case), missed=row.leak.wrong)


def table(rows: Sequence[Row]) -> str:
    """As Markdown, with a line that sums up."""
    return "\n".join((_summary(rows), "", HEADER, *(_line(row) for row in rows)))


def _summary(rows: Sequence[Row]) -> str:
    leaks = [row.leak for row in rows if row.leak]
    verdicts = [leak.verdict_s for leak in leaks if leak.verdict_s is not None]
    missed = sum(bool(row.missed) for row in rows)
    alarms = sum(row.twin.verdict_s is not None for row in rows)
    median = f"{statistics.median(verdicts):.0f}" if verdicts else "-"
    return (
        f"{len(leaks)} leaks, {len(verdicts)} found, "
        f"{sum(not leak.wrong for leak in leaks)} right in everything"
        f"{f', {missed} of them at the second try' if missed else ''}; "
        f"{len(rows)} innocents, {alarms} false alarms; "
        f"median {median} s of load to the verdict."
    )


def _line(row: Row) -> str:
    return f"| {' | '.join(_cells(row))} |"


def _cells(row: Row) -> Iterator[str]:
    yield row.case.title
    yield _seconds(row.leak.verdict_s) if row.leak else ""
    yield (_seconds(None if row.leak.wrong else row.leak.answered_s)) if row.leak else ""
    yield "no" if row.twin.wrong else "yes"
    missed = [f"at first: {what}" for what in row.missed]
    yield "; ".join([*missed, *row.wrong]).replace("|", "\\|")


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.0f} s"
