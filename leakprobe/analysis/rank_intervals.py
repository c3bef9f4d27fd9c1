"""Medians with intervals that assume no distribution.

What a window of calls adds to memory is mostly the same from window to window, and now and
then something quite different: a list that is made longer, a cache that is filled. A mean
and its standard error would follow the few; ranks do not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import median

__all__ = ["RankInterval", "median_of", "shift_of"]


@dataclass(frozen=True, slots=True)
class RankInterval:
    """An estimate and where the truth lies.

    Attributes:
        value: the estimate.
        low: the lower end of the interval.
        high: and its upper end.
        level: how often such an interval contains the truth, 0 to 1; lower than what was
            asked for where there are too few values.
    """

    value: float
    low: float
    high: float
    level: float

    @property
    def excludes_zero(self) -> bool:
        """Whether all of it is on one side of zero."""
        return self.low > 0 or self.high < 0


def median_of(values: Sequence[float], *, level: float = 0.95) -> RankInterval:
    """The median, with the interval that the sign test gives (Thompson, 1936).

    Args:
        values: at least one.
        level: of the interval.
    """
    ordered = sorted(values)
    count = len(ordered)
    ways = [math.comb(count, k) for k in range(count + 1)]
    cut, reached = _cut(ways, level)
    return RankInterval(median(ordered), ordered[cut], ordered[-1 - cut], reached)


def shift_of(first: Sequence[float], second: Sequence[float], *, level: float) -> RankInterval:
    """By how much the values of the first are larger than those of the second.

    The median of all differences between the two, with the interval that belongs to the
    test of Mann and Whitney (Hodges and Lehmann, "Estimates of location based on rank
    tests", Annals of Mathematical Statistics 34, 1963). Equal values make it wider than
    it need be, never narrower.

    Args:
        first: at least one.
        second: at least one.
        level: of the interval.
    """
    differences = sorted(a - b for a in first for b in second)
    cut, reached = _cut(_orders(len(first), len(second)), level)
    return RankInterval(median(differences), differences[cut], differences[-1 - cut], reached)


def _cut(ways: Sequence[int], level: float) -> tuple[int, float]:
    """How many values to leave out at each end, and the level that is reached so.

    Args:
        ways: in how many ways so many values lie below the truth, by how many they are.
        level: the level to reach.
    """
    total = sum(ways)
    below = list(accumulate(ways[: (len(ways) + 1) // 2]))
    allowed = [cut for cut, count in enumerate(below) if 2 * count <= (1 - level) * total]
    cut = allowed[-1] if allowed else 0
    return cut, max(0.0, 1 - 2 * below[cut] / total)


def _orders(first: int, second: int) -> list[int]:
    """How many orders of so many values have each number of pairs in which the second is larger.

    The coefficients of a Gaussian binomial: factors 1 - q^k in the numerator, divided by
    others (Mann and Whitney, 1947, have them as a recurrence).
    """
    pairs = first * second
    orders = [1] + [0] * pairs
    for k in range(1, first + 1):
        for degree in range(pairs, second + k - 1, -1):
            orders[degree] -= orders[degree - second - k]
        for degree in range(k, pairs + 1):
            orders[degree] += orders[degree - k]
    return orders
