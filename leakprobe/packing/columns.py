"""A packed snapshot: columns of numbers."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import TypeVar

from leakprobe.model import Snapshot
from leakprobe.packing.sizes import deep_bytes, shell_bytes

__all__ = ["UNKNOWN", "Columns", "Packed", "known", "with_unknown"]

UNKNOWN = -1  # no size, time, or position in a table is negative

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Columns:
    """A table's positions, and beside each what else belongs to its row.

    An empty column is one in which nothing is known of any row.

    Attributes:
        positions: what each row is about.
        numbers: the numbers of each row.
        names: positions of a second name, `UNKNOWN` where a row has none.
        times: seconds, `UNKNOWN` where a row has none.
    """

    positions: "array[int]"
    numbers: tuple["array[int]", ...]
    names: "array[int]" = field(default_factory=lambda: array("i"))
    times: "array[float]" = field(default_factory=lambda: array("d"))

    @property
    def size_bytes(self) -> int:
        """What the arrays take."""
        arrays = (self.positions, *self.numbers, self.names, self.times)
        return shell_bytes(self) + shell_bytes(self.numbers) + sum(map(shell_bytes, arrays))


@dataclass(frozen=True, slots=True)
class Packed:
    """A snapshot whose lists stand in `Tables`: `bare` is all the rest of it."""

    bare: Snapshot
    requests: Columns
    stacks: Columns | None
    types: Columns | None
    containers: Columns | None
    groups: Columns | None

    @property
    def lists(self) -> tuple[Columns | None, ...]:
        """What `Tables.without_lists` drops, where it is there."""
        return self.stacks, self.types, self.containers, self.groups

    @property
    def has_lists(self) -> bool:
        """Whether there is something that `Tables.without_lists` would drop."""
        return any(part is not None for part in self.lists)

    @property
    def size_bytes(self) -> int:
        """What it takes, without its share of the tables."""
        columns = (self.requests, *self.lists)
        lists = sum(part.size_bytes for part in columns if part is not None)
        return shell_bytes(self) + deep_bytes(self.bare) + lists


def known(code: str, values: Sequence[Number | None]) -> "array[Number]":
    """A column of what may not be known; empty where nothing of it is."""
    if all(value is None for value in values):
        return array(code)
    return array(code, [UNKNOWN if value is None else value for value in values])


def with_unknown(column: "array[Number]", rows: int) -> Iterable[Number | None]:
    """What `known` was given."""
    if not column:
        return repeat(None, rows)
    return (None if value == UNKNOWN else value for value in column)
