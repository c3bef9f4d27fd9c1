"""Retained and owned sizes, against a definition in Python and against what was planted."""

import ctypes
import gc
import random
import sys
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CellType, FunctionType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.capture.heap.layout import Node, NodeKind, NodeState, WalkResult, Why
from tests.capture.native.walking import tally, walk
from tests.native import needs_heap_walk

pytestmark = needs_heap_walk

KEPT: list[object] = []
GRAPHS_IN_A_WALK = 8
CONTAINERS = (dict, list, tuple, set, deque, FunctionType, CellType)


class Instance:
    def __init__(self, held: object) -> None:
        self.held = held


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left: object, right: object) -> None:
        self.left = left
        self.right = right


class Link:
    def __init__(self, below: object) -> None:
        self.below = below
        self.data = bytes(1000)


def text(size: int) -> str:
    return random.randbytes(size // 2).hex()  # unlike every other


@pytest.fixture(autouse=True)
def _collector_off() -> Iterator[None]:
    """A collection would untrack some tuples and free the garbage."""
    gc.disable()
    yield
    KEPT.clear()
    gc.enable()


@contextmanager
def kept(o: object) -> Iterator[None]:
    KEPT.append(o)
    yield
    KEPT.remove(o)


def nodes_at(addresses: list[int], own: bytes = b"") -> dict[int, Node]:
    """What a walk says of the objects at these addresses."""
    result = walk(addresses=array("Q", addresses).tobytes(), own=own)
    return {node.address: node for node in result.nodes.values() if node.kind is NodeKind.OBJECT}


# --- random graphs ---


def closure(held: object, other: object) -> Callable[[], object]:
    return lambda: (held, other)


def plant(source: random.Random) -> tuple[list[object], set[int]]:
    """A random graph below one list, and the addresses of the atoms in it."""
    atoms: list[object] = [text(source.randrange(2, 300)) for _ in range(12)]
    atoms += [source.random() for _ in range(4)]
    made: list[object] = []

    def pick() -> object:
        return source.choice(made if made and source.random() < 0.6 else atoms)

    makers: list[Callable[[], object]] = [
        lambda: [pick() for _ in range(source.randrange(4))],
        lambda: (pick(), pick()),
        lambda: {source.choice(atoms): pick(), source.randrange(99): pick()},
        lambda: set(source.choices(atoms, k=3)),
        lambda: deque([pick()]),
        lambda: Instance(pick()),
        lambda: Slotted(pick(), pick()),
        lambda: closure(pick(), pick()),
    ]
    made += [source.choice(makers)() for _ in range(source.randrange(2, 50))]
    for o in made:  # cycles and ways around
        if type(o) is list and source.random() < 0.7:
            o.append(source.choice(made))
        elif type(o) is Instance and source.random() < 0.5:
            o.held = source.choice(made)
            o.__dict__["more"] = pick()
    top: list[object] = source.sample(made, source.randrange(1, min(len(made), 6) + 1))
    return top, {id(atom) for atom in atoms}


def outline(top: list[object], atoms: set[int]) -> tuple[dict[int, list[int]], dict[int, int]]:
    """What refers to what below `top`, and the size of each object, by address.

    That of an instance is left for the walk to say: `sys.getsizeof` leaves out a part of it.
    """
    graph: dict[int, list[int]] = {}
    sizes: dict[int, int] = {}
    todo: list[object] = [top]
    outside = id(globals())
    while todo:
        o = todo.pop()
        if id(o) in graph:
            continue
        held = gc.get_referents(o) + ([*o] if type(o) is dict else [])
        held = [
            h
            for h in held
            if id(h) in atoms or type(h) in (*CONTAINERS, Instance, Slotted)
            if h != () and id(h) != outside and h is not __builtins__
        ]
        graph[id(o)] = [id(h) for h in held]
        sizes[id(o)] = 0 if type(o) is Instance else sys.getsizeof(o)
        todo += held
    return graph, sizes


def retained_by_definition(
    graph: dict[int, list[int]], sizes: dict[int, int], top: int
) -> dict[int, int]:
    """Bytes that nothing leads to any more when an object is gone, its own included."""

    def reached(without: int) -> set[int]:
        seen: set[int] = set()
        todo = [top]
        while todo:
            node = todo.pop()
            if node not in seen and node != without:
                seen.add(node)
                todo += graph[node]
        return seen

    total = sum(sizes.values())
    return {node: total - sum(sizes[n] for n in reached(node)) for node in graph}


@given(st.integers(0, 10**9))
@settings(deadline=None, max_examples=8)
def test_random_graphs_retain_what_would_be_freed(seed: int) -> None:
    source = random.Random(seed)
    outlines: list[tuple[dict[int, list[int]], dict[int, int], int]] = []
    holders: list[object] = []
    for _ in range(GRAPHS_IN_A_WALK):
        top, atoms = plant(source)
        outlines.append((*outline(top, atoms), id(top)))
        holders.append(top)
        del top
    with kept(holders):
        del holders
        found = nodes_at([address for graph, *_ in outlines for address in graph])
    for graph, known, top_address in outlines:
        sizes = {address: size or found[address].bytes for address, size in known.items()}
        expected = retained_by_definition(graph, sizes, top_address)
        assert {address: found[address].retained_bytes for address in expected} == expected


# --- what was planted ---


def test_what_two_hold_is_retained_by_neither() -> None:
    shared, alone = text(5000), text(3000)
    holders = [[shared, alone], [shared]]
    addresses = [id(holders), *map(id, holders), id(shared)]
    own = [sys.getsizeof(o) for o in (holders, *holders)]
    sizes = sys.getsizeof(shared), sys.getsizeof(alone)
    with kept(holders):
        del shared, alone, holders
        found = nodes_at(addresses)
    both, one, other, held = (found[address].retained_bytes for address in addresses)
    assert held == sizes[0]
    assert one == own[1] + sizes[1]
    assert other == own[2]
    assert both == sum(own) + sum(sizes)


def test_what_leakprobe_holds_as_well_is_retained_by_the_application_alone() -> None:
    data = text(5000)
    application, table = [data], [data]
    size = sys.getsizeof(data) + sys.getsizeof(application)
    address, own = id(application), array("Q", [id(table)]).tobytes()
    with kept([application, table]):
        del data, application, table
        assert nodes_at([address], own=own)[address].retained_bytes == size
        assert nodes_at([address])[address].retained_bytes < size


def test_garbage_retains_itself_only() -> None:
    cycle: list[object] = [text(5000)]
    cycle.append(cycle)
    address, size = id(cycle), sys.getsizeof(cycle)
    del cycle
    node = nodes_at([address])[address]
    assert node.state is NodeState.GARBAGE
    assert node.retained_bytes == node.bytes == size


def test_what_c_code_holds_retains_what_hangs_on_it() -> None:
    held: list[object] = [text(5000)]
    address, size = id(held), sys.getsizeof(held) + sys.getsizeof(held[0])
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(held))
    del held
    node = nodes_at([address])[address]
    ctypes.pythonapi.Py_DecRef(ctypes.cast(address, ctypes.py_object))
    assert node.state is NodeState.C_HELD
    assert node.retained_bytes == size


