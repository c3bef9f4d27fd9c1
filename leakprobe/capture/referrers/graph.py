"""A finished picture as the model that is rendered."""

from leakprobe.capture.referrers.paths import shortest_paths
from leakprobe.capture.referrers.picture import Drawn, edges
from leakprobe.model.graph import GraphEdge, GraphNode, ReferrerGraph
from leakprobe.model.memory import Price

__all__ = ["make_graph"]


def make_graph(
    drawn: Drawn, name: str, count: int, sampled: int, truncated: str | None, price: Price
) -> ReferrerGraph:
    """The graph of a picture; arguments as the fields of `ReferrerGraph`."""
    numbers = {key: number for number, key in enumerate(drawn)}
    nodes = tuple(
        GraphNode(numbers[key], n.kind, n.type, n.label, n.objects, n.root is not None)
        for key, n in drawn.items()
    )
    lines = tuple(
        GraphEdge(numbers[edge.holder], numbers[edge.held], edge.label.shown)
        for edge in edges(drawn)
    )
    paths = shortest_paths(drawn)
    return ReferrerGraph(name, count, sampled, truncated, nodes, lines, paths, price)
