"""Values that repeat, each stored once."""

from array import array
from collections.abc import Hashable
from typing import Generic, TypeVar

from leakprobe.packing.sizes import shell_bytes

__all__ = ["Table"]

POSITION_BYTES = 32

Value = TypeVar("Value", bound=Hashable)


class Table(Generic[Value]):
    """Values, each stored once, with the number of its uses."""

    def __init__(self) -> None:
        self._positions: dict[Value, int] = {}
        self._values: list[Value | None] = []
        self._uses = array("I")
        self._free = array("I")
        self._value_bytes = 0

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, position: int) -> Value:
        value = self._values[position]
        if value is None:
            raise LookupError(f"nothing is at {position}")
        return value

    @property
    def size_bytes(self) -> int:
        """What the table takes, its values included."""
        parts = (self, vars(self), self._positions, self._values, self._uses, self._free)
        return self._value_bytes + sum(map(shell_bytes, parts))

    def position(self, value: Value) -> int:
        """Where the value is; stored now, without a use, where it was not yet."""
        position = self._positions.get(value)
        if position is not None:
            return position
        if self._free:
            position = self._free.pop()
            self._values[position] = value
        else:
            position = len(self._values)
            self._values.append(value)
            self._uses.append(0)
        self._positions[value] = position
        self._value_bytes += _value_bytes(value)
        return position

    def use(self, position: int) -> int:
        """Count one use more; the position again."""
        self._uses[position] += 1
        return position

    def release(self, position: int) -> Value | None:
        """Count one use less; the value, where that was the last one."""
        self._uses[position] -= 1
        if self._uses[position]:
            return None
        value = self[position]
        del self._positions[value]
        self._values[position] = None
        self._free.append(position)
        self._value_bytes -= _value_bytes(value)
        return value

    def trim(self) -> None:
        """Give back the room of what was released; what is stored stays where it is."""
        room = len(self._values)
        while room and self._values[room - 1] is None:
            room -= 1
        # New objects, because a list or an array that shrinks may keep its room.
        self._values, self._uses = self._values[:room], self._uses[:room]
        free = sorted((position for position in self._free if position < room), reverse=True)
        self._free = array("I", free)
        self._positions = dict(self._positions)


def _value_bytes(value: object) -> int:
    """A value, and the number under which it is found."""
    return shell_bytes(value) + POSITION_BYTES
