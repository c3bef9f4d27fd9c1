"""The rows of a heap walk's result, as `_native/heap/output.h` describes them.

The numbers of the enumerations are those of `output.h`, `graph.h` and `reach.h`.
"""

from array import array
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from leakprobe.model.memory import Container, HeapTotals

__all__ = [
    "FINALIZER",
    "NO_GROUP",
    "Entries",
    "Group",
    "Node",
    "NodeKind",
    "NodeState",
    "Path",
    "Role",
    "Step",
    "Thing",
    "TypeTally",
    "WalkResult",
    "Why",
]

NO_GROUP = 2**32 - 1
# Of the flags of a type: some of its objects are garbage, and have a `__del__`.
FINALIZER = 4


class NodeKind(IntEnum):
    """What a node of the graph is."""

    ROOT = 0
    MODULES = 1
    INTERPRETER = 2
    C_HELD = 3
    THREAD = 4
    FRAME = 5
    OBJECT = 6


class NodeState(IntEnum):
    """What a node hangs on."""

    GARBAGE = 0
    MODULE = 1
    FRAME = 2
    C_HELD = 3
    OWN = 4


class Thing(IntEnum):
    """What kind of object a node is."""

    OBJECT = 0
    MODULE = 1
    CLASS = 2
    FUNCTION = 3
    FRAME_OBJECT = 4
    THREAD_OBJECT = 5
    PLUMBING = 6
    TASK = 7
    TIMER_HANDLE = 8
    LOGGING_HANDLER = 9


class Why(IntFlag):
    """Why a path was written."""

    TOP = 1
    ADDRESS = 2
    TYPE = 4
    HOLDER = 8
    GROUP = 16


class Role(IntEnum):
    """How a holder holds something."""

    REFERENCE = 0
    MODULE = 1
    NAMESPACE = 2
    CLASS_NAMESPACE = 3
    ATTRIBUTE = 4
    CLASS_ATTRIBUTE = 5
    GLOBAL = 6
    DICT_VALUE = 7
    DICT_KEY = 8
    LIST_ITEM = 9
    TUPLE_ITEM = 10
    SET_ITEM = 11
    DEQUE_ITEM = 12
    LOCAL = 13
    CLOSURE = 14
    CELL = 15
    CELL_CONTENTS = 16
    DEFAULTS = 17
    CLASS = 18
    CACHED_RESULT = 19
    C_HELD = 20
    THREAD = 21
    BOUND_SELF = 22
    GLOBALS = 23
    CONTEXT_PART = 24
    CONTEXT_VARIABLE = 25


@dataclass(frozen=True, slots=True)
class TypeTally:
    """Objects of one type; several types may share a name."""

    name: str
    flags: int
    objects: int
    bytes: int
    owned_bytes: int
    retained_bytes: int
    garbage_objects: int
    garbage_bytes: int
    c_held_objects: int
    c_held_bytes: int


@dataclass(frozen=True, slots=True)
class Node:
    """An object, or something else that holds objects: a frame, a thread.

    Attributes:
        number: in the graph of the walk.
        kind: what it is.
        type: name of an object's type; None: no object.
        title: its name, where it has one.
        thing: what kind of object it is.
        state: what it hangs on.
        length: entries of a container; None: it is none.
        address: where the object was.
        bytes: its shallow size.
        retained_bytes: with all that it dominates.
        limit: how many entries a deque or an lru_cache can have, or a container whose owner
            says so in an attribute (`maxsize`); None: no limit is known.
    """

    number: int
    kind: NodeKind
    type: str | None
    title: str | None
    thing: Thing
    state: NodeState
    length: int | None
    address: int
    bytes: int
    retained_bytes: int
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One reference: how `holder` holds `held`, both numbers of nodes.

    Attributes:
        name: of the attribute or variable; of a key where it may be shown.
        index: of the item, where it may be shown.
        holders: how many holders `held` has in all, where that was counted.
    """

    holder: int
    held: int
    role: Role
    name: str | None
    index: int | None
    holders: int = 0


@dataclass(frozen=True, slots=True)
class Path:
    """The shortest way to a node from the root down; no steps where none leads there."""

    node: int
    why: Why
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Objects of one type that are held in the same way.

    Attributes:
        type: name of their type.
        path: the way to one of them; None: none is known.
        objects: how many of those that were looked at: the newest, or the owners of
            sampled blocks.
        state: what they hang on.
        retained_bytes: what they dominate, together.
    """

    type: str
    path: Path | None
    objects: int
    state: NodeState
    retained_bytes: int


@dataclass(frozen=True, slots=True)
class Entries:
    """What a container holds of one type.

    Attributes:
        container: number of its node.
        type: name of the type.
        objects: how many, of those that were looked at; of a dict the values.
        bytes: their shallow size.
        retained_bytes: what they dominate, without those that others hold too.
    """

    container: int
    type: str
    objects: int
    bytes: int
    retained_bytes: int


@dataclass(frozen=True, slots=True)
class WalkResult:
    """All that one walk has found.

    `held` are groups of the newest objects of the types that were asked for.
    `owners` (`array('I')`) has, for each sampled block that was handed in, the number of
    its group, or `NO_GROUP` where no object was found.
    """

    totals: HeapTotals
    types: tuple[TypeTally, ...]
    containers: tuple[Container, ...]
    nodes: dict[int, Node]
    paths: tuple[Path, ...]
    edges: tuple[Step, ...]
    owners: "array[int]"
    groups: tuple[Group, ...]
    held: tuple[Group, ...]
    entries: tuple[Entries, ...]
