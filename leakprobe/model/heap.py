"""What one walk of the whole heap finds."""

from dataclasses import dataclass

from leakprobe.model.graph import HolderPath
from leakprobe.model.memory import Container, Frame, HeapTotals, Price, TypeCount

__all__ = [
    "Census",
    "CloseLook",
    "ContainerHolder",
    "Owner",
    "Retained",
    "RetainedObject",
    "TypeHolder",
]


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


@dataclass(frozen=True, slots=True)
class ContainerHolder:
    """A container that grew, and what there is to know of it.

    Attributes:
        address: as in `Container`.
        type: its type.
        length: entries now.
        bytes: shallow size.
        retained_bytes: with all that it dominates; None: not known.
        state: what it hangs on: `module`, `frame`, `c_held` or `garbage`.
        path: the shortest way to it from a root; None where none leads there.
        entries: types of what it holds, by count, keys apart from values not told.
    """

    address: int
    type: str
    length: int
    bytes: int
    retained_bytes: int | None
    state: str
    path: HolderPath | None
    entries: tuple[TypeCount, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeHolder:
    """Objects of one type that are held in one way.

    `objects` of the objects that were looked at hang on `path`; `retained_bytes` is what
    they dominate. `state` is as in `ContainerHolder`. `finalizer`: they are garbage, and
    have a `__del__` written in Python.
    """

    type: str
    path: HolderPath | None
    objects: int
    retained_bytes: int | None
    state: str
    finalizer: bool = False


@dataclass(frozen=True, slots=True)
class CloseLook:
    """What one walk found out about what grows: the join of samples, types and holders.

    `owners` is empty where nothing samples. All lists are the largest first.
    """

    owners: tuple[Owner, ...]
    containers: tuple[ContainerHolder, ...]
    types: tuple[TypeHolder, ...]
    totals: HeapTotals | None
    price: Price
