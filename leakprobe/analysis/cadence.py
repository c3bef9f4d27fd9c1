"""What a rolling snapshot may read without costing the application more than was agreed.

Two readings are dear. A heap walk costs CPU in proportion to the objects; walks may use a
share of one core in the long run, and where cloning the process for it is felt, none is
scheduled. Growth shows in a dozen walks, and somebody waits for the verdict when a service
is young or has just got its load. So there is a credit of CPU time, a token bucket that the
share fills: a busy process is walked at a faster pace, which slows down with what is left
of the credit, so that walks thin out by and by instead of ending all at once: growth that
was seen in a dozen walks must still be seen in the few of the next minutes. One that
finished no request since the latest walk is walked at half the pace that the share allows.
Reading tracemalloc's traces (`_tracemalloc._get_traces`, Modules/_tracemalloc.c) holds the
GIL from beginning to end; it may use a share of the time, and where one reading would be
felt, none is scheduled.
"""

from collections.abc import Sequence

__all__ = [
    "HURRY_SHARE",
    "LONGEST_SCHEDULED_PAUSE_S",
    "MOST_CREDIT_S",
    "TRACES_SHARE",
    "cost_due",
    "credit_left",
    "traces_due",
    "traces_postponed",
    "walk_due",
    "walks_postponed",
]

LONGEST_SCHEDULED_PAUSE_S = 0.1
TRACES_SHARE = 0.01
MOST_CREDIT_S = 4.0
HURRY_SHARE = 0.15
PAUSES_JUDGED = 3


def walk_due(
    since_last_s: float | None,
    last_cpu_s: float | None,
    budget: float,
    *,
    credit_s: float = 0.0,
    busy: bool = True,
) -> bool:
    """Whether the heap may be walked on schedule.

    Args:
        since_last_s: seconds since the latest walk began; None: there was none.
        last_cpu_s: what that walk cost, in seconds of CPU, a copy of the process included;
            None: there was none.
        budget: share of one core that walks may use in the long run; 0: never.
        credit_s: seconds of CPU that may be spent ahead of that, as `credit_left` says.
        busy: whether there is something new to see: requests were finished, or something
            is suspected to grow.
    """
    if budget <= 0 or last_cpu_s is None or since_last_s is None:
        return budget > 0
    if not busy:
        return cost_due(since_last_s, last_cpu_s, budget / 2)
    ahead = max(0.0, HURRY_SHARE - budget) * min(1.0, credit_s / MOST_CREDIT_S)
    paid = credit_s + budget * since_last_s >= last_cpu_s
    return paid and cost_due(since_last_s, last_cpu_s, budget + ahead)


def credit_left(credit_s: float, since_last_s: float, cost_s: float, budget: float) -> float:
    """The credit after a walk: what it was, what the share added meanwhile, less the cost.

    It is never more than `MOST_CREDIT_S`, and never less than nothing: what somebody asked
    for is not charged to what comes on schedule for long.

    Args:
        credit_s: seconds of CPU, after the walk before.
        since_last_s: seconds since that one.
        cost_s: seconds of CPU of this one.
        budget: share of one core.
    """
    return max(0.0, min(MOST_CREDIT_S, credit_s + budget * since_last_s) - cost_s)


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
    return cost_due(since_last_s, traces * seconds_per_trace, TRACES_SHARE)


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


def cost_due(since_last_s: float | None, cost_s: float | None, share: float) -> bool:
    """Whether what costs so much may be done again, at that share of the time.

    Args:
        since_last_s: seconds since it was last begun; None: never.
        cost_s: what that cost; None: not known.
        share: of the time that passes.
    """
    if since_last_s is None or cost_s is None:
        return True
    return since_last_s * share >= cost_s
