"""What grows, looked at closely: who holds it, what it consists of, and which lines made it.

One walk of a copy of the process answers all of it, so that samples, types and holders
are those of one moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from leakprobe.capture.heap.layout import FINALIZER, Node, NodeState, Path, WalkResult, Why
from leakprobe.capture.heap.owners import find_owners
from leakprobe.capture.native import heap_walk_missing
from leakprobe.capture.pointers import SampledPointers
from leakprobe.capture.referrers.find import find_referrers
from leakprobe.capture.referrers.steps import way_down
from leakprobe.errors import UnknownName
from leakprobe.model.graph import HolderPath
from leakprobe.model.heap import CloseLook, ContainerHolder, TypeHolder
from leakprobe.model.memory import Price, TypeCount

__all__ = ["look_closely"]

TYPES_AT_MOST = 12
# Without the native core each type takes a search of its own.
SEARCHES_AT_MOST = 3
# Of each type so many objects are looked at, which tells apart what grows from what stays.
NEWEST = 5000


def look_closely(
    *,
    containers: Sequence[int],
    types: Sequence[str],
    pointers: SampledPointers | None,
    own: tuple[object, ...],
    reveal: bool,
    available_bytes: int | None,
    entries: int | None = None,
) -> CloseLook:
    """What holds containers and types that grow, and which lines allocated memory.

    Args:
        containers: addresses, of a walk before this one; those that are gone are left out.
        types: full names, the most important first; the first 12 are looked at.
        pointers: where sampled memory is; None: nothing samples.
        own: the agent's tables; they and what only they hold are left out.
        reveal: show keys, indexes and reprs of builtin atoms.
        available_bytes: memory that is left, where that is known.
        entries: how many of a container's newest entries say what it holds; None: 2,000.

    Raises:
        NotEnoughMemory: it would take more than half of what is left.
        WalkFailed: the copy of the process came to nothing.
    """
    if heap_walk_missing() is not None:
        return _look_in_process(types, own, reveal=reveal, available_bytes=available_bytes)
    from leakprobe.capture.heap.forked import MOST_ENTRIES, WalkRequest, walk

    request = WalkRequest(
        own=own,
        reveal=reveal,
        newest_types=tuple(types[:TYPES_AT_MOST]),
        newest=NEWEST,
        addresses=tuple(containers),
        entries=entries or MOST_ENTRIES,
        pointers=pointers.addresses.tobytes() if pointers is not None else b"",
    )
    result, price = walk(request, available_bytes=available_bytes)
    return CloseLook(
        owners=find_owners(result, pointers, through_threads=True) if pointers is not None else (),
        containers=_containers(result),
        types=_types(result),
        totals=result.totals,
        price=price,
    )


def _containers(result: WalkResult) -> tuple[ContainerHolder, ...]:
    entries: dict[int, list[TypeCount]] = {}
    for row in result.entries:
        count = TypeCount(row.type, row.objects, row.bytes, row.retained_bytes, row.retained_bytes)
        entries.setdefault(row.container, []).append(count)
    holders = [
        _container(path, result.nodes, entries.get(path.node, []))
        for path in result.paths
        if path.why & Why.ADDRESS and result.nodes[path.node].state is not NodeState.OWN
    ]
    return tuple(sorted(holders, key=lambda holder: -(holder.retained_bytes or 0)))


def _container(path: Path, nodes: Mapping[int, Node], entries: list[TypeCount]) -> ContainerHolder:
    node = nodes[path.node]
    return ContainerHolder(
        address=node.address,
        type=node.type or "",
        length=node.length or 0,
        bytes=node.bytes,
        retained_bytes=node.retained_bytes,
        state=node.state.name.lower(),
        path=way_down(path, nodes, through_threads=True),
        entries=tuple(sorted(entries, key=lambda count: -count.objects)),
    )


def _types(result: WalkResult) -> tuple[TypeHolder, ...]:
    rows: dict[tuple[str, NodeState, tuple[str, ...]], TypeHolder] = {}
    finalized = {tally.name for tally in result.types if tally.flags & FINALIZER}
    for group in result.held:
        way = None
        if group.path is not None:
            way = way_down(group.path, result.nodes, objects=group.objects, through_threads=True)
        row = TypeHolder(
            type=group.type,
            path=way,
            objects=group.objects,
            retained_bytes=group.retained_bytes,
            state=group.state.name.lower(),
            finalizer=group.state is NodeState.GARBAGE and group.type in finalized,
        )
        key = (row.type, group.state, way.steps if way else ())
        rows[key] = _together(rows[key], row) if key in rows else row
    return tuple(sorted(rows.values(), key=lambda row: -row.objects))


def _together(one: TypeHolder, other: TypeHolder) -> TypeHolder:
    """Two groups whose ways read alike: their objects stand at different places of one chain."""
    objects = one.objects + other.objects
    return replace(
        one,
        objects=objects,
        path=one.path and replace(one.path, objects=objects),
        retained_bytes=(one.retained_bytes or 0) + (other.retained_bytes or 0),
    )


def _look_in_process(
    types: Sequence[str], own: tuple[object, ...], *, reveal: bool, available_bytes: int | None
) -> CloseLook:
    """The holders of a few types, from searches in the running process."""
    holders: list[TypeHolder] = []
    pause_ms = wall_ms = cpu_ms = 0.0
    for name in types[:SEARCHES_AT_MOST]:
        try:
            graph = find_referrers(name, own=own, reveal=reveal, available_bytes=available_bytes)
        except UnknownName:
            continue
        holders += (TypeHolder(name, p, p.objects, None, _state(p)) for p in graph.paths)
        pause_ms = max(pause_ms, graph.price.pause_ms)
        wall_ms += graph.price.wall_ms
        cpu_ms += graph.price.cpu_ms
    price = Price(pause_ms=pause_ms, wall_ms=wall_ms, cpu_ms=cpu_ms)
    return CloseLook(owners=(), containers=(), types=tuple(holders), totals=None, price=price)


def _state(path: HolderPath) -> str:
    """What a way of the search hangs on; it knows neither garbage nor C code."""
    return "frame" if path.steps[0].startswith(("frame ", "thread ")) else "module"
