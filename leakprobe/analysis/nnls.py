"""Least squares whose coefficients are never negative, and how sure they are.

A request does not give memory back: a cost per request below zero is noise, and one that
is let in must be made up for by another route. Small problems only (some ten columns), so
the normal equations are solved: columns are scaled to length 1 first.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

__all__ = ["Coefficient", "estimate", "least_squares", "nnls"]

# What is left of a column of length 1 when the others are taken out of it: less is rounding.
SINGULAR = 1e-10
TOLERANCE = 1e-9

RESAMPLES = 200
# Of the sorted coefficients of all resamples, the ends of the middle 95 %.
LOW, HIGH = 5, 194


@dataclass(frozen=True, slots=True)
class Coefficient:
    """What a column counts for, and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def estimate(rows: Sequence[Sequence[float]], targets: Sequence[float]) -> list[Coefficient]:
    """The coefficients >= 0 that explain the targets best, with their intervals.

    How sure they are is asked of the rows themselves: of 200 resamples of them each gives
    coefficients of its own, and the middle 95 % of those are the interval (Efron,
    "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1979). It
    is widened for what the coefficients have taken of the error: with as many of them as
    rows none would be left. Resamples are drawn alike each time, so that the same rows
    give the same answer.

    Args:
        rows: the value of each column, row by row; more rows than columns.
        targets: of each row what is to be explained.
    """
    products = _products(rows, targets)
    values = _fit(products)
    likely = [k for k, value in enumerate(values) if value > 0]
    drawn = random.Random(0)  # noqa: S311 - resampling is no secret, and must repeat itself
    fits = [_fit(drawn.choices(products, k=len(products)), likely) for _ in range(RESAMPLES)]
    wider = math.sqrt(len(rows) / (len(rows) - len(values)))
    found = []
    for value, resampled in zip(values, zip(*fits, strict=True), strict=True):
        ends = sorted(resampled)
        low = value + wider * (ends[LOW] - value)
        found.append(Coefficient(value, max(low, 0.0), value + wider * (ends[HIGH] - value)))
    return found


def least_squares(rows: Sequence[Sequence[float]], targets: Sequence[float]) -> list[float]:
    """The coefficients >= 0 that explain the targets best; as `estimate`."""
    return _fit(_products(rows, targets))


def _products(rows: Sequence[Sequence[float]], targets: Sequence[float]) -> list[list[float]]:
    """What each row adds to the normal equations, in one list.

    They are symmetric: of each column's part the first half is left out, and the target
    comes last.
    """
    return [
        [left * right for k, left in enumerate(row) for right in (*row[k:], target)]
        for row, target in zip(rows, targets, strict=True)
    ]


def _fit(products: Sequence[Sequence[float]], likely: Sequence[int] = ()) -> list[float]:
    """As `nnls`, of the sum of what rows add."""
    summed = list(map(sum, zip(*products, strict=True)))
    size = (math.isqrt(9 + 8 * len(summed)) - 3) // 2
    gram = [[0.0] * size for _ in range(size)]
    goal, begin = [], 0
    for k in range(size):
        end = begin + size - k
        for j, value in enumerate(summed[begin:end], k):
            gram[k][j] = gram[j][k] = value
        goal.append(summed[end])
        begin = end + 1
    return nnls(gram, goal, likely=likely)


def nnls(
    products: Sequence[Sequence[float]], targets: Sequence[float], *, likely: Sequence[int] = ()
) -> list[float]:
    """The coefficients >= 0 that leave the least squared error.

    The active-set method (Lawson and Hanson, "Solving Least Squares Problems", 1974,
    chapter 23) on the normal equations. Columns of zeros, and such as others make up
    exactly, get 0.

    Args:
        products: of each column with each (`A' A`).
        targets: of each column with what is to be explained (`A' b`).
        likely: columns that are likely to count, which saves time where they do.
    """
    size = len(targets)
    lengths = [math.sqrt(products[k][k]) for k in range(size)]
    usable = [k for k in range(size) if lengths[k] > 0]
    gram = [[products[i][j] / (lengths[i] * lengths[j]) for j in usable] for i in usable]
    goal = [targets[k] / lengths[k] for k in usable]
    scaled = _active_set(gram, goal, [at for at, k in enumerate(usable) if k in likely])
    found = [0.0] * size
    for position, k in enumerate(usable):
        found[k] = scaled[position] / lengths[k]
    return found


def _active_set(gram: list[list[float]], goal: list[float], likely: Sequence[int]) -> list[float]:
    """As `nnls`, of columns of length 1."""
    size = len(goal)
    found = [0.0] * size
    positive, begun = _begun(gram, goal, likely)
    for k, value in zip(positive, begun, strict=True):
        found[k] = value
    refused: set[int] = set()
    tolerance = TOLERANCE * max((abs(value) for value in goal), default=0.0)
    for _ in range(3 * size):
        pulls = {
            k: goal[k] - sum(map(mul, gram[k], found))
            for k in range(size)
            if k not in positive and k not in refused
        }
        entering = max(pulls, key=pulls.__getitem__, default=None)
        if entering is None or pulls[entering] <= tolerance:
            break
        solution = _solve(gram, goal, [*positive, entering])
        if solution is None or solution[-1] <= 0:
            refused.add(entering)
            continue
        refused.clear()
        positive.append(entering)
        _descend(gram, goal, positive, solution, found)
    return found


def _begun(
    gram: list[list[float]], goal: list[float], likely: Sequence[int]
) -> tuple[list[int], list[float]]:
    """Where to begin: the solution of the likely columns without those that turn negative."""
    positive = list(likely)
    while positive:
        solution = _solve(gram, goal, positive)
        if solution is None:
            break
        if min(solution) > 0:
            return positive, solution
        positive = [k for k, value in zip(positive, solution, strict=True) if value > 0]
    return [], []


def _descend(
    gram: list[list[float]],
    goal: list[float],
    positive: list[int],
    solution: list[float],
    found: list[float],
) -> None:
    """Go towards the solution of the positive columns; what would turn negative leaves them."""
    while min(solution) < 0:
        step, leaving = min(
            (found[k] / (found[k] - value), k)
            for k, value in zip(positive, solution, strict=True)
            if value < 0
        )
        for k, value in zip(positive, solution, strict=True):
            found[k] += step * (value - found[k])
        found[leaving] = 0.0
        positive.remove(leaving)
        again = _solve(gram, goal, positive)
        assert again is not None  # of independent columns, fewer are independent too
        solution = again
    for k, value in zip(positive, solution, strict=True):
        found[k] = value


def _solve(gram: list[list[float]], goal: list[float], chosen: list[int]) -> list[float] | None:
    """Least squares of these columns alone, by Cholesky; None: one is made up of others."""
    rows: list[list[float]] = []
    forward: list[float] = []
    for i, k in enumerate(chosen):
        row: list[float] = []
        for j in range(i):
            above = rows[j]
            row.append((gram[k][chosen[j]] - sum(map(mul, row, above))) / above[j])
        left = gram[k][k] - sum(value * value for value in row)
        if left <= SINGULAR:
            return None
        row.append(math.sqrt(left))
        forward.append((goal[k] - sum(map(mul, row, forward))) / row[i])
        rows.append(row)
    solution = [0.0] * len(chosen)
    for i in reversed(range(len(chosen))):
        known = sum(rows[j][i] * solution[j] for j in range(i + 1, len(chosen)))
        solution[i] = (forward[i] - known) / rows[i][i]
    return solution
