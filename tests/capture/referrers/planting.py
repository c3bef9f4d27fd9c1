"""Small heaps made by hand, as a walk of a copy would describe them."""

from array import array
from collections.abc import Sequence

from leakprobe.capture.heap.layout import (
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
from leakprobe.model import HeapTotals

__all__ = ["MODULE_WAY", "node", "path", "planted", "step", "virtual"]

VIRTUAL = {
    0: NodeKind.ROOT,
    1: NodeKind.MODULES,
    2: NodeKind.INTERPRETER,
    3: NodeKind.C_HELD,
    4: NodeKind.THREAD,
    5: NodeKind.FRAME,
}


def virtual(number: int) -> Node:
    """One of the nodes that are no objects."""
    title = "work at a.py:9" if number == 5 else None
    state = NodeState.MODULE
    return Node(number, VIRTUAL[number], None, title, Thing.OBJECT, state, None, 0, 0, 0)


def node(
    number: int,
    type_: str,
    title: str | None = None,
    thing: Thing = Thing.OBJECT,
    *,
    length: int | None = None,
    state: NodeState = NodeState.MODULE,
) -> Node:
    """An object."""
    kind, address = NodeKind.OBJECT, 0x7000 + number
    return Node(number, kind, type_, title, thing, state, length, address, 64, 1000 - number)


def step(
    holder: int,
    held: int,
    role: Role = Role.REFERENCE,
    name: str | None = None,
    index: int | None = None,
    holders: int = 0,
) -> Step:
    """A reference."""
    return Step(holder, held, role, name, index, holders)


def path(why: Why, *steps: Step) -> Path:
    """A way to what its last step holds."""
    return Path(steps[-1].held, why, steps)


# From the root to the value that a module calls `results`, which is node 20.
MODULE_WAY = (
    step(0, 1),
    step(1, 10),
    step(10, 11, Role.MODULE, "app"),
    step(11, 12, Role.NAMESPACE),
    step(12, 20, Role.GLOBAL, "results"),
)
MODULE_NODES = (
    node(10, "dict", length=100),
    node(11, "module", "app", Thing.MODULE),
    node(12, "dict", "app", length=9),
)


def planted(nodes: Sequence[Node], paths: Sequence[Path], edges: Sequence[Step] = ()) -> WalkResult:
    """The result of a walk that found the module `app` and these nodes."""
    everything = (*map(virtual, VIRTUAL), *MODULE_NODES, *nodes)
    names = dict.fromkeys(n.type for n in everything if n.type is not None)
    types = tuple(
        TypeTally(name, 0, sum(n.type == name for n in everything), *(64,) * 7) for name in names
    )
    return WalkResult(
        totals=HeapTotals(*range(10)),
        types=types,
        containers=(),
        nodes={n.number: n for n in everything},
        paths=tuple(paths),
        edges=tuple(edges),
        owners=array("I"),
        groups=(),
        held=(),
        entries=(),
    )
