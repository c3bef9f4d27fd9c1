"""Writes results of heap walks as `_native/heap/output.h` describes them, for tests."""

import struct
from collections.abc import Mapping, Sequence

from leakprobe.capture.heap.result import (
    CONTAINERS,
    EDGES,
    END,
    ENTRIES,
    GROUPS,
    HEADER,
    HELD,
    JOIN,
    MAGIC,
    NODES,
    PATHS,
    ROWS,
    STEPS,
    STRINGS,
    TOTALS,
    TYPES,
)

__all__ = ["NONE", "PLANTED", "encode", "section"]

NONE = 2**32 - 1
Rows = Sequence[Sequence[int]]

# A module (node 7, type 1) whose namespace (8) holds a list (9) of one Result (10).
STRINGS_OF_PLANTED = ("app.Result", "module", "dict", "list", "app", "results")
PLANTED: Mapping[int, Rows] = {
    TOTALS: [[n] for n in (10, 8, 12, 1000, 1, 100, 2, 200, 3, 300, 1, 2, 4096, 5, 6, 7, 8, 9)],
    TYPES: [
        (0, 0, 1, 48, 80, 90, 0, 0, 0, 0),
        (1, 2, 3, 300, 300, 900, 0, 0, 0, 0),
        (2, 1, 4, 400, 400, 800, 1, 64, 0, 0),
        (3, 1, 2, 200, 200, 300, 0, 0, 1, 56),
    ],
    CONTAINERS: [(0x7000, 40, 3, 0), (0x7100, 99, 2, 1)],
    NODES: [
        (0, 0, NONE, NONE, 0, 1, -1, 0, 0, 5000, NONE, 0),
        (1, 1, NONE, NONE, 0, 1, -1, 0, 0, 4000, 0, 0),
        (6, 6, 2, NONE, 0, 1, 50, 0x6000, 64, 3000, 1, 0),
        (7, 6, 1, 4, 1, 1, -1, 0x7200, 72, 2000, 6, 0),
        (8, 6, 2, 4, 1, 1, 9, 0x7300, 184, 1900, 7, 0),
        (9, 6, 3, NONE, 0, 1, 1, 0x7000, 64, 500, 8, 256),
        (10, 6, 0, NONE, 0, 1, -1, 0x7400, 48, 400, 9, 0),
    ],
    PATHS: [(10, 4 | 1, 0, 6), (9, 8 | 16, 6, 5)],
    STEPS: [
        (0, 0, NONE, NONE),
        (1, 0, NONE, NONE),
        (6, 1, 4, NONE),
        (7, 2, NONE, NONE),
        (8, 6, 5, NONE),
        (9, 9, NONE, NONE),
        (0, 0, NONE, NONE),
        (1, 0, NONE, NONE),
        (6, 1, 4, NONE),
        (7, 2, NONE, NONE),
        (8, 6, 5, NONE),
    ],
    EDGES: [(9, 10, 9, NONE, 0, 1)],
    JOIN: [(0, 1), (NONE, 0), (1, 2)],
    GROUPS: [(0, 0, 5, 1, 700), (3, NONE, 2, 3, 0)],
    HELD: [(0, 0, 1, 1, 400)],
    ENTRIES: [(9, 0, 1, 48, 400)],
}


def encode(
    rows: Mapping[int, Rows] = PLANTED, strings: Sequence[str] = STRINGS_OF_PLANTED
) -> bytes:
    """A whole result."""
    sections = [
        section(kind, len(some), b"".join(ROWS[kind].pack(*row) for row in some))
        for kind, some in rows.items()
    ]
    return MAGIC + b"".join(sections) + _strings(strings) + section(END, 0, b"")


def section(kind: int, rows: int, payload: bytes) -> bytes:
    """One section."""
    return HEADER.pack(kind, rows, len(payload)) + payload + bytes(-len(payload) % 8)


def _strings(strings: Sequence[str]) -> bytes:
    texts = [text.encode() for text in strings]
    offsets = [sum(map(len, texts[:i])) for i in range(len(texts) + 1)]
    payload = struct.pack(f"={len(offsets)}I", *offsets) + b"".join(texts)
    return section(STRINGS, len(texts), payload)
