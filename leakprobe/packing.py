"""Snapshots in a tenth of their size.

What repeats from snapshot to snapshot (stacks, names of files, functions, types and
routes) stands once in tables, with a count of its uses, and goes when the last snapshot
that used it goes. A snapshot itself is then a few arrays of numbers: 20 bytes for a
stack. Sizes are `object.__sizeof__`, rounded up by what an allocator adds.
"""

import struct
from array import array
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Generic, TypeVar

from leakprobe.model import Frame, LiveStack, Snapshot, Stack, TypeCount

__all__ = ["Packed", "Tables", "lighter"]

OBJECT_OVERHEAD = 16  # header of the cyclic collector
FRAME = struct.Struct("<IqI")
NO_FUNCTION = 0xFFFFFFFF
POSITION_BYTES = 32

Value = TypeVar("Value", bound=Hashable)
Item = TypeVar("Item")


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
        return self._value_bytes + sum(map(_shell_bytes, parts))

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


@dataclass(frozen=True, slots=True)
class Columns:
    """A table's positions, and beside each the numbers that belong to it."""

    positions: "array[int]"
    numbers: tuple["array[int]", ...]

    @property
    def size_bytes(self) -> int:
        """What the arrays take."""
        arrays = (self.positions, *self.numbers)
        return _shell_bytes(self) + _shell_bytes(self.numbers) + sum(map(_shell_bytes, arrays))


@dataclass(frozen=True, slots=True)
class Packed:
    """A snapshot whose lists stand in `Tables`: `bare` is all the rest of it."""

    bare: Snapshot
    requests: Columns
    stacks: Columns | None
    types: Columns | None

    @property
    def size_bytes(self) -> int:
        """What it takes, without its share of the tables."""
        columns = (self.requests, self.stacks, self.types)
        lists = sum(part.size_bytes for part in columns if part is not None)
        return _shell_bytes(self) + _deep_bytes(self.bare) + lists


