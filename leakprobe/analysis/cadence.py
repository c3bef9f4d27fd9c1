"""What a rolling snapshot may read without costing the application more than was agreed.

Two readings are dear. A heap walk costs CPU in proportion to the objects; it may use a
share of one core, and where cloning the process for it is felt, none is scheduled.
Reading tracemalloc's traces (`_tracemalloc._get_traces`, Modules/_tracemalloc.c) holds the
GIL from beginning to end; it may use a share of the time, and where one reading would be
felt, none is scheduled.
"""

from collections.abc import Sequence

__all__ = [
    "LONGEST_SCHEDULED_PAUSE_S",
    "TRACES_SHARE",
    "traces_due",
    "traces_postponed",
    "walk_due",
    "walks_postponed",
]

LONGEST_SCHEDULED_PAUSE_S = 0.1
TRACES_SHARE = 0.01
PAUSES_JUDGED = 3


def walk_due(since_last_s: float | None, last_cpu_s: float | None, budget: float) -> bool:
    """Whether the heap may be walked on schedule.

    All walks but the latest are then paid for: their CPU time is at most `budget` of
    the time from the first to the latest.

    Args:
        since_last_s: seconds since the latest walk began; None: there was none.
        last_cpu_s: what that walk cost, in seconds of CPU, a copy of the process included;
            None: there was none.
        budget: share of one core; 0: never.
    """
    return budget > 0 and _paid(since_last_s, last_cpu_s, budget)


def walks_postponed(pauses_s: Sequence[float]) -> str | None:
    """Why the heap is not walked on schedule, and how to ask for it; None: it is.

    One long pause may be the machine's; it is the shortest of a few that counts.

    Args:
        pauses_s: for how long the latest walks held the application, the latest last.
    """
    judged = pauses_s[-PAUSES_JUDGED:]
    if len(judged) < PAUSES_JUDGED or min(judged) <= LONGEST_SCHEDULED_PAUSE_S:
        return None
    return (
        f"types: each of the last {PAUSES_JUDGED} heap walks held the application for "
        f"{min(judged):.2f} s or longer, and {LONGEST_SCHEDULED_PAUSE_S} s is the most that is "
        "done unasked; GET /types walks the heap now"
    )


def traces_due(traces: int, seconds_per_trace: float, since_last_s: float | None) -> bool:
    """Whether tracemalloc's traces may be read on schedule.

    Args:
        traces: how many there are, about.
        seconds_per_trace: what reading one has cost so far.
        since_last_s: seconds since the latest reading began; None: there was none.
    """
    if traces_postponed(traces, seconds_per_trace) is not None:
        return False
    return _paid(since_last_s, traces * seconds_per_trace, TRACES_SHARE)


def traces_postponed(traces: int, seconds_per_trace: float) -> str | None:
    """Why the traces are never read on schedule, and how to ask for it; None: they are."""
    hold_s = traces * seconds_per_trace
    if hold_s <= LONGEST_SCHEDULED_PAUSE_S:
        return None
    return (
        f"allocation stacks: reading about {traces} traces would hold the application for "
        f"{hold_s:.2f} s, and {LONGEST_SCHEDULED_PAUSE_S} s is the most that is done unasked; "
        "POST /snapshots reads them now"
    )


def _paid(since_last_s: float | None, cost_s: float | None, share: float) -> bool:
    if since_last_s is None or cost_s is None:
        return True
    return since_last_s * share >= cost_s