def type_row(o: object) -> str:
    return f"{type(o).__module__}.{type(o).__qualname__}"


def test_a_type_retains_each_byte_once_however_deep_it_nests() -> None:
    chain = None
    for _ in range(50):
        chain = Link(chain)
    name, address = type_row(chain), id(chain)
    other = Link(None)
    with kept([chain, other]):
        del chain, other
        result = walk(addresses=array("Q", [address]).tobytes())
    top = next(node for node in result.nodes.values() if node.address == address)
    row = tally(result, name)
    assert row.objects == 51
    assert row.bytes < 51 * 1000 < row.retained_bytes
    lonely = row.retained_bytes - top.retained_bytes
    assert 1000 < lonely < 1300


def test_owned_bytes_add_up_to_all_bytes() -> None:
    result = walk()
    assert sum(row.owned_bytes for row in result.types) == sum(row.bytes for row in result.types)
    assert sum(row.bytes for row in result.types) == result.totals.bytes
    assert all(row.retained_bytes >= row.bytes / row.objects for row in result.types if row.objects)


def growth(before: WalkResult, after: WalkResult, name: str) -> int:
    return tally(after, name).owned_bytes - tally(before, name).owned_bytes


def test_what_hangs_on_an_instance_is_owned_by_its_class() -> None:
    before = walk()
    with kept(Instance([{"key": 0.5, "text": text(5000)} for _ in range(10)])):
        after = walk()
    name = f"{__name__}.Instance"
    assert growth(before, after, name) > 10 * 5000
    assert growth(before, after, "str") < 5000
    assert growth(before, after, "dict") < 5000


def test_what_a_module_keeps_in_a_list_is_owned_by_the_list() -> None:
    before = walk()
    with kept([text(5000) for _ in range(10)]):
        after = walk()
    assert growth(before, after, "list") > 10 * 5000
    assert growth(before, after, "str") < 5000


def test_what_two_instances_share_is_owned_by_neither() -> None:
    shared = [text(5000) for _ in range(10)]
    before = walk()
    with kept([Instance(shared), Instance(shared)]):
        del shared
        after = walk()
    assert growth(before, after, f"{__name__}.Instance") < 5000


def test_the_largest_are_data_of_the_application() -> None:
    large = {number: text(50_000) for number in range(40)}
    small = [text(20)]
    places = id(large), id(small)
    with kept([large, small]):
        del large, small
        result = walk(top=15)
    top = [result.nodes[path.node] for path in result.paths if Why.TOP in path.why]
    assert len(top) == 15
    assert places[0] in {node.address for node in top}
    assert places[1] not in {node.address for node in top}
    assert min(node.retained_bytes for node in top) > 1000
    assert {node.type for node in top}.isdisjoint({"module", "type", "function", "code"})
    assert all(node.title is None for node in top), "namespaces of modules have titles"
