"""Immediate dominators of graphs in CSR form, against what the word means."""

import random
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.capture.native import heap_walk_missing
from tests.native import needs_heap_walk

if heap_walk_missing() is None:
    from leakprobe.capture._native import _heap

pytestmark = needs_heap_walk

Graph = list[list[int]]

NOBODY = 2**32 - 1
LONG = 100_000


def dominators(graph: Graph) -> list[int]:
    first, targets = array("I", [0]), array("I")
    for held in graph:
        targets.extend(held)
        first.append(len(targets))
    found = array("I")
    found.frombytes(_heap.immediate_dominators(first.tobytes(), targets.tobytes()))
    return found.tolist()


def reached(graph: Graph, without: int | None = None) -> set[int]:
    """What node 0 leads to when one node is taken away."""
    seen: set[int] = set()
    todo = [0]
    while todo:
        node = todo.pop()
        if node not in seen and node != without:
            seen.add(node)
            todo += graph[node]
    return seen


def by_removal(graph: Graph) -> list[int]:
    """A node dominates what cannot be reached without it; the immediate one is the nearest."""
    above: dict[int, list[int]] = {node: [] for node in reached(graph) - {0}}
    for node in above.keys() | {0}:
        for lost in above.keys() - reached(graph, without=node) - {node}:
            above[lost].append(node)
    return [
        max(above[node], key=lambda d: len(above.get(d, []))) if node in above else NOBODY
        for node in range(len(graph))
    ]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Cycles, self loops, edges that are there twice, and parts that nothing reaches."""
    nodes = draw(st.integers(1, 14))
    edges = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1))
    graph: Graph = [[] for _ in range(nodes)]
    for holder, held in draw(st.lists(edges, max_size=3 * nodes)):
        graph[holder].append(held)
    return graph


@given(graphs())
@settings(deadline=None, max_examples=400)
def test_a_dominator_is_what_cannot_be_gone_around(graph: Graph) -> None:
    assert dominators(graph) == by_removal(graph)


@pytest.mark.parametrize("seed", range(20))
def test_larger_graphs(seed: int) -> None:
    source = random.Random(seed)
    nodes = 120
    graph: Graph = [[] for _ in range(nodes)]
    for _ in range(source.randrange(nodes, 2 * nodes)):
        graph[source.randrange(nodes)].append(source.randrange(nodes))
    for node in range(1, nodes, 2):  # enough of it is reached
        graph[source.randrange(node)].append(node)
    assert dominators(graph) == by_removal(graph)


def test_a_long_chain() -> None:
    chain = [[node + 1] for node in range(LONG - 1)] + [[]]
    assert dominators(chain) == [NOBODY, *range(LONG - 1)]


def test_a_long_chain_with_ways_around_every_link() -> None:
    chain = [[node + 1, node + 2] for node in range(LONG - 2)] + [[LONG - 1], []]
    assert dominators(chain) == [NOBODY, 0, 0, *([0] * (LONG - 3))]


def test_a_long_ladder_back_to_the_root() -> None:
    ladder = [[node + 1, 0, node] for node in range(LONG - 1)] + [[LONG // 2]]
    assert dominators(ladder) == [NOBODY, *range(LONG - 1)]


def test_a_star() -> None:
    assert dominators([list(range(LONG)), *([[]] * (LONG - 1))]) == [NOBODY, *([0] * (LONG - 1))]


def test_one_node_and_none() -> None:
    assert dominators([[0, 0]]) == [NOBODY]
    assert dominators([]) == []


@pytest.mark.parametrize(
    ("first", "targets"),
    [
        ([], []),
        ([1], [0]),
        ([0, 2, 1, 3], [0, 0, 0]),
        ([0, 1], [1]),
        ([0, 1], []),
        ([0, 0], [0]),
    ],
)
def test_arrays_that_are_no_graph(first: list[int], targets: list[int]) -> None:
    with pytest.raises(ValueError, match="no graph"):
        _heap.immediate_dominators(array("I", first).tobytes(), array("I", targets).tobytes())


def test_bytes_that_are_no_array() -> None:
    with pytest.raises(ValueError, match="no graph"):
        _heap.immediate_dominators(b"\0\0\0", b"")
