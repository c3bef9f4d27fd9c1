"""Whether the growth of one piece of work repeats each time that it is done.

Work that leaks leaves something behind every time, or every few times, and goes on with
it. Imports, singletons and lazy initialisation grow once; a cache grows until it is full.
The first time is never judged, since it brings all of what comes once.

The readings are exact, so a few are enough; where there are many, the rules for a living
service are asked as well (`leakprobe.analysis.axis_rules`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from leakprobe.analysis.axis_rules import CERTAIN_P, LARGEST_JUMP, Series, on_axis
from leakprobe.analysis.trend import Trend, trend_of

__all__ = ["LEAST_BYTES", "RepeatState", "Repeats", "judge_repeats"]

RepeatState = Literal["leak", "levels off", "no growth"]

# Less per iteration is nothing: a counter's digits, an entry in a fixture's list.
LEAST_BYTES = 512
# A leak grows at least every third time or so, and twice.
OFTEN_ENOUGH = 0.3
FEWEST_GROWN = 2
# A step counts that is no less than this share of the typical one.
SMALL_STEP = 0.25
# Of a growth that goes on, the late part is at least half as fast as the early one.
SLOWING = 0.5
# What is given back again, as a share of the range, where it is no more than unrest.
MOST_FALLEN = 0.3
# Two floors each in the eight windows of a series.
ENOUGH_FOR_SERIES = 17
MOST_WINDOWS = 64


@dataclass(frozen=True, slots=True)
class Repeats:
    """What was found.

    Attributes:
        state: `leak`: the growth repeats and goes on; `levels off`: there was growth, and it
            ended or came in too few iterations; `no growth`: nothing worth a word.
        bytes_per_iteration: the typical growth; where it is no leak, the mean.
        grown: iterations after which more was in use than before, for good.
        judged: how many iterations were judged: all but the first.
    """

    state: RepeatState
    bytes_per_iteration: float
    grown: int
    judged: int


def judge_repeats(readings: Sequence[float], *, least: float = LEAST_BYTES) -> Repeats:
    """Judge readings of memory in use, each after a collection.

    What counts is what is never given back: the least of each reading and all after it.

    Args:
        readings: bytes before the first iteration, and after each.
        least: smaller growth per iteration is nothing, in bytes.
    """
    levels = readings[1:]
    judged = max(len(levels) - 1, 0)
    if judged == 0:
        return Repeats("no growth", 0.0, 0, 0)
    floors = _floors(levels)
    steps = [after - before for before, after in pairwise(floors)]
    size = _typical(steps)
    grown = sum(step >= max(least, SMALL_STEP * size) for step in steps)
    if size >= least and _repeats(grown, steps) and _goes_on(readings, floors, least):
        return Repeats("leak", size, grown, judged)
    once = max(levels[0] - readings[0], floors[-1] - floors[0])
    state: RepeatState = "levels off" if once >= least else "no growth"
    return Repeats(state, sum(steps) / judged, grown, judged)


def _floors(levels: Sequence[float]) -> list[float]:
    """Of each level the least from there on; they never fall."""
    floors = list(levels)
    for index in range(len(floors) - 2, -1, -1):
        floors[index] = min(floors[index], floors[index + 1])
    return floors


def _typical(steps: Sequence[float]) -> float:
    """The mean growth, without the largest step where much of it came at once."""
    total, largest = sum(steps), max(steps)
    if len(steps) > FEWEST_GROWN and largest > LARGEST_JUMP * total:
        return (total - largest) / (len(steps) - 1)
    return total / len(steps)


def _repeats(grown: int, steps: Sequence[float]) -> bool:
    return grown >= min(max(FEWEST_GROWN, OFTEN_ENOUGH * len(steps)), len(steps))


def _goes_on(readings: Sequence[float], floors: Sequence[float], least: float) -> bool:
    """Whether late growth is like the early one, and little was given back in between."""
    levels = readings[1:]
    unrest, growth = _trend(levels), _trend(floors)
    if unrest is None or growth is None:  # too few for a trend
        return _alike([after - before for before, after in pairwise(readings)])
    if unrest.fall > MOST_FALLEN or growth.lasting < SLOWING:
        return False
    return len(levels) < ENOUGH_FOR_SERIES or _rises_as_a_series(levels, least)


def _trend(values: Sequence[float]) -> Trend | None:
    return trend_of(range(len(values)), values, windows=min(len(values), MOST_WINDOWS))


def _alike(steps: Sequence[float]) -> bool:
    """Whether the last of two or three steps is a usual one; the first may be larger."""
    *before, last = steps
    return last >= SLOWING * before[-1] and SMALL_STEP * last <= before[-1]


def _rises_as_a_series(levels: Sequence[float], least: float) -> bool:
    places = range(len(levels))
    series = Series(places, places, levels, "bytes", least * (len(levels) - 1))
    found = on_axis(places, series, CERTAIN_P, by_request=True)
    return found is not None and found.state is not None
