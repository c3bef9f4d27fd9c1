"""The decoder of heap walks: it reads what was planted, and refuses everything else."""

import struct
from array import array
from dataclasses import asdict

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leakprobe.capture.heap.layout import (
    NO_GROUP,
    Entries,
    Group,
    NodeKind,
    NodeState,
    Role,
    Thing,
    WalkResult,
    Why,
)
from leakprobe.capture.heap.result import (
    CONTAINERS,
    EDGES,
    END,
    ENTRIES,
    GROUPS,
    HELD,
    JOIN,
    MAGIC,
    NODES,
    PATHS,
    STEPS,
    STRINGS,
    TOTALS,
    TYPES,
    decode,
)
from leakprobe.errors import WalkFailed
from leakprobe.model import Container, HeapTotals
from tests.capture.heap.encoding import NONE, PLANTED, encode, section


def test_totals_types_and_containers_are_read() -> None:
    result = decode(encode())
    assert result.totals == HeapTotals(10, 8, 12, 1000, 1, 100, 2, 200, 3, 300, 1)
    assert [(t.name, t.flags, t.objects, t.bytes) for t in result.types] == [
        ("app.Result", 0, 1, 48),
        ("module", 2, 3, 300),
        ("dict", 1, 4, 400),
        ("list", 1, 2, 200),
    ]
    counted = [list(asdict(tally).values())[4:] for tally in result.types]
    assert counted[2:] == [[400, 800, 1, 64, 0, 0], [200, 300, 0, 0, 1, 56]]
    assert result.containers == (
        Container(0x7000, "list", 40, weak=False),
        Container(0x7100, "dict", 99, weak=True),
    )


def test_nodes_are_read() -> None:
    nodes = decode(encode()).nodes
    assert list(nodes) == [0, 1, 6, 7, 8, 9, 10]
    root, module, listed = nodes[0], nodes[7], nodes[9]
    assert (root.kind, root.type, root.title, root.length) == (NodeKind.ROOT, None, None, None)
    assert (module.thing, module.title) == (Thing.MODULE, "app")
    assert (listed.type, listed.length, listed.state) == ("list", 1, NodeState.MODULE)
    assert (listed.address, listed.bytes, listed.retained_bytes) == (0x7000, 64, 500)
    assert (listed.limit, module.limit) == (256, None)


def test_a_path_goes_from_the_root_down_to_its_node() -> None:
    path, other = decode(encode()).paths
    assert (path.node, path.why) == (10, Why.TYPE | Why.TOP)
    assert [(s.holder, s.held) for s in path.steps] == [
        *((0, 1), (1, 6), (6, 7), (7, 8), (8, 9), (9, 10)),
    ]
    named = [(s.role, s.name) for s in path.steps if s.name]
    assert named == [(Role.MODULE, "app"), (Role.GLOBAL, "results")]
    assert (other.node, len(other.steps), other.steps[-1].held) == (9, 5, 9)


def test_a_path_of_what_nothing_leads_to_has_no_steps() -> None:
    paths = decode(encode({**PLANTED, PATHS: [*PLANTED[PATHS], (7, 2, 11, 0)]})).paths
    assert (paths[2].node, paths[2].why, paths[2].steps) == (7, Why.ADDRESS, ())


def test_edges_blocks_and_groups_are_read() -> None:
    result = decode(encode())
    (edge,) = result.edges
    assert (edge.holder, edge.held, edge.role, edge.index, edge.holders) == (
        *(9, 10, Role.LIST_ITEM, 0, 1),
    )
    assert result.owners == array("I", [0, NO_GROUP, 1])
    first, second = result.groups
    assert (first.type, first.path, first.objects) == ("app.Result", result.paths[0], 5)
    assert (second.type, second.path, second.state) == ("list", None, NodeState.C_HELD)
    assert (first.retained_bytes, second.retained_bytes) == (700, 0)


def test_newest_objects_and_entries_are_read() -> None:
    result = decode(encode())
    assert result.held == (Group("app.Result", result.paths[0], 1, NodeState.MODULE, 400),)
    assert result.entries == (Entries(9, "app.Result", 1, 48, 400),)


def test_what_was_not_asked_for_is_empty() -> None:
    result = decode(encode({TOTALS: PLANTED[TOTALS]}, ()))
    assert isinstance(result, WalkResult)
    assert (result.types, result.containers, result.nodes, result.paths) == ((), (), {}, ())
    assert (result.edges, result.owners, result.groups) == ((), array("I"), ())
    assert (result.held, result.entries) == ((), ())


