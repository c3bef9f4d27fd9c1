"""Who keeps objects of one type alive, from a walk of a copy of the process.

The walk gives every direct holder of some of the objects, up to a number, and from each
holder the shortest way to a root. Above the direct holders there may be others, which
the search in the running process would show and this does not.
"""

from collections import Counter
from collections.abc import Iterable

from leakprobe.capture.heap.forked import WalkRequest, walk
from leakprobe.capture.heap.layout import NodeState, Step, WalkResult, Why
from leakprobe.capture.referrers.graph import make_graph
from leakprobe.capture.referrers.instances import fits, full_name
from leakprobe.capture.referrers.picture import Drawn, fold, settle
from leakprobe.capture.referrers.steps import below_root, drawn_node, is_part, step_label
from leakprobe.model.graph import ReferrerGraph

__all__ = ["draw_holders", "find_referrers"]

EDGES_AT_MOST = 400

Edges = dict[tuple[int, int], Step]


def find_referrers(
    type_name: str,
    *,
    depth: int = 12,
    limit: int = 3,
    reveal: bool = False,
    own: Iterable[object] = (),
    available_bytes: int | None = None,
) -> ReferrerGraph:
    """What keeps objects of a type alive, up to a module, class, thread or running frame.

    Arguments and errors as for `leakprobe.capture.referrers.find.find_referrers`.
    """
    request = WalkRequest(own=tuple(own), reveal=reveal, type_name=type_name, samples=limit)
    result, price = walk(request, available_bytes=available_bytes)
    counts: dict[str, int] = {}
    for tally in result.types:
        if fits(tally.name, type_name) and tally.objects:
            counts[tally.name] = counts.get(tally.name, 0) + tally.objects
    name = full_name(type_name, counts, (tally.name for tally in result.types))
    drawn, sampled, truncated = draw_holders(result, name, depth)
    return make_graph(drawn, name, counts[name], sampled, truncated, price)


def draw_holders(result: WalkResult, name: str, depth: int) -> tuple[Drawn, int, str | None]:
    """The picture of who holds objects of a type.

    Args:
        result: of a walk that was asked for them.
        name: full name of the type.
        depth: how many references to go back at most.

    Returns:
        the picture; how many objects it begins with; what was left out, and why.
    """
    targets = _targets(result, name)
    edges, truncated = _edges(result, targets)
    levels, cut = _levels(targets, edges, depth)
    drawn, rooted = settle(_drawn(result, targets, levels, edges))
    if not rooted:
        truncated = f"no root found within depth {depth}" if cut else _no_root(result, targets)
    elif cut:
        truncated = truncated or f"ways longer than depth {depth} were not followed"
    return drawn, len(targets), truncated


def _targets(result: WalkResult, name: str) -> list[int]:
    asked = [path.node for path in result.paths if path.why & Why.TYPE]
    return [node for node in dict.fromkeys(asked) if result.nodes[node].type == name]


def _edges(result: WalkResult, targets: list[int]) -> tuple[Edges, str | None]:
    """References of the picture, and what was left out: whole ways, from a root down."""
    ways = {path.node: path.steps for path in result.paths}
    wanted = set(targets)
    direct = [step for step in result.edges if step.held in wanted]
    left_out = _has_more_holders(direct)
    edges: Edges = {}
    through = [(*ways.get(step.holder, ()), step) for step in direct]
    for way in [*(ways.get(target, ()) for target in targets), *through]:
        steps = {(s.holder, s.held): s for s in below_root(way, result.nodes)}
        if len(edges.keys() | steps.keys()) > EDGES_AT_MOST:
            left_out = True
        else:
            edges = steps | edges
    return edges, "more holders than can be shown, from step 1 on" if left_out else None


def _has_more_holders(direct: Iterable[Step]) -> bool:
    """Whether an object has more direct holders than the walk listed."""
    listed = Counter(step.held for step in direct)
    return any(step.holders > listed[step.held] for step in direct)


def _levels(targets: list[int], edges: Edges, depth: int) -> tuple[dict[int, int], bool]:
    """How far above a target each node is, up to `depth`; whether there are more above."""
    holders: dict[int, list[int]] = {}
    for holder, held in edges:
        holders.setdefault(held, []).append(holder)
    levels = dict.fromkeys(targets, 0)
    cut = False
    todo = list(levels)
    for node in todo:
        above = [holder for holder in holders.get(node, ()) if holder not in levels]
        if levels[node] == depth:
            cut = cut or bool(above)
            continue
        levels.update(dict.fromkeys(above, levels[node] + 1))
        todo += above
    return levels, cut


def _drawn(result: WalkResult, targets: list[int], levels: dict[int, int], edges: Edges) -> Drawn:
    nodes = result.nodes
    wanted = set(targets)
    held_by: dict[int, list[int]] = {node: [] for node in levels}
    for holder, held in edges:
        if holder in levels and held in levels:
            held_by[holder].append(held)

    def part(holder: int, _: Step | None, held: int) -> Step | None:
        step = edges[holder, held]
        return step if held not in wanted and is_part(step, nodes) else None

    whole, ways = fold(levels, held_by, part)
    drawn = {node: drawn_node(nodes[node], target=node in wanted) for node in whole}
    for chain, held in ways:
        parts = [step for _, step in chain if step is not None]
        label = step_label(parts, edges[chain[-1][0], held], nodes)
        drawn[held].incoming.setdefault(chain[0][0], label)
    return drawn


def _no_root(result: WalkResult, targets: list[int]) -> str:
    states = {result.nodes[target].state for target in targets}
    if states == {NodeState.GARBAGE}:
        return "no root found: these are garbage that waits for the collector"
    return "no root found: nothing that the walk knows leads to these"
