"""Referrer graphs made by hand, for the tests that draw and print them."""

from collections.abc import Sequence

from leakprobe.model.graph import GraphEdge, GraphNode, HolderPath, ReferrerGraph
from leakprobe.model.memory import Price

KINDS = ("target", "object", "module", "frame", "type", "function", "other")

HOSTILE = (
    "<img src=x onerror=1>",
    "</text><script>alert(1)</script>",
    'a"b',
    '"];evil [label="',
    "\\",
    'ends with \\"',
    "\\N\\G\\l",
    "two\nlines\tand a tab",
    "\0 \ud800 \x1b[31m \u202e",
    "&lt;&amp;&#x41;&quot",
    "A" * 10_000,
    "日本語のクラス" * 30,
    "",
)


def subtitle_graph() -> ReferrerGraph:
    """A service's task results, held by a module and for a while by a worker's frame."""
    nodes = (
        GraphNode(0, "target", "subtitle_service.Segment", "", 3, root=False),
        GraphNode(1, "object", "list", "412 items", 3, root=False),
        GraphNode(2, "object", "subtitle_service.TaskResult", "", 3, root=False),
        GraphNode(3, "object", "dict", "1,240 items", 1, root=False),
        GraphNode(4, "module", "module", "subtitle_service", 1, root=True),
        GraphNode(5, "frame", "frame", "subtitle_service.py:88 _worker", 1, root=True),
    )
    edges = (
        GraphEdge(4, 3, "task_results"),
        GraphEdge(3, 2, "[…]"),
        GraphEdge(2, 1, ".segments"),
        GraphEdge(1, 0, "[…]"),
        GraphEdge(5, 2, "local result"),
    )
    steps = ("module subtitle_service", "global task_results", "dict value", "attribute segments")
    path = HolderPath("subtitle_service.task_results[…].segments[…]", (*steps, "list item"), 3)
    return ReferrerGraph(
        "subtitle_service.Segment", 511284, 3, None, nodes, edges, (path,), Price()
    )


def labelled_graph(labels: Sequence[str], *, truncated: str | None = None) -> ReferrerGraph:
    """A ring of nodes, one for each label, which stands wherever a string can stand."""
    count = len(labels)
    nodes = tuple(
        GraphNode(i, KINDS[i % len(KINDS)], label, label, 1 + i, root=i == count - 1)
        for i, label in enumerate(labels)
    )
    edges = tuple(GraphEdge((i + 1) % count, i, label) for i, label in enumerate(labels))
    paths = tuple(HolderPath(label, (label, label, label), i) for i, label in enumerate(labels))
    return ReferrerGraph(labels[0], 1, 1, truncated, nodes, edges, paths, Price())


def rootless_graph() -> ReferrerGraph:
    """A list that holds an object; what holds the list was too far away."""
    nodes = (
        GraphNode(0, "target", "app.Thing", "", 1, root=False),
        GraphNode(1, "object", "list", "1 item", 1, root=False),
    )
    edges = (GraphEdge(1, 0, "[…]"),)
    return ReferrerGraph("app.Thing", 1, 1, "depth 1", nodes, edges, (), Price())