def test_names_cannot_harm_a_terminal_and_are_not_long() -> None:
    strings = ("\x1b[31mred\n", "m" * 1000, "dict", "list", "app", "日本")
    result = decode(encode(strings=strings))
    assert result.types[0].name == "?[31mred?"
    assert len(result.types[1].name) == 200
    assert result.paths[1].steps[-1].name == "日本"


@pytest.mark.parametrize("length", range(0, len(encode()), 13))
def test_a_result_that_is_cut_off_is_refused(length: int) -> None:
    with pytest.raises(WalkFailed, match="cannot be read"):
        decode(encode()[:length])


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        (TYPES, (6, 0, *range(8))),
        (CONTAINERS, (0, 0, 4, 0)),
        (NODES, (11, 7, 0, NONE, 0, 1, -1, 0, 0, 0, 0, 0)),
        (NODES, (11, 6, 4, NONE, 0, 1, -1, 0, 0, 0, 0, 0)),
        (NODES, (11, 6, 0, 6, 0, 1, -1, 0, 0, 0, 0, 0)),
        (NODES, (11, 6, 0, NONE, 10, 1, -1, 0, 0, 0, 0, 0)),
        (NODES, (11, 6, 0, NONE, 0, 5, -1, 0, 0, 0, 0, 0)),
        (PATHS, (11, 1, 0, 1)),
        (PATHS, (10, 1, 11, 1)),
        (PATHS, (10, 1, NONE, NONE)),
        (EDGES, (11, 10, 9, NONE, NONE, 0)),
        (EDGES, (9, 11, 9, NONE, NONE, 0)),
        (EDGES, (9, 10, 26, NONE, NONE, 0)),
        (EDGES, (9, 10, 9, 6, NONE, 0)),
        (JOIN, (2, 1)),
        (GROUPS, (4, 0, 1, 1, 0)),
        (GROUPS, (0, 2, 1, 1, 0)),
        (GROUPS, (0, 0, 1, 9, 0)),
        (HELD, (4, 0, 1, 1, 0)),
        (HELD, (0, 2, 1, 1, 0)),
        (ENTRIES, (11, 0, 1, 1, 1)),
        (ENTRIES, (9, 4, 1, 1, 1)),
    ],
)
def test_a_number_that_names_nothing_is_refused(kind: int, row: tuple[int, ...]) -> None:
    decode(encode({**PLANTED, kind: [*PLANTED[kind]]}))
    with pytest.raises(WalkFailed):
        decode(encode({**PLANTED, kind: [*PLANTED[kind], row]}))


@pytest.mark.parametrize(
    "data",
    [
        MAGIC + section(STRINGS, 1, struct.pack("=2I", 0, 9)) + section(END, 0, b""),
        MAGIC + section(STRINGS, 1, struct.pack("=2I", 2, 1) + b"ab") + section(END, 0, b""),
        MAGIC + section(STRINGS, 1, struct.pack("=2I", 0, 1) + b"\xff") + section(END, 0, b""),
        MAGIC + section(STRINGS, NONE, b"") + section(END, 0, b""),
        MAGIC + section(STRINGS, 0, b"") + section(END, 0, b""),
        encode({TOTALS: PLANTED[TOTALS][:9]}, ()),
        encode({}, ()),
        encode().replace(MAGIC, b"LPHEAP02"),
    ],
)
def test_strings_and_totals_that_do_not_fit_are_refused(data: bytes) -> None:
    with pytest.raises(WalkFailed):
        decode(data)


def test_a_wrong_number_of_rows_is_refused() -> None:
    rows = {kind: some for kind, some in PLANTED.items() if kind != STEPS}
    steps = section(STEPS, 12, bytes(11 * 16))
    with pytest.raises(WalkFailed, match="176 bytes in 12 rows"):
        decode(MAGIC + steps + encode(rows)[len(MAGIC) :])


@given(st.lists(st.tuples(st.integers(0, len(encode()) - 1), st.integers(0, 255)), max_size=8))
@settings(deadline=None, max_examples=300)
@example([(8, 0)])
def test_changed_bytes_are_read_or_refused_and_nothing_else(changes: list[tuple[int, int]]) -> None:
    data = bytearray(encode())
    for place, value in changes:
        data[place] = value
    try:
        result = decode(bytes(data))
    except WalkFailed:
        return
    assert isinstance(result, WalkResult)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    for start in (b"", MAGIC):
        with pytest.raises(WalkFailed):
            decode(start + data)
