"""What one walk of the whole heap finds."""

from dataclasses import dataclass

from leakprobe.model.graph import HolderPath
from leakprobe.model.memory import Container, Frame, Price, TypeCount

__all__ = ["Census", "HeapTotals", "Owner", "Retained", "RetainedObject"]


@dataclass(frozen=True, slots=True)
class HeapTotals:
    """The heap in numbers; sizes are shallow, and leakprobe's own objects are apart.

    Attributes:
        objects: every object that was found.
        tracked: those of them that the collector tracks.
        edges: references between them.
        bytes: all of them together.
        c_held_objects: what nothing in Python leads to and C code holds, with all below.
        garbage_objects: what nothing holds: cycles that wait for the collector.
        own_objects: what only leakprobe holds.
    """

    objects: int
    tracked: int
    edges: int
    bytes: int
    c_held_objects: int
    c_held_bytes: int
    garbage_objects: int
    garbage_bytes: int
    own_objects: int
    own_bytes: int


@dataclass(frozen=True, slots=True)
class Census:
    """Live objects by type, and the long containers.

    `containers` and `totals` are None where the walk was made in the running process.
    """

    types: tuple[TypeCount, ...]
    containers: tuple[Container, ...] | None
    totals: HeapTotals | None
    price: Price


@dataclass(frozen=True, slots=True)
class RetainedObject:
    """One object, or several alike that are held in the same way, and what would be freed.

    Attributes:
        type: its type.
        label: a name or a length, as in `GraphNode`; empty for several that differ in it.
        objects: how many there are, of the largest that were looked at.
        bytes: shallow size, of all of them.
        retained_bytes: with all that they dominate.
        state: what it hangs on: `module`, `frame`, `c_held` or `garbage`.
        path: the shortest way to it from a root; None where none leads there.
    """

    type: str
    label: str
    objects: int
    bytes: int
    retained_bytes: int
    state: str
    path: HolderPath | None


@dataclass(frozen=True, slots=True)
class Owner:
    """What became of sampled allocations: the objects that the memory belongs to.

    One row is memory of one site that belongs to objects of one type, held in one way.

    Attributes:
        site: the line that allocated; None: no Python code did.
        stack: the whole stack that most of it came from, the allocating frame first.
        route: whose requests allocated it; None: no request's, or not known.
        type: type of the objects; None: no object was found for the memory.
        path: the shortest way to one of them from a root; None where none is known.
        objects: estimated blocks.
        bytes: estimated bytes.
        bytes_error: standard error of `bytes`.
        samples: how many samples this rests on.
    """

    site: Frame | None
    stack: tuple[Frame, ...]
    route: str | None
    type: str | None
    path: HolderPath | None
    objects: int
    bytes: int
    bytes_error: int
    samples: int


@dataclass(frozen=True, slots=True)
class Retained:
    """What holds how much: objects by retained size, types, or owners of allocations.

    The one of `objects`, `types` and `owners` that was asked for is filled.
    """

    by: str
    totals: HeapTotals
    objects: tuple[RetainedObject, ...]
    types: tuple[TypeCount, ...]
    owners: tuple[Owner, ...]
    hidden_rows: int
    price: Price
