import html
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.model.graph import GraphEdge, GraphNode, ReferrerGraph
from leakprobe.model.memory import Price
from leakprobe.render.graph import graph_dot, graph_text
from leakprobe.render.plain import columns_of, fit, plain
from tests.render.graphs import HOSTILE, labelled_graph, rootless_graph, subtitle_graph

TOKEN = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"|[A-Za-z0-9_.]+|->|[{}\[\];=,]|\s+')

labels = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=200),
    st.text(st.characters(exclude_categories=())),
)


def skeleton(dot: str) -> list[str]:
    """The DOT text's tokens, each quoted string as an empty one."""
    found, at = [], 0
    while at < len(dot):
        token = TOKEN.match(dot, at)
        assert token is not None, dot[at : at + 80]
        found.append('""' if token[0].startswith('"') else token[0])
        at = token.end()
    return found


def label_texts(dot: str) -> list[str]:
    """What Graphviz shows for every label, without its line breaks and blanks."""
    quoted = re.findall(r'label="((?:[^"\\]|\\.)*)"', dot)
    return [squeeze(html.unescape(re.sub(r"\\(.)", unescape, text))) for text in quoted]


def unescape(escape: re.Match[str]) -> str:
    return {"n": " ", "l": " ", "\\": "\\", '"': '"'}[escape[1]]


def squeeze(text: str) -> str:
    return "".join(text.split())


@st.composite
def random_graphs(draw: st.DrawFn) -> ReferrerGraph:
    count = draw(st.integers(1, 12))
    number = st.integers(0, count - 1)
    nodes = tuple(
        GraphNode(i, draw(st.sampled_from(("target", "object", "module"))), "t", "", 1, root=root)
        for i, root in enumerate(draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    )
    ends = draw(st.lists(st.tuples(number, number), max_size=30))
    edges = tuple(GraphEdge(holder, held, f"edge{i}") for i, (holder, held) in enumerate(ends))
    return ReferrerGraph("t", 1, 1, None, nodes, edges, (), Price())


@given(st.lists(labels, min_size=1, max_size=8), st.none() | labels)
@settings(deadline=None)
def test_no_label_adds_anything_to_the_dot_language(
    texts: list[str], truncated: str | None
) -> None:
    harmless = labelled_graph(["x"] * len(texts), truncated=truncated)
    hostile = graph_dot(labelled_graph(texts, truncated=truncated))
    assert skeleton(hostile) == skeleton(graph_dot(harmless))
    hostile.encode()


@given(labels)
@settings(deadline=None)
def test_a_label_is_shown_as_it_is_or_cut_in_its_middle(text: str) -> None:
    edge_label = label_texts(graph_dot(labelled_graph([text])))[-1]
    assert edge_label == squeeze(fit(plain(text), 72, keep="both"))


@given(st.lists(labels, min_size=1, max_size=8), st.none() | labels)
@settings(deadline=None)
def test_text_fits_a_terminal_and_is_printable(texts: list[str], truncated: str | None) -> None:
    for line in graph_text(labelled_graph(texts, truncated=truncated)).splitlines():
        assert columns_of(line) <= 100
        assert line.isprintable()


@given(random_graphs())
@settings(deadline=None)
def test_text_follows_every_edge_once(graph: ReferrerGraph) -> None:
    seen = Counter(re.findall(r"edge\d+(?=:)", graph_text(graph)))
    assert seen == Counter(edge.label for edge in graph.edges)


def test_text_of_a_leak() -> None:
    assert graph_text(subtitle_graph()) == (
        "511,284 live subtitle_service.Segment objects, 3 followed\n"
        "\n"
        "Held by\n"
        "  subtitle_service.task_results[…].segments[…]  3 objects\n"
        "    module subtitle_service → global task_results → dict value → attribute segments"
        " → list item\n"
        "\n"
        "From the roots down\n"
        "  module subtitle_service\n"
        "  └─ task_results: dict, 1,240 items\n"
        "     └─ […]: subtitle_service.TaskResult \N{MULTIPLICATION SIGN}3\n"
        "        └─ .segments: list \N{MULTIPLICATION SIGN}3, 412 items\n"
        "           └─ […]: subtitle_service.Segment \N{MULTIPLICATION SIGN}3  <- target\n"
        "  frame subtitle_service.py:88 _worker\n"
        "  └─ local result: subtitle_service.TaskResult \N{MULTIPLICATION SIGN}3  (see above)\n"
    )


@pytest.mark.parametrize("render", [graph_dot, graph_text])
def test_says_that_no_root_was_found_and_what_to_try(render: object) -> None:
    assert callable(render)
    assert "no root was found: ask again with a larger depth=" in render(rootless_graph())
    assert "truncated: depth 1" in render(rootless_graph())
    assert "no root" not in render(subtitle_graph())
    assert "truncated" not in render(subtitle_graph())


def test_without_objects_there_is_only_a_title() -> None:
    nothing = ReferrerGraph("app.Gone", 0, 0, None, (), (), (), Price())
    assert graph_text(nothing) == "0 live app.Gone objects, 0 followed\n"
    assert "0 live app.Gone objects" in graph_dot(nothing)


def test_roots_share_the_top_rank() -> None:
    assert "{ rank=min; n4; n5; }" in graph_dot(subtitle_graph())
    assert "rank=min" not in graph_dot(rootless_graph())


def test_a_very_deep_tree_keeps_room_for_its_text() -> None:
    count = 2000
    nodes = tuple(GraphNode(i, "object", "list", "", 1, root=i == 0) for i in range(count))
    edges = tuple(GraphEdge(i, i + 1, f"step{i}") for i in range(count - 1))
    text = graph_text(ReferrerGraph("list", 1, 1, None, nodes, edges, (), Price()))
    assert text.splitlines()[-1].endswith("└─ step1998: list")
    assert max(map(columns_of, text.splitlines())) <= 100


def test_a_kind_that_is_new_is_drawn_as_other() -> None:
    node = GraphNode(0, "surprise", "t", "", 1, root=False)
    dot = graph_dot(ReferrerGraph("t", 1, 1, None, (node,), (), (), Price()))
    assert 'style="filled,dashed"' in dot
