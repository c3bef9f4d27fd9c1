"""From references to a picture that a person can read.

A search finds single objects. Here an instance and its `__dict__` become one node, what
does not lie between a root and a target goes, and objects that are held in the same way
become one node with a count. Nodes are numbers here, and what was found is not touched.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from leakprobe.capture.referrers.words import EdgeLabel

__all__ = ["Drawn", "DrawnEdge", "DrawnNode", "edges", "fold", "settle"]

Role = TypeVar("Role")


@dataclass(slots=True, eq=False)
class DrawnNode:
    """One node of the picture, and how it is held: pairs of holder and label.

    `root` says what kind of root it is: `module`, `type`, `frame`, `thread`, or `outside`
    for what is no object of Python; None: it is none.
    """

    kind: str
    type: str
    label: str
    root: str | None
    objects: int
    incoming: dict[int, EdgeLabel]


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    """An edge between two nodes of the picture, by their keys."""

    holder: int
    held: int
    label: EdgeLabel


Drawn = dict[int, DrawnNode]
# Nodes from a whole thing through parts of it, each with its role in the one before.
Chain = list[tuple[int, Role | None]]


def fold(
    keys: Collection[int],
    held_by: Mapping[int, Iterable[int]],
    part: Callable[[int, Role | None, int], Role | None],
) -> tuple[list[int], list[tuple[Chain[Role], int]]]:
    """What is a thing of its own, and each way from such a thing through its parts to another.

    Args:
        keys: all nodes.
        held_by: what each node holds.
        part: what part of a holder, itself in some role, a held node is; None: none.
    """
    parts: set[int] = set()
    others: set[int] = set()
    ways: list[tuple[Chain[Role], int]] = []
    todo: list[Chain[Role]] = [[(key, None)] for key in keys]
    while todo:
        chain = todo.pop()
        last, last_role = chain[-1]
        for held in held_by[last]:
            role = part(last, last_role, held)
            if role is None or any(held == key for key, _ in chain):
                ways.append((chain, held))
                others.update([held] if len(chain) == 1 else [])
            else:
                parts.add(held)
                todo.append([*chain, (held, role)])
    hidden = parts - others
    whole = [key for key in keys if key not in hidden]
    return whole, [w for w in ways if w[0][0][0] not in hidden and w[1] not in hidden]


def settle(drawn: Drawn) -> tuple[Drawn, bool]:
    """What lies below roots, if there are any, with alike nodes made one; whether there are."""
    rooted = _below_roots(drawn)
    if rooted:
        drawn = _restricted(drawn, rooted)
    while _merge_alike(drawn):
        pass
    return drawn, bool(rooted)


def _below_roots(drawn: Drawn) -> set[int]:
    """Every node that a root leads to, roots included."""
    held_by: dict[int, list[int]] = {}
    for key, node in drawn.items():
        for holder in node.incoming:
            held_by.setdefault(holder, []).append(key)
    reached: set[int] = set()
    todo = [key for key, node in drawn.items() if node.root]
    while todo:
        key = todo.pop()
        if key not in reached:
            reached.add(key)
            todo += held_by.get(key, [])
    return reached


def _restricted(drawn: Drawn, keys: set[int]) -> Drawn:
    kept = {key: node for key, node in drawn.items() if key in keys}
    for node in kept.values():
        node.incoming = {h: label for h, label in node.incoming.items() if h in kept}
    return kept


def _merge_alike(drawn: Drawn) -> bool:
    """Make one node of those that are held by the same holders in the same way."""
    first: dict[object, int] = {}
    merged: dict[int, int] = {}
    for key, node in drawn.items():
        ways = frozenset((h, label.text) for h, label in node.incoming.items())
        if node.root:
            signature: object = (node.root, node.label, node.type)
        elif ways:
            signature = (node.kind, node.type, ways)
        else:
            continue
        if first.setdefault(signature, key) != key:
            merged[key] = first[signature]
    for key, into in merged.items():
        _absorb(drawn[into], drawn.pop(key))
    for node in drawn.values():
        node.incoming = {merged.get(h, h): label for h, label in node.incoming.items()}
    return bool(merged)


def _absorb(node: DrawnNode, other: DrawnNode) -> None:
    node.objects += 0 if node.root else other.objects
    node.incoming.update(other.incoming)
    if node.label != other.label:
        node.label = ""


def edges(drawn: Drawn) -> Iterator[DrawnEdge]:
    """Every edge of a picture."""
    for key, node in drawn.items():
        for holder, label in node.incoming.items():
            yield DrawnEdge(holder, key, label)
