"""What nodes are and what they are called."""

import threading
from collections.abc import Iterator
from types import ModuleType

import pytest

from leakprobe.capture.heap.layout import Thing
from leakprobe.capture.referrers.labels import revealed
from tests.capture.native.planting import MODULE, Target, ask, planted
from tests.native import needs_heap_walk

pytestmark = needs_heap_walk


@pytest.fixture(autouse=True)
def module() -> Iterator[ModuleType]:
    with planted() as made:
        yield made


def a_function() -> None:
    pass


def test_things_and_their_titles(module: ModuleType) -> None:
    class Thread(threading.Thread):
        pass

    def generator() -> Iterator[None]:
        yield

    suspended = generator()
    things = {
        id(module): (Thing.MODULE, MODULE),
        id(module.__dict__): (Thing.OBJECT, MODULE),
        id(Target): (Thing.CLASS, "tests.capture.native.planting.Target"),
        id(a_function): (Thing.FUNCTION, f"{__name__}.a_function"),
        id(suspended): (
            Thing.PLUMBING,
            f"{test_things_and_their_titles.__name__}.<locals>.generator",
        ),
        id(threading.current_thread()): (Thing.THREAD_OBJECT, None),
    }
    later = Thread()
    things[id(later)] = (Thing.THREAD_OBJECT, None)
    result = ask(*things)
    found = {node.address: (node.thing, node.title) for node in result.nodes.values()}
    assert {address: found[address] for address in things} == things


ATOMS = [
    *(
        "plain",
        "",
        "it's",
        'a "b"',
        "'\"",
        "back\\slash",
        "tab\tline\n",
        "\x00\x7f\x85",
        "\u202e",
        "💥",
    ),
    *("two  spaces", " ", "x" * 58, "x" * 59, "x" * 200, "é" * 70, "\ud800", "\xa0"),
    *(b"bytes", b"\x00'\"\\\n\xff", b"y" * 100),
    *(0, 1, -1, 10**9, -(2**30), 2**60, 2**179, -(2**180) + 1, 2**180, 10**300),
    *(0.0, -0.0, 1.0, 0.1, -2.5, 1e15, 1e16, 123456789012345680.0, 1e-4, 1e-5, 5e-324),
    *(1.7976931348623157e308, float("inf"), float("-inf"), 2 / 3, 1e22, 1e23),
    *(True, False, None),
]


def test_atoms_are_written_as_the_reference_writes_them(module: ModuleType) -> None:
    module.__dict__["held"] = ATOMS
    result = ask(*map(id, ATOMS), reveal=True)
    found = {node.address: node.title for node in result.nodes.values()}
    assert [found[id(atom)] for atom in ATOMS] == [revealed(atom) for atom in ATOMS]


def test_atoms_stay_hidden(module: ModuleType) -> None:
    module.__dict__["held"] = ATOMS
    result = ask(*map(id, ATOMS))
    found = {node.address: node.title for node in result.nodes.values()}
    assert {found[id(atom)] for atom in ATOMS} == {None}
