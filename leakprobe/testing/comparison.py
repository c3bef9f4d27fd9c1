"""The same work in two or more ways, side by side: does the difference matter?

The ways take turns, a window of calls each, so that whatever else drifts in the process hits
all of them alike. Each window begins with a call that does not count: what a way replaces of
the one before it is settled then.
"""

import inspect
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from leakprobe.analysis.rank_intervals import median_of, shift_of
from leakprobe.errors import LeakprobeError, shorten
from leakprobe.model.calls import BYTES_PER_MB
from leakprobe.model.comparison import WayDifference, WayGrowth
from leakprobe.render.comparison import comparison_text
from leakprobe.testing.arguments import check_whole
from leakprobe.testing.driving import Call, Steps, drive_async, is_async, run_steps
from leakprobe.testing.readings import Reading, take_reading

__all__ = ["Comparison", "compare_growth", "compare_growth_async"]

MOST_WINDOWS = 10
MOST_WARMUP = 20
UNCOUNTED = 1
LEVEL = 0.999
LEAST_LEVEL = 0.99
FEWEST_WAYS = 2

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the ways left behind, and whether the difference is real; `print` says it in words.

    Attributes:
        ways: as they were given.
        differences: the first way less each other one.
        iterations: measured calls of each way.
        warmup: calls of each way before, that were not measured.
    """

    ways: tuple[WayGrowth, ...]
    differences: tuple[WayDifference, ...]
    iterations: int
    warmup: int

    def __getitem__(self, label: str) -> WayGrowth:
        """The way of this name."""
        for way in self.ways:
            if way.label == label:
                return way
        raise KeyError(label)

    @property
    def largest(self) -> WayDifference:
        """The difference with the most bytes per call, in either direction."""
        return max(self.differences, key=lambda found: abs(found.bytes_per_call))

    @property
    def difference_mb(self) -> float:
        """Growth of the first way less that of the other, over all calls; see `largest`."""
        return self.largest.mb

    @property
    def difference_bytes_per_call(self) -> float:
        """The same for each call, as a median over windows."""
        return self.largest.bytes_per_call

    @property
    def is_real(self) -> bool:
        """Whether the difference cannot be chance: its interval leaves zero out."""
        return self.largest.is_real

    def __str__(self) -> str:
        return comparison_text(self.ways, self.differences)


def compare_growth(
    ways: Mapping[str, Call],
    iterations: int = 500,
    *,
    warmup: int | None = None,
    clock: Clock = time.perf_counter,
) -> Comparison:
    """Do the same work in several ways, and say what each leaves behind.

        print(compare_growth({"without clear()": parse, "with clear()": parse_and_clear}))

    Args:
        ways: what to call, under a name each; functions and coroutine functions.
        iterations: how many calls of each way are measured. Fewer than 5 prove nothing.
        warmup: calls of each way before; None: as many as are measured, at most 20.
        clock: in seconds.

    Raises:
        LeakprobeError: fewer than two ways, one that cannot be called, no iterations; or a
            coroutine function where an event loop runs already: see `compare_growth_async`.
        Exception: what a way raises comes out as it is.
    """
    turn, steps = _begin(ways, iterations, warmup, clock)
    return run_steps(steps, turn)


async def compare_growth_async(
    ways: Mapping[str, Call],
    iterations: int = 500,
    *,
    warmup: int | None = None,
    clock: Clock = time.perf_counter,
) -> Comparison:
    """The same as `compare_growth`, inside of an event loop that runs."""
    turn, steps = _begin(ways, iterations, warmup, clock)
    return await drive_async(steps, turn if isinstance(turn, _AsyncTurn) else _AsyncTurn(turn))


class _Turn:
    """What the driver calls: the way whose turn it is."""

    def __init__(self, call: Call) -> None:
        self.call = call

    def __call__(self) -> object:
        return self.call()


class _AsyncTurn(_Turn):
    """The same where one of the ways at least is a coroutine function."""

    async def __call__(self) -> object:
        made = self.call()
        return await made if inspect.isawaitable(made) else made


class _Windows:
    """What each window of one way added; in arrays, which do not grow while it is measured."""

    def __init__(self, calls: Sequence[int]) -> None:
        self._calls = calls
        self._after = array("q", bytes(8 * len(calls)))
        self._before_collection = array("q", bytes(8 * len(calls)))
        self._seconds = array("d", bytes(8 * len(calls)))
        self._threads = 0
        self._measured_by = ""

    def note(
        self, window: int, seconds: float, first: Reading, waiting: Reading, last: Reading
    ) -> None:
        """What was there before the calls, after them, and after a collection."""
        self._seconds[window] = seconds
        self._before_collection[window] = waiting.memory_bytes - first.memory_bytes
        self._after[window] = last.memory_bytes - first.memory_bytes
        self._threads += last.threads - first.threads
        self._measured_by = last.measured_by

    def per_call(self) -> list[float]:
        """Growth of each window by its calls."""
        return [grown / calls for grown, calls in zip(self._after, self._calls, strict=True)]

    @property
    def growth_mb(self) -> float:
        return sum(self._after) / BYTES_PER_MB

    def growth(self, label: str) -> WayGrowth:
        """All windows together."""
        each = median_of(self.per_call())
        return WayGrowth(
            label=label,
            iterations=sum(self._calls),
            growth_mb=self.growth_mb,
            growth_before_collection_mb=sum(self._before_collection) / BYTES_PER_MB,
            growth_bytes_per_call=each.value,
            growth_bytes_per_call_low=each.low,
            growth_bytes_per_call_high=each.high,
            threads=self._threads,
            seconds=sum(self._seconds),
            measured_by=self._measured_by,
        )


def _begin(
    ways: Mapping[str, Call], iterations: int, warmup: int | None, clock: Clock
) -> tuple[_Turn, Steps[Comparison]]:
    _check(ways)
    check_whole("iterations", iterations, 1)
    if warmup is None:
        warmup = min(iterations, MOST_WARMUP)
    check_whole("warmup", warmup, 0)
    first = next(iter(ways.values()))
    turn = _AsyncTurn(first) if any(map(is_async, ways.values())) else _Turn(first)
    return turn, _steps(ways, turn, iterations, warmup, clock)


def _check(ways: Mapping[str, object]) -> None:
    if not isinstance(ways, Mapping) or len(ways) < FEWEST_WAYS:
        raise LeakprobeError(
            "compare_growth takes two ways or more, each with a name: "
            '{"without clear()": f, "with clear()": g}'
        )
    for label, call in ways.items():
        if not callable(call):
            kind = type(call).__name__
            raise LeakprobeError(f"{shorten(repr(label))} is of type {kind}: give a function")


def _steps(
    ways: Mapping[str, Call], turn: _Turn, iterations: int, warmup: int, clock: Clock
) -> Steps[Comparison]:
    calls = _sizes(iterations)
    windows = {label: _Windows(calls) for label in ways}
    for way in ways.values():
        turn.call = way
        yield warmup
    # As many as are kept later, so that the first window has nothing to add.
    first, waiting, last = take_reading(), take_reading(), take_reading()
    for window, count in enumerate(calls):
        for label in _in_turn(tuple(ways), window):
            turn.call = ways[label]
            yield UNCOUNTED
            first = take_reading()
            began = clock()
            yield count
            took = clock() - began
            waiting = take_reading(collect=False)
            last = take_reading()
            windows[label].note(window, took, first, waiting, last)
    return _compared(windows, iterations, warmup)


def _sizes(iterations: int) -> list[int]:
    """The calls of each window, nearly equal."""
    windows = min(MOST_WINDOWS, iterations)
    ends = [iterations * window // windows for window in range(windows + 1)]
    return [end - start for start, end in pairwise(ends)]


def _in_turn(labels: Sequence[str], window: int) -> Sequence[str]:
    """Forwards and backwards: none is always the one that comes later."""
    return labels if window % 2 == 0 else labels[::-1]


def _compared(windows: Mapping[str, _Windows], iterations: int, warmup: int) -> Comparison:
    (base, first), *others = windows.items()
    return Comparison(
        ways=tuple(found.growth(label) for label, found in windows.items()),
        differences=tuple(_difference(base, first, label, other) for label, other in others),
        iterations=iterations,
        warmup=warmup,
    )


def _difference(base: str, first: _Windows, label: str, other: _Windows) -> WayDifference:
    shift = shift_of(first.per_call(), other.per_call(), level=LEVEL)
    return WayDifference(
        first=base,
        second=label,
        mb=first.growth_mb - other.growth_mb,
        bytes_per_call=shift.value,
        bytes_per_call_low=shift.low,
        bytes_per_call_high=shift.high,
        level=shift.level,
        is_real=shift.level >= LEAST_LEVEL and shift.excludes_zero,
    )
