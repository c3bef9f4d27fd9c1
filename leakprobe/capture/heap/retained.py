"""What holds how much: objects and types by retained size, and the owners of allocations.

Dominators need a graph that stands still, so this is asked of a copy of the process only.
"""

from dataclasses import replace

from leakprobe.capture.heap.census import type_counts
from leakprobe.capture.heap.kinds import is_ours
from leakprobe.capture.heap.layout import Node, NodeState, WalkResult, Why
from leakprobe.capture.heap.owners import find_owners
from leakprobe.capture.native import HOW_TO_BUILD, heap_walk_missing
from leakprobe.capture.pointers import SampledPointers
from leakprobe.capture.referrers.steps import drawn_node, way_down
from leakprobe.errors import BadParameter, NotAvailable
from leakprobe.model.graph import HolderPath
from leakprobe.model.heap import Retained, RetainedObject
from leakprobe.model.memory import TypeCount

__all__ = ["RETAINED_BY", "find_retained"]

RETAINED_BY = ("object", "type", "line")
# So many of the largest objects are looked at; alike ones become one row.
LOOKED_AT = 2000


def find_retained(
    by: str,
    *,
    limit: int,
    own: tuple[object, ...],
    reveal: bool,
    available_bytes: int | None,
    pointers: SampledPointers | None = None,
) -> Retained:
    """What would be freed if something went.

    Args:
        by: `object`, `type`, or `line`: the objects that sampled memory belongs to.
        limit: at most so many rows.
        own: the agent's tables; they and what only they hold are left out.
        reveal: show keys, indexes and reprs of builtin atoms.
        available_bytes: memory that is left, where that is known.
        pointers: where sampled memory is; needed for `line` only.

    Raises:
        BadParameter: `by` is none of these.
        NotAvailable: there is no walk of a copy here, or nothing samples.
        NotEnoughMemory: it would take more than half of what is left.
        WalkFailed: the copy of the process came to nothing.
    """
    if by not in RETAINED_BY:
        raise BadParameter("by", by, f"must be one of {', '.join(RETAINED_BY)}")
    if by == "line" and pointers is None:
        raise NotAvailable("by=line needs sampled allocations: set tracer=sampled")
    missing = heap_walk_missing()
    if missing is not None:
        raise NotAvailable(
            f"retained sizes need the native heap walk, and {missing}; {HOW_TO_BUILD}"
        )
    from leakprobe.capture.heap.forked import WalkRequest, walk

    request = WalkRequest(
        own=own,
        reveal=reveal,
        top=LOOKED_AT if by == "object" else 0,
        pointers=pointers.addresses.tobytes() if pointers is not None else b"",
    )
    result, price = walk(request, available_bytes=available_bytes)
    objects = _objects(result) if by == "object" else ()
    types = _types(result) if by == "type" else ()
    owners = find_owners(result, pointers) if by == "line" and pointers is not None else ()
    rows = len(objects) + len(types) + len(owners)
    return Retained(
        by=by,
        totals=result.totals,
        objects=objects[:limit],
        types=types[:limit],
        owners=owners[:limit],
        hidden_rows=max(0, rows - limit),
        price=price,
    )


def _objects(result: WalkResult) -> tuple[RetainedObject, ...]:
    nodes = result.nodes
    groups: dict[tuple[str, NodeState, HolderPath | None], list[Node]] = {}
    for path in result.paths:
        node = nodes[path.node]
        if path.why & Why.TOP and node.type is not None and not is_ours(node.type):
            groups.setdefault((node.type, node.state, way_down(path, nodes)), []).append(node)
    rows = [_alike(*key, members) for key, members in groups.items()]
    return tuple(sorted(rows, key=lambda row: (-row.retained_bytes, row.type)))


def _alike(
    type_name: str, state: NodeState, path: HolderPath | None, members: list[Node]
) -> RetainedObject:
    labels = {drawn_node(node, target=True).label for node in members}
    return RetainedObject(
        type=type_name,
        label=labels.pop() if len(labels) == 1 else "",
        objects=len(members),
        bytes=sum(node.bytes for node in members),
        retained_bytes=sum(node.retained_bytes for node in members),
        state=state.name.lower(),
        path=None if path is None else replace(path, objects=len(members)),
    )


def _types(result: WalkResult) -> tuple[TypeCount, ...]:
    counts = [count for count in type_counts(result) if not is_ours(count.type)]
    return tuple(sorted(counts, key=lambda count: (-(count.retained_bytes or 0), count.type)))
