"""Who holds what a test has left behind.

One walk of the heap names the objects that would free most memory if they went. Many of
them were there before the test: modules, fixtures of the session, pytest's own. How much
of their content is new is seen in a sample of it (`leakprobe.testing.plugin.newness`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from leakprobe.capture.heap.kinds import is_ours
from leakprobe.capture.heap.layout import Node, NodeState, Path, Thing, WalkResult, Why
from leakprobe.capture.native import HOW_TO_BUILD, heap_walk_missing
from leakprobe.capture.process import available_memory_bytes
from leakprobe.capture.referrers.steps import way_down
from leakprobe.errors import NotAvailable
from leakprobe.render.units import decimal_text
from leakprobe.testing.plugin.newness import new_shares

__all__ = ["Candidate", "find_holders", "nearest_holders"]

LOOKED_AT = 400
# A holder has at least so much of what has grown.
LEAST_SHARE = 0.1
# Where nobody knows what is new: what has much more than has grown was large before.
MOST_TIMES = 2.0
# Whose content is mainly one object's stands back behind that one.
MAINLY = 0.5
# Ways through pytest to the value of a fixture: `item.funcargs`, `FixtureDef.cached_result`.
TO_A_FIXTURE = re.compile(r"^.*\.(?:funcargs|cached_result)\[[^\]]*\]")
PYTESTS_OWN = ("_pytest.", "pluggy.")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An object that holds much.

    Attributes:
        place: its number, of those on the ways.
        above: what is on the way to it.
        text: the way to it, and its type.
        retained_bytes: all that would be freed with it.
        new_bytes: how much of that is new.
    """

    place: int
    above: frozenset[int]
    text: str
    retained_bytes: int
    new_bytes: float

    def __str__(self) -> str:
        return f"{self.text} holds {decimal_text(self.retained_bytes)}"


def find_holders(grown_bytes: int, *, limit: int, traced: bool) -> tuple[str, ...]:
    """The nearest holders of what has grown, the one with most of it first.

    Args:
        grown_bytes: how much that is.
        limit: at most so many.
        traced: tracemalloc has a record of what is new, and of nothing else.

    Raises:
        NotAvailable: there is no native heap walk here.
        NotEnoughMemory: it would take more than half of what is left.
        WalkFailed: the copy of the process came to nothing.
    """
    missing = heap_walk_missing()
    if missing is not None:
        raise NotAvailable(f"that needs the native heap walk, and {missing}; {HOW_TO_BUILD}")
    from leakprobe.capture.heap.forked import WalkRequest, walk

    result, _ = walk(WalkRequest(top=LOOKED_AT), available_bytes=available_memory_bytes())
    least = LEAST_SHARE * grown_bytes
    paths = [path for path in result.paths if _counts(path, result, least)]
    shares = new_shares([_addresses(path, result.nodes) for path in paths]) if traced else ()
    found = _candidates(paths, result.nodes, shares)
    if not traced:
        found = [one for one in found if one.retained_bytes <= MOST_TIMES * grown_bytes]
    large = [one for one in found if one.new_bytes >= least]
    return tuple(str(one) for one in nearest_holders(large)[:limit])


def nearest_holders(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Of holders that hold one another the one that is nearest to the content.

    That is one below which no other has half of what it has. Most new content first.
    """
    every = list(candidates)
    near = [one for one in every if not any(_steps_back(one, below) for below in every)]
    highest = [one for one in near if not any(holder.place in one.above for holder in near)]
    return sorted(highest, key=lambda one: -one.new_bytes)


def _steps_back(holder: Candidate, below: Candidate) -> bool:
    return holder.place in below.above and below.new_bytes >= MAINLY * holder.new_bytes


def _counts(path: Path, result: WalkResult, least: float) -> bool:
    node = result.nodes[path.node]
    on_the_way = (result.nodes[step.held].type for step in path.steps)
    return (
        bool(path.why & Why.TOP)
        and node.retained_bytes >= least
        and node.state in {NodeState.MODULE, NodeState.FRAME, NodeState.C_HELD}
        and node.thing not in {Thing.MODULE, Thing.CLASS}
        and node.type is not None
        # pytest holds our plugin, and so all that we keep of a test
        and not any(is_ours(name) for name in (node.type, *on_the_way) if name is not None)
    )


def _addresses(path: Path, nodes: Mapping[int, Node]) -> tuple[int, ...]:
    """Where the objects on a way are, from the root down to what it leads to."""
    return tuple(nodes[step.held].address for step in path.steps)


def _candidates(
    paths: Sequence[Path], nodes: Mapping[int, Node], shares: Sequence[float]
) -> list[Candidate]:
    found: list[Candidate] = []
    for path, share in zip(paths, shares or [1.0] * len(paths), strict=True):
        node, way = nodes[path.node], way_down(path, nodes)
        where = TO_A_FIXTURE.sub("fixture", way.text) if way is not None else "C code"
        if where.startswith(PYTESTS_OWN):
            continue
        found.append(
            Candidate(
                place=path.node,
                above=frozenset(step.holder for step in path.steps),
                text=f"{where}: {node.type}",
                retained_bytes=node.retained_bytes,
                new_bytes=share * node.retained_bytes,
            )
        )
    return found
