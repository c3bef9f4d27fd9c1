"""A referrer graph as Graphviz text and as a tree for a terminal.

Every label comes from the watched application and may be anything, so each is made
plain, cut and wrapped: a type name of ten thousand characters is one node of ordinary
size.
"""

from collections.abc import Iterable, Iterator

from leakprobe.model.graph import GraphEdge, GraphNode, HolderPath, ReferrerGraph
from leakprobe.render.plain import ELLIPSIS, columns_of, fit, plain
from leakprobe.render.units import count_text, number_text

__all__ = ["graph_dot", "graph_text"]

FONT = "Roboto, Helvetica, Arial, sans-serif"
TEXT_COLUMNS = 100
TREE_COLUMNS = 48
NAME_COLUMNS = 72
NODE_COLUMNS = 34
EDGE_COLUMNS = 26
TITLE_COLUMNS = 90
BREAK_AFTER = frozenset(" ._/:,-[](){}=")
TIMES = "\N{MULTIPLICATION SIGN}"
NO_ROOT = "no root was found: ask again with a larger depth="

CENTRED, LEFT = "\\n", "\\l"
GRAPH_LOOKS = (
    "rankdir=TB, bgcolor=white, pad=0.3, nodesep=0.4, ranksep=0.45, labelloc=t, labeljust=l,"
    f' fontname="{FONT}", fontsize=17, fontcolor="#1f2733"'
)
NODE_LOOKS = (
    f'fontname="{FONT}", fontsize=13, fontcolor="#1f2733", penwidth=1.2, margin="0.2,0.1",'
    " height=0.4"
)
EDGE_LOOKS = (
    f'fontname="{FONT}", fontsize=12, fontcolor="#44505f", color="#8b96a5", penwidth=1.2,'
    " arrowsize=0.7"
)
# kind: shape, style, fill, outline
LOOKS = {
    "target": ("box", "filled,rounded", "#fde8e3", "#c9513b"),
    "object": ("box", "filled,rounded", "#f6f7f9", "#9aa4b2"),
    "module": ("folder", "filled", "#e6effc", "#4573c4"),
    "frame": ("note", "filled", "#e6f4ea", "#3f8f58"),
    "type": ("box3d", "filled", "#f0eafa", "#7d5fb5"),
    "function": ("component", "filled", "#fdf4da", "#b38a1d"),
    "other": ("box", "filled,dashed", "#ffffff", "#9aa4b2"),
}
CAPTIONS = {"module": "module", "frame": "frame", "type": "class", "function": "function"}


def graph_dot(graph: ReferrerGraph) -> str:
    """The graph in Graphviz' DOT language: roots on top, targets below.

    Labels are plain strings, not HTML-like ones, which a Graphviz without expat refuses.
    Escapes follow https://graphviz.org/doc/info/lang.html and
    https://graphviz.org/docs/attr-types/escString/.
    """
    title = _quote([*_title_lines(graph), ""], LEFT)
    roots = " ".join(f"n{node.id};" for node in graph.nodes if node.root)
    return "\n".join(
        [
            "digraph referrers {",
            f"  graph [{GRAPH_LOOKS}, label={title}];",
            f"  node [{NODE_LOOKS}];",
            f"  edge [{EDGE_LOOKS}];",
            *(_node_dot(node) for node in graph.nodes),
            *(_edge_dot(edge) for edge in graph.edges),
            *([f"  {{ rank=min; {roots} }}"] if roots else []),
            "}",
            "",
        ]
    )


def graph_text(graph: ReferrerGraph) -> str:
    """The graph for a terminal, at most 100 columns: each path to a root, then the tree.

    An object that several others refer to is followed once; where it comes again, the
    line says so.
    """
    lines = [*_title_lines(graph, TEXT_COLUMNS)]
    if graph.paths:
        lines += ["", "Held by"]
        lines += [line for path in graph.paths for line in _path_text(path)]
    if graph.nodes:
        lines += ["", "From the roots down" if _rooted(graph) else "From where the search ended"]
        lines += _tree_text(graph)
    return "".join(f"{line}\n" for line in lines)


def _title_lines(graph: ReferrerGraph, columns: int = TITLE_COLUMNS) -> list[str]:
    live = count_text(graph.objects, f"live {_name(graph.type)} object")
    lines = [*_wrap(f"{live}, {number_text(graph.sampled)} followed", columns)]
    if graph.truncated is not None:
        lines += _wrap(f"truncated: {fit(plain(graph.truncated), 2 * columns)}", columns)
    if graph.nodes and not _rooted(graph):
        lines.append(NO_ROOT)
    return lines


def _rooted(graph: ReferrerGraph) -> bool:
    return any(node.root for node in graph.nodes)


