"""Reads what a heap walk wrote, without trusting a byte of it.

The child that wrote it may have been killed in the middle of a line, and it looked at
memory that extensions own. So every length is checked, and every number that names a
string, a type, a node, a step, a path or a group must name one that is there.
"""

import struct
from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise

from leakprobe.capture.heap.layout import (
    NO_GROUP,
    Entries,
    Group,
    Node,
    NodeKind,
    NodeState,
    Path,
    Role,
    Step,
    Thing,
    TypeTally,
    WalkResult,
    Why,
)
from leakprobe.capture.names import clean_name
from leakprobe.errors import WalkFailed
from leakprobe.model.memory import Container, HeapTotals

__all__ = ["decode"]

MAGIC = b"LPHEAP01"
HEADER = struct.Struct("=IIQ")
END, STRINGS, TOTALS, TYPES, CONTAINERS, NODES, PATHS, STEPS, EDGES, JOIN, GROUPS, HELD, ENTRIES = (
    range(13)
)
ROWS = {
    TOTALS: struct.Struct("=Q"),
    TYPES: struct.Struct("=II8Q"),
    CONTAINERS: struct.Struct("=QQII"),
    NODES: struct.Struct("=6Iq3Q2I"),
    PATHS: struct.Struct("=4I"),
    STEPS: struct.Struct("=4I"),
    EDGES: struct.Struct("=6I"),
    JOIN: struct.Struct("=2I"),
    GROUPS: struct.Struct("=4IQ"),
    HELD: struct.Struct("=4IQ"),
    ENTRIES: struct.Struct("=2I3Q"),
}
NONE = 2**32 - 1
MODEL_TOTALS = 11
WEAK = 1

Section = tuple[int, memoryview]


def decode(data: bytes) -> WalkResult:
    """The result of a walk.

    Args:
        data: as `_native/heap/output.h` describes it.

    Raises:
        WalkFailed: it is cut off, or does not fit together.
    """
    try:
        return _Decoder(dict(_sections(memoryview(data)))).result()
    except (IndexError, KeyError, ValueError, struct.error) as error:
        raise WalkFailed(f"the heap walk left a result that cannot be read: {error}") from error


def _sections(data: memoryview) -> Iterator[tuple[int, Section]]:
    """Kind, number of rows and payload of every section, up to the last."""
    if data[: len(MAGIC)] != MAGIC:
        raise ValueError("it does not begin as a result does")
    at = len(MAGIC)
    while True:
        kind, rows, size = HEADER.unpack_from(data, at)
        at += HEADER.size
        if kind == END:
            return
        if size > len(data) - at:
            raise ValueError(f"section {kind} is cut off")
        yield kind, (rows, data[at : at + size])
        at += size + -size % 8


class _Decoder:
    """The sections of one result, and what they name."""

    def __init__(self, sections: dict[int, Section]) -> None:
        self._sections = sections
        self._strings = self._read_strings()
        self._types = tuple(map(self._type, self._rows(TYPES)))
        self._nodes = {node.number: node for node in map(self._node, self._rows(NODES))}
        self._paths = self._read_paths()

    def result(self) -> WalkResult:
        groups = tuple(self._group(*row) for row in self._rows(GROUPS))
        return WalkResult(
            totals=self._totals(),
            types=self._types,
            containers=tuple(self._container(*row) for row in self._rows(CONTAINERS)),
            nodes=self._nodes,
            paths=self._paths,
            edges=tuple(self._edge(*row) for row in self._rows(EDGES)),
            owners=self._owners(len(groups)),
            groups=groups,
            held=tuple(self._group(*row) for row in self._rows(HELD)),
            entries=tuple(self._entries(*row) for row in self._rows(ENTRIES)),
        )

    def _rows(self, kind: int) -> Iterator[tuple[int, ...]]:
        rows, payload = self._sections.get(kind, (0, memoryview(b"")))
        if rows * ROWS[kind].size != len(payload):
            raise ValueError(f"section {kind} has {len(payload)} bytes in {rows} rows")
        return ROWS[kind].iter_unpack(payload)

    def _read_strings(self) -> list[str]:
        rows, payload = self._sections[STRINGS]
        # Not `struct`: it keeps the formats that it has seen, and this one has a number in it.
        offsets = array("I", bytes(payload[: 4 * (rows + 1)]))
        text = bytes(payload[4 * (rows + 1) :])
        if len(offsets) != rows + 1:
            raise ValueError("strings are cut off")
        if sorted(offsets) != list(offsets) or offsets[-1] > len(text):
            raise ValueError("strings are not where they should be")
        return [clean_name(text[start:end].decode()) for start, end in pairwise(offsets)]

    def _text(self, number: int) -> str | None:
        return None if number == NONE else self._strings[number]

    def _totals(self) -> HeapTotals:
        numbers = [number for (number,) in self._rows(TOTALS)]
        if len(numbers) < MODEL_TOTALS:
            raise ValueError("totals are missing")
        return HeapTotals(*numbers[:MODEL_TOTALS])  # `enum total` begins in the model's order

    def _type(self, row: tuple[int, ...]) -> TypeTally:
        return TypeTally(self._strings[row[0]], *row[1:])

    def _container(self, address: int, length: int, type_: int, flags: int) -> Container:
        return Container(address, self._types[type_].name, length, bool(flags & WEAK))

    def _node(self, row: tuple[int, ...]) -> Node:
        number, kind, type_, title, thing, state, length, address, size, retained, _, limit = row
        return Node(
            number=number,
            kind=NodeKind(kind),
            type=None if type_ == NONE else self._types[type_].name,
            title=self._text(title),
            thing=Thing(thing),
            state=NodeState(state),
            length=length if length >= 0 else None,
            address=address,
            bytes=size,
            retained_bytes=retained,
            limit=limit or None,
        )

    def _read_paths(self) -> tuple[Path, ...]:
        steps = list(self._rows(STEPS))
        paths = []
        for node, why, first, count in self._rows(PATHS):
            if first + count > len(steps):
                raise ValueError(f"a path has steps {first} to {first + count} of {len(steps)}")
            way = steps[first : first + count]
            paths.append(Path(self._known(node), Why(why), self._way(way, node)))
        return tuple(paths)

    def _way(self, rows: Sequence[tuple[int, ...]], node: int) -> tuple[Step, ...]:
        held = [*(row[0] for row in rows), node][1:]
        return tuple(self._edge(row[0], h, *row[1:]) for row, h in zip(rows, held, strict=True))

    def _edge(
        self, holder: int, held: int, role: int, name: int, index: int, holders: int = 0
    ) -> Step:
        return Step(
            holder=self._known(holder),
            held=self._known(held),
            role=Role(role),
            name=self._text(name),
            index=None if index == NONE else index,
            holders=holders,
        )

    def _known(self, node: int) -> int:
        return self._nodes[node].number

    def _owners(self, groups: int) -> "array[int]":
        owners = array("I", (group for group, _ in self._rows(JOIN)))
        if any(group >= groups and group != NO_GROUP for group in owners):
            raise ValueError("a sampled block belongs to a group that is not there")
        return owners

    def _group(self, type_: int, path: int, objects: int, state: int, retained: int) -> Group:
        way = None if path == NONE else self._paths[path]
        return Group(self._types[type_].name, way, objects, NodeState(state), retained)

    def _entries(self, container: int, type_: int, *sums: int) -> Entries:
        return Entries(self._known(container), self._types[type_].name, *sums)
