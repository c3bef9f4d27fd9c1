"""Which rolling snapshots stay: many of the last minutes, few of yesterday.

Time is cut into buckets of fixed position (`floor(time / every_s)`), and the oldest
snapshot of a bucket stands for it. Buckets do not move with the present, so thinning
at every step keeps all that thinning once at the end would have kept, and a snapshot
that has been dropped would never have been wanted again. That is the scheme by which
backup programs prune.
"""

import math
from collections.abc import Sequence

from leakprobe.settings import RetentionRule

__all__ = ["most_kept", "thin"]


def thin(times_s: Sequence[float], rules: Sequence[RetentionRule], now_s: float) -> tuple[int, ...]:
    """Positions of the snapshots to keep, in rising order.

    A snapshot stays while some rule that reaches back to it has it as the oldest of its
    bucket. The newest always stays. Where input came at least once in `every_s` seconds,
    what is kept within the rule's age has no gap of `2 * every_s` or more.

    Args:
        times_s: when each snapshot was taken, in any order, on a clock that does not jump.
        rules: what to keep; each works alone, so an order is not needed.
        now_s: the present, on the same clock.
    """
    if not times_s:
        return ()
    keep = {max(range(len(times_s)), key=times_s.__getitem__)}
    for rule in rules:
        keep.update(
            position
            for position in _oldest_of_buckets(times_s, rule.every_s)
            if now_s - times_s[position] <= rule.age_s
        )
    return tuple(sorted(keep))


def most_kept(rules: Sequence[RetentionRule]) -> int:
    """How many snapshots `thin` keeps at most, where none is younger than the present."""
    return 1 + sum(math.floor(rule.age_s / rule.every_s) + 2 for rule in rules)


def _oldest_of_buckets(times_s: Sequence[float], every_s: float) -> list[int]:
    oldest: dict[int, int] = {}
    for position, time_s in enumerate(times_s):
        bucket = math.floor(time_s / every_s)
        if bucket not in oldest or time_s < times_s[oldest[bucket]]:
            oldest[bucket] = position
    return list(oldest.values())