def _node_dot(node: GraphNode) -> str:
    shape, style, fill, outline = LOOKS.get(node.kind, LOOKS["other"])
    label = _quote(line for part in _node_parts(node) for line in _wrap(part, NODE_COLUMNS))
    width = ", penwidth=2" if node.root or node.kind == "target" else ""
    return (
        f'  n{node.id} [label={label}, shape={shape}, style="{style}",'
        f' fillcolor="{fill}", color="{outline}"{width}];'
    )


def _edge_dot(edge: GraphEdge) -> str:
    # dot puts a label right beside the line; the blanks keep the two apart.
    label = _quote(f"  {line}  " for line in _wrap(_name(edge.label), EDGE_COLUMNS))
    return f"  n{edge.holder} -> n{edge.held} [label={label}];"


def _node_parts(node: GraphNode) -> list[str]:
    """What a node says, the most important first: each part a line, or several in a picture."""
    count = f" {TIMES}{number_text(node.objects)}" if node.objects != 1 else ""
    first = CAPTIONS.get(node.kind) or _name(node.type)
    return [part for part in (first + count, _name(node.label)) if part]


def _name(text: str) -> str:
    """A string of the application, cut in the middle: a package and a name say most."""
    return fit(plain(text), NAME_COLUMNS, keep="both")


def _quote(lines: Iterable[str], end: str = CENTRED) -> str:
    r"""A double-quoted DOT string of these lines, each of them shown as it is.

    `&` starts an entity and a backslash an escape in every label, quoted or not.
    """
    escaped = (
        line.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") for line in lines
    )
    return '"' + end.join([*escaped, ""]) + '"'


def _path_text(path: HolderPath) -> Iterator[str]:
    count = count_text(path.objects, "object")
    room = TEXT_COLUMNS - len(count) - 4
    yield f"  {fit(plain(path.text), room, keep='both')}  {count}"
    line = ""
    for step in map(_name, path.steps):
        longer = f"{line} → {step}" if line else step
        if columns_of(longer) > TEXT_COLUMNS - 6:
            yield f"    {line} →"
            longer = step
        line = longer
    if line:
        yield f"    {line}"


def _tree_text(graph: ReferrerGraph) -> Iterator[str]:
    nodes = {node.id: node for node in graph.nodes}
    held: dict[int, list[GraphEdge]] = {node.id: [] for node in graph.nodes}
    for edge in graph.edges:
        held[edge.holder].append(edge)
    shown: set[int] = set()
    for start in _starts(graph):
        if start.id in shown:
            continue
        pending = [(start.id, "", "  ", "  ")]
        while pending:
            number, label, prefix, below = pending.pop()
            again = number in shown and bool(held[number])
            yield _tree_line(nodes[number], label, prefix, again=again)
            if number not in shown:
                shown.add(number)
                pending += _branches(held[number], below)


def _branches(edges: list[GraphEdge], below: str) -> list[tuple[int, str, str, str]]:
    """The lines under a node, last first, as a stack wants them."""
    last = len(edges) - 1
    return [
        (
            edges[i].held,
            edges[i].label,
            below + ("└─ " if i == last else "├─ "),
            below + ("   " if i == last else "│  "),
        )
        for i in range(last, -1, -1)
    ]


def _starts(graph: ReferrerGraph) -> Iterator[GraphNode]:
    """Where trees begin: at roots, else where nothing is above, else (a cycle) anywhere."""
    below = {edge.held for edge in graph.edges}
    yield from (node for node in graph.nodes if node.root)
    yield from (node for node in graph.nodes if node.id not in below)
    yield from graph.nodes


def _tree_line(node: GraphNode, label: str, prefix: str, *, again: bool) -> str:
    if len(prefix) > TREE_COLUMNS:
        prefix = "  …" + prefix[3 - TREE_COLUMNS :]
    through = f"{_name(label)}: " if label else ""
    parts = _node_parts(node)
    text = " ".join(parts) if node.kind in CAPTIONS else ", ".join(parts)
    end = "  (see above)" if again else "  <- target" if node.kind == "target" else ""
    room = TEXT_COLUMNS - len(prefix) - len(end)
    return f"{prefix}{fit(through + text, room, keep='both')}{end}"


def _wrap(text: str, columns: int) -> Iterator[str]:
    """Lines of at most so many columns, broken after punctuation where that is in reach."""
    while columns_of(text) > columns:
        line = fit(text, columns).removesuffix(ELLIPSIS)
        breaks = [i for i, c in enumerate(line, 1) if c in BREAK_AFTER and i > len(line) // 2]
        cut = breaks[-1] if breaks else len(line)
        yield text[:cut].rstrip()
        text = text[cut:].lstrip()
    yield text
