"""What snapshots have in common, and each of them as what is left."""

import struct
from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from leakprobe.model import (
    Container,
    Frame,
    LiveStack,
    ResourceGroup,
    Snapshot,
    Stack,
    TypeCount,
)
from leakprobe.packing.columns import UNKNOWN, Columns, Packed, known, with_unknown
from leakprobe.packing.sizes import shell_bytes
from leakprobe.packing.table import Table

__all__ = ["Tables"]

FRAME = struct.Struct("<IqI")
NO_FUNCTION = 0xFFFFFFFF

Given = TypeVar("Given")
Result = TypeVar("Result")


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
        return sum(tables) + shell_bytes(self) + shell_bytes(vars(self))

    def pack(self, snapshot: Snapshot) -> Packed:
        """The snapshot, packed; pass it to `release` or `without_lists` when it goes."""
        routes = [self._name(route) for route in snapshot.requests]
        return Packed(
            bare=replace(
                snapshot, requests={}, stacks=None, types=None, containers=None, groups=None
            ),
            requests=Columns(array("I", routes), (array("q", snapshot.requests.values()),)),
            stacks=_where(snapshot.stacks, self._pack_stacks),
            types=_where(snapshot.types, self._pack_types),
            containers=_where(snapshot.containers, self._pack_containers),
            groups=_where(snapshot.groups, self._pack_groups),
        )

    def unpack(self, packed: Packed) -> Snapshot:
        """The snapshot as it was packed."""
        return replace(
            self.outline(packed),
            stacks=_where(packed.stacks, self._unpack_stacks),
            types=_where(packed.types, self._unpack_types),
            containers=_where(packed.containers, self._unpack_containers),
            groups=_where(packed.groups, self._unpack_groups),
        )

    def outline(self, packed: Packed) -> Snapshot:
        """The snapshot with empty lists where it has stacks, types, containers and groups."""
        routes = map(self._names.__getitem__, packed.requests.positions)
        return replace(
            packed.bare,
            requests=dict(zip(routes, packed.requests.numbers[0], strict=True)),
            stacks=None if packed.stacks is None else (),
            types=None if packed.types is None else (),
            containers=None if packed.containers is None else (),
            groups=None if packed.groups is None else (),
        )

    def without_lists(self, packed: Packed) -> Packed:
        """The same without what an outline lacks, whose table entries are released."""
        if packed.stacks is not None:
            for position in packed.stacks.positions:
                self._release_stack(position)
            for position in packed.stacks.names:
                if position != UNKNOWN:
                    self._names.release(position)
        for columns in (packed.types, packed.containers):
            for position in columns.positions if columns is not None else ():
                self._names.release(position)
        if packed.groups is not None:
            self._release_groups(packed.groups)
        for table in (self._names, self._frames, self._stacks):
            table.trim()
        return replace(packed, stacks=None, types=None, containers=None, groups=None)

    def release(self, packed: Packed) -> None:
        """Let go of all that the snapshot used."""
        for position in packed.requests.positions:
            self._names.release(position)
        self.without_lists(packed)

    def _pack_stacks(self, stacks: Sequence[LiveStack]) -> Columns:
        # The frames of a snapshot are usually shared between its stacks.
        seen: dict[int, int] = {}
        return Columns(
            array("I", [self._stack(live.stack, seen) for live in stacks]),
            (
                array("q", [live.bytes for live in stacks]),
                array("q", [live.objects for live in stacks]),
                # An exact tracer has no errors to keep.
                known("q", [live.bytes_error or None for live in stacks]),
            ),
            known("i", [_where(live.route, self._name) for live in stacks]),
            known("d", [live.born_by_s for live in stacks]),
        )

    def _unpack_stacks(self, columns: Columns) -> tuple[LiveStack, ...]:
        frames: dict[int, Frame] = {}
        stacks = {at: self._stack_at(at, frames) for at in set(columns.positions)}
        sizes, objects, errors = columns.numbers
        return tuple(
            LiveStack(
                stack=stacks[position],
                bytes=size,
                objects=count,
                bytes_error=error or 0,
                route=_where(name, self._names.__getitem__),
                born_by_s=born_by_s,
            )
            for position, size, count, error, name, born_by_s in zip(
                columns.positions,
                sizes,
                objects,
                with_unknown(errors, len(sizes)),
                with_unknown(columns.names, len(sizes)),
                with_unknown(columns.times, len(sizes)),
                strict=True,
            )
        )

    def _pack_types(self, types: Sequence[TypeCount]) -> Columns:
        return Columns(
            array("I", [self._name(count.type) for count in types]),
            (
                array("q", [count.objects for count in types]),
                array("q", [count.bytes for count in types]),
                array("q", [count.owned_bytes for count in types]),
                known("q", [count.retained_bytes for count in types]),
                # Few types have any of these, and few walks find such types.
                known("q", [count.garbage_objects or None for count in types]),
                known("q", [count.c_held_objects or None for count in types]),
                known("q", [count.garbage_bytes or None for count in types]),
            ),
        )

    def _unpack_types(self, columns: Columns) -> tuple[TypeCount, ...]:
        names = map(self._names.__getitem__, columns.positions)
        objects, sizes, owned, *seldom = columns.numbers
        rows = len(columns.positions)
        return tuple(
            TypeCount(
                type=name,
                objects=count,
                bytes=size,
                owned_bytes=owned_size,
                retained_bytes=retained_size,
                garbage_objects=garbage or 0,
                c_held_objects=c_held or 0,
                garbage_bytes=garbage_size or 0,
            )
            for name, count, size, owned_size, retained_size, garbage, c_held, garbage_size in zip(
                names,
                objects,
                sizes,
                owned,
                *(with_unknown(column, rows) for column in seldom),
                strict=True,
            )
        )

    def _pack_containers(self, containers: Sequence[Container]) -> Columns:
        return Columns(
            array("I", [self._name(container.type) for container in containers]),
            (
                array("Q", [container.address for container in containers]),
                array("q", [container.length for container in containers]),
                array("b", [container.weak for container in containers]),
            ),
        )

    def _unpack_containers(self, columns: Columns) -> tuple[Container, ...]:
        names = map(self._names.__getitem__, columns.positions)
        return tuple(
            Container(address, name, length, bool(weak))
            for name, address, length, weak in zip(names, *columns.numbers, strict=True)
        )

    def _pack_groups(self, groups: Sequence[ResourceGroup]) -> Columns:
        return Columns(
            array("I", [self._name(group.name) for group in groups]),
            (
                array("q", [group.count for group in groups]),
                known("q", [_where(group.site, self._site) for group in groups]),
            ),
            array("i", [self._name(group.resource) for group in groups]),
        )

    def _unpack_groups(self, columns: Columns) -> tuple[ResourceGroup, ...]:
        counts, sites = columns.numbers
        return tuple(
            ResourceGroup(
                self._names[resource], self._names[name], count, _where(site, self._frame_at)
            )
            for name, resource, count, site in zip(
                columns.positions,
                columns.names,
                counts,
                with_unknown(sites, len(counts)),
                strict=True,
            )
        )

    def _release_groups(self, columns: Columns) -> None:
        for position in (*columns.positions, *columns.names):
            self._names.release(position)
        for site in columns.numbers[1]:
            if site != UNKNOWN:
                self._release_frame(site)

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

    def _site(self, frame: Frame) -> int:
        return self._frames.use(self._frame(frame))

    def _frame(self, frame: Frame) -> int:
        """The frame's position; whoever is about to be stored with it will use it."""
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
            self._release_frame(of_frame)

    def _release_frame(self, position: int) -> None:
        frame = self._frames.release(position)
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


def _where(given: Given | None, function: Callable[[Given], Result]) -> Result | None:
    """The function of what is given; None where nothing is."""
    return None if given is None else function(given)


def _positions(packed: bytes) -> "array[int]":
    positions = array("I")
    positions.frombytes(packed)
    return positions
