"""Series that are kept small: when something was observed, and when a value changed.

Most of a heap does not change from walk to walk, so of a value only its changes are kept.
Observations are thinned as they grow old; a value that was there at an observation that
is no longer kept counts at the next one that is.
"""

from array import array
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

__all__ = ["MOST_OBSERVATIONS", "Column", "Table", "Timeline"]

Key = TypeVar("Key", bound=Hashable)

MOST_OBSERVATIONS = 64
# The latest are kept as they come: a leak that began lately shows in them.
KEPT_FINE = MOST_OBSERVATIONS // 3
BYTES_PER_OBSERVATION = 120
BYTES_PER_COLUMN = 200


class Timeline:
    """The moments at which one kind of thing was observed, at most 64 of them.

    Where one more comes, the one among the older two thirds goes whose neighbours are
    nearest to each other: in time and in requests together, so that hours without load do
    not displace the minute that had some.

    Attributes:
        times: uptime in seconds, rising.
        requests: finished until then, by route.
        totals: the same, of all routes.
        serials: numbers of the observations, as columns know them.
    """

    __slots__ = ("_next", "requests", "serials", "times", "totals")

    def __init__(self) -> None:
        self.times: list[float] = []
        self.requests: list[Mapping[str, int]] = []
        self.totals: list[int] = []
        self.serials: list[int] = []
        self._next = 0

    def __len__(self) -> int:
        return len(self.times)

    @property
    def latest(self) -> int:
        """Serial of the latest observation; -1: there was none."""
        return self._next - 1

    @property
    def size_bytes(self) -> int:
        """About what it takes."""
        return BYTES_PER_OBSERVATION * len(self)

    def follows(self, time_s: float) -> bool:
        """Whether an observation at this uptime would be a later one."""
        return not self.times or time_s > self.times[-1]

    def add(self, time_s: float, requests: Mapping[str, int]) -> int:
        """File an observation and return its serial.

        Args:
            time_s: uptime, later than that of all others.
            requests: finished until then, by route.
        """
        if len(self) >= MOST_OBSERVATIONS:
            self._drop(self._least_missed())
        self.times.append(time_s)
        self.requests.append(requests)
        self.totals.append(sum(requests.values()))
        self.serials.append(self._next)
        self._next += 1
        return self._next - 1

    def _least_missed(self) -> int:
        times, totals = self.times, self.totals
        per_second = 1 / (times[-1] - times[0])
        per_request = 1 / max(totals[-1] - totals[0], 1)

        def gap(at: int) -> float:
            seconds = times[at + 1] - times[at - 1]
            return seconds * per_second + (totals[at + 1] - totals[at - 1]) * per_request

        return min(range(1, len(self) - KEPT_FINE), key=gap)

    def _drop(self, at: int) -> None:
        for values in (self.times, self.requests, self.totals, self.serials):
            del values[at]


class Column:
    """The values of one thing, from the first observation that saw it.

    Args:
        serial: of that observation.
        value: what it saw.

    Attributes:
        last: the latest value.
    """

    __slots__ = ("_serials", "_values", "last")

    def __init__(self, serial: int, value: int) -> None:
        self.last = value
        self._serials = array("q", (serial,))
        self._values = array("q", (value,))

    @property
    def first_serial(self) -> int:
        """The observation that it begins with."""
        return self._serials[0]

    @property
    def changes(self) -> int:
        """How often it changed, as far as that is still known."""
        return len(self._values) - 1

    @property
    def size_bytes(self) -> int:
        """About what it takes."""
        return BYTES_PER_COLUMN + 16 * len(self._values)

    def put(self, serial: int, value: int) -> None:
        """File the value that an observation saw; nothing is kept where it is the last one."""
        if value != self.last:
            self.last = value
            self._serials.append(serial)
            self._values.append(value)

    def compact(self, serials: Sequence[int]) -> None:
        """Forget changes that no kept observation tells apart.

        Args:
            serials: of the observations that are kept, rising.
        """
        kept = sorted({at for at in map(self._at, serials) if at >= 0})
        self._serials = array("q", (self._serials[at] for at in kept))
        self._values = array("q", (self._values[at] for at in kept))

    def values(self, serials: Sequence[int]) -> list[int]:
        """The value at each observation; 0 before the first that saw it."""
        return [self._values[at] if at >= 0 else 0 for at in map(self._at, serials)]

    def _at(self, serial: int) -> int:
        """The position of the value at an observation; -1 before the first."""
        return bisect_right(self._serials, serial) - 1


class Table(Generic[Key]):
    """Columns of things of one kind, by their names, over one timeline.

    Args:
        timeline: when they were observed.
        forgets: True where a thing that is not seen is gone and its name may come to mean
            another one; False where there are just none of them now.
    """

    __slots__ = ("_columns", "_forgets", "timeline")

    def __init__(self, timeline: Timeline, *, forgets: bool) -> None:
        self.timeline = timeline
        self._forgets = forgets
        self._columns: dict[Key, Column] = {}

    def __len__(self) -> int:
        return len(self._columns)

    @property
    def size_bytes(self) -> int:
        """About what it takes."""
        return sum(column.size_bytes for column in self._columns.values())

    def get(self, key: Key) -> Column | None:
        """The column of a thing; None: it was not seen."""
        return self._columns.get(key)

    def items(self) -> Iterable[tuple[Key, Column]]:
        """All columns, by name."""
        return self._columns.items()

    def file(self, serial: int, values: Mapping[Key, int]) -> None:
        """File what an observation saw."""
        columns = self._columns
        for key, value in values.items():
            column = columns.get(key)
            if column is None:
                columns[key] = Column(serial, value)
            elif column.last != value:
                self._change(column, serial, value)
        if len(columns) > len(values):
            self._miss(serial, columns.keys() - values.keys())

    def _change(self, column: Column, serial: int, value: int) -> None:
        column.put(serial, value)
        if column.changes > 2 * MOST_OBSERVATIONS:
            column.compact(self.timeline.serials)

    def _miss(self, serial: int, missing: Iterable[Key]) -> None:
        """What was zero already is no longer worth a column."""
        for key in missing:
            column = self._columns[key]
            if self._forgets or column.last == 0:
                del self._columns[key]
            else:
                self._change(column, serial, 0)