class Tables:
    """What the snapshots of one album have in common. Not safe for threads by itself."""

    def __init__(self) -> None:
        self._names: Table[str] = Table()
        self._frames: Table[bytes] = Table()
        self._stacks: Table[bytes] = Table()

    @property
    def size_bytes(self) -> int:
        """What all tables take."""
        tables = (self._names.size_bytes, self._frames.size_bytes, self._stacks.size_bytes)
        return sum(tables) + _shell_bytes(self) + _shell_bytes(vars(self))

    def pack(self, snapshot: Snapshot) -> Packed:
        """The snapshot, packed; pass it to `release` or `without_lists` when it goes."""
        routes = [self._name(route) for route in snapshot.requests]
        return Packed(
            bare=replace(snapshot, requests={}, stacks=None, types=None),
            requests=_columns(routes, [snapshot.requests.values()]),
            stacks=None if snapshot.stacks is None else self._pack_stacks(snapshot.stacks),
            types=None if snapshot.types is None else self._pack_types(snapshot.types),
        )

    def unpack(self, packed: Packed) -> Snapshot:
        """The snapshot as it was packed."""
        return replace(
            self.outline(packed),
            stacks=None if packed.stacks is None else self._unpack_stacks(packed.stacks),
            types=None if packed.types is None else self._unpack_types(packed.types),
        )

    def outline(self, packed: Packed) -> Snapshot:
        """The snapshot with empty lists where it has stacks and types."""
        routes = map(self._names.__getitem__, packed.requests.positions)
        return replace(
            packed.bare,
            requests=dict(zip(routes, packed.requests.numbers[0], strict=True)),
            stacks=None if packed.stacks is None else (),
            types=None if packed.types is None else (),
        )

    def without_lists(self, packed: Packed) -> Packed:
        """The same without stacks and types, whose table entries are released."""
        if packed.stacks is not None:
            for position in packed.stacks.positions:
                self._release_stack(position)
        if packed.types is not None:
            for position in packed.types.positions:
                self._names.release(position)
        for table in (self._names, self._frames, self._stacks):
            table.trim()
        return replace(packed, stacks=None, types=None)

    def release(self, packed: Packed) -> None:
        """Let go of all that the snapshot used."""
        for position in packed.requests.positions:
            self._names.release(position)
        self.without_lists(packed)

    def _pack_stacks(self, stacks: Sequence[LiveStack]) -> Columns:
        # The frames of a snapshot are usually shared between its stacks.
        seen: dict[int, int] = {}
        return _columns(
            [self._stack(live.stack, seen) for live in stacks],
            [
                [live.bytes for live in stacks],
                [live.objects for live in stacks],
                # An exact tracer has no errors to keep.
                [live.bytes_error for live in stacks] if any(s.bytes_error for s in stacks) else [],
            ],
        )

    def _unpack_stacks(self, columns: Columns) -> tuple[LiveStack, ...]:
        frames: dict[int, Frame] = {}
        sizes, objects, errors = columns.numbers
        return tuple(
            LiveStack(self._stack_at(position, frames), *numbers)
            for position, *numbers in zip(
                columns.positions, sizes, objects, errors or [0] * len(sizes), strict=True
            )
        )

    def _pack_types(self, types: Sequence[TypeCount]) -> Columns:
        return _columns(
            [self._name(count.type) for count in types],
            [
                [count.objects for count in types],
                [count.bytes for count in types],
                [count.owned_bytes for count in types],
            ],
        )

    def _unpack_types(self, columns: Columns) -> tuple[TypeCount, ...]:
        names = map(self._names.__getitem__, columns.positions)
        return tuple(
            TypeCount(name, *numbers)
            for name, *numbers in zip(names, *columns.numbers, strict=True)
        )

    def _name(self, name: str) -> int:
        return self._names.use(self._names.position(name))

    def _stack(self, stack: Stack, seen: dict[int, int]) -> int:
        """The stack's position. `seen` maps ids of frames that live during the call."""
        frames = array("I")
        for frame in stack.frames:
            position = seen.get(id(frame))
            if position is None:
                position = seen[id(frame)] = self._frame(frame)
            frames.append(position)
        known = len(self._stacks)
        position = self._stacks.position(frames.tobytes())
        if len(self._stacks) > known:
            for of_frame in frames:
                self._frames.use(of_frame)
        return self._stacks.use(position)

    def _frame(self, frame: Frame) -> int:
        """The frame's position; the stack that is about to be stored will use it."""
        file = self._names.position(frame.file)
        function = NO_FUNCTION if frame.function is None else self._names.position(frame.function)
        known = len(self._frames)
        position = self._frames.position(FRAME.pack(file, frame.line, function))
        if len(self._frames) > known:
            self._names.use(file)
            if function != NO_FUNCTION:
                self._names.use(function)
        return position

    def _release_stack(self, position: int) -> None:
        stack = self._stacks.release(position)
        for of_frame in _positions(stack) if stack is not None else ():
            frame = self._frames.release(of_frame)
            if frame is not None:
                file, _, function = FRAME.unpack(frame)
                self._names.release(file)
                if function != NO_FUNCTION:
                    self._names.release(function)

    def _stack_at(self, position: int, frames: dict[int, Frame]) -> Stack:
        positions = _positions(self._stacks[position])
        for of_frame in positions:
            if of_frame not in frames:
                frames[of_frame] = self._frame_at(of_frame)
        return Stack(tuple(map(frames.__getitem__, positions)))

    def _frame_at(self, position: int) -> Frame:
        file, line, function = FRAME.unpack(self._frames[position])
        name = None if function == NO_FUNCTION else self._names[function]
        return Frame(self._names[file], line, name)


def lighter(snapshot: Snapshot) -> Snapshot:
    """The snapshot with the heavier half of its stacks and of its types."""
    stacks, types = snapshot.stacks, snapshot.types
    return replace(
        snapshot,
        stacks=_heavier_half(stacks, lambda live: live.bytes) if stacks else None,
        types=_heavier_half(types, lambda count: count.bytes) if types else None,
    )


def _heavier_half(items: Sequence[Item], weight: Callable[[Item], int]) -> tuple[Item, ...] | None:
    order = sorted(range(len(items)), key=lambda position: weight(items[position]), reverse=True)
    return tuple(items[position] for position in sorted(order[: len(items) // 2])) or None


def _columns(positions: Iterable[int], numbers: Iterable[Iterable[int]]) -> Columns:
    return Columns(array("I", positions), tuple(array("q", column) for column in numbers))


def _positions(packed: bytes) -> "array[int]":
    positions = array("I")
    positions.frombytes(packed)
    return positions


def _value_bytes(value: object) -> int:
    """A value, and the number under which it is found."""
    return _shell_bytes(value) + POSITION_BYTES


def _shell_bytes(value: object) -> int:
    return value.__sizeof__() + OBJECT_OVERHEAD


def _deep_bytes(value: object) -> int:
    shell = _shell_bytes(value)
    if is_dataclass(value):
        return shell + sum(_deep_bytes(getattr(value, field.name)) for field in fields(value))
    return shell
