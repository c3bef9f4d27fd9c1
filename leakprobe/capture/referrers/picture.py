"""From found references to a picture that a person can read.

A search finds single objects. Here an instance and its `__dict__` become one node, what
does not lie between a root and a target goes, objects that are held in the same way
become one node with a count, and the shortest ways down are written as code would
write them. Objects go in, only strings and numbers come out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from leakprobe.capture.heap.kinds import KindBook
from leakprobe.capture.referrers.labels import Chain, EdgeLabel, edge_label, node_kind, node_label
from leakprobe.capture.referrers.parts import part_role

__all__ = ["Drawn", "DrawnEdge", "DrawnNode", "Found", "draw"]


@dataclass(slots=True, eq=False)
class Found:
    """One object that a search came by.

    Attributes:
        o: the object.
        level: how many references it is away from a target; targets are at 0.
        root: what kind of root it is (`module`, `type`, `frame`, `thread`); None: none.
        title: the name of the root.
        holders: addresses of those that refer to it.
    """

    o: object
    level: int
    root: str | None = None
    title: str = ""
    holders: set[int] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class DrawnNode:
    """One node of the picture, and how it is held: pairs of holder and label."""

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


def draw(found: dict[int, Found], book: KindBook, *, reveal: bool) -> tuple[Drawn, bool]:
    """The picture of a search, and whether any root was found."""
    drawn = _drawn(found, book, reveal=reveal)
    rooted = _below_roots(drawn)
    if rooted:
        drawn = _restricted(drawn, rooted)
    while _merge_alike(drawn):
        pass
    return drawn, bool(rooted)


def _drawn(found: dict[int, Found], book: KindBook, *, reveal: bool) -> Drawn:
    held_by: dict[int, list[int]] = {address: [] for address in found}
    for address, node in found.items():
        for holder in node.holders:
            held_by[holder].append(address)
    whole, chains = _chains(found, held_by)
    drawn = {address: _node(found[address], book, reveal=reveal) for address in whole}
    for chain_addresses, chain, held in chains:
        holder = chain_addresses[0]
        label = edge_label(
            chain, found[held].o, in_module=found[holder].root == "module", reveal=reveal
        )
        drawn[held].incoming.setdefault(holder, label)
    return drawn


def _chains(
    found: dict[int, Found], held_by: dict[int, list[int]]
) -> tuple[list[int], list[tuple[list[int], Chain, int]]]:
    """What is a thing of its own, and each way from such a thing through its parts to another."""
    parts: set[int] = set()
    others: set[int] = set()
    ways = []
    todo: list[tuple[list[int], Chain]] = [([a], [(n.o, None)]) for a, n in found.items()]
    while todo:
        addresses, chain = todo.pop()
        for held in held_by[addresses[-1]]:
            role = None
            if found[addresses[0]].root != "module" and found[held].level > 0:
                role = part_role(*chain[-1], found[held].o)
            if role is None or held in addresses:
                ways.append((addresses, chain, held))
                others.update([held] if len(addresses) == 1 else [])
            else:
                parts.add(held)
                todo.append(([*addresses, held], [*chain, (found[held].o, role)]))
    hidden = parts - others
    whole = [address for address in found if address not in hidden]
    return whole, [w for w in ways if w[0][0] not in hidden and w[2] not in hidden]


def _node(node: Found, book: KindBook, *, reveal: bool) -> DrawnNode:
    kind = book.of(type(node.o))
    label = node.title or node_label(node.o, kind, reveal=reveal)
    shown = node.root if node.root in {"module", "type", "frame"} else node_kind(node.o, kind)
    return DrawnNode(
        kind="target" if node.level == 0 else shown or "object",
        type="module" if node.root == "module" else kind.name,
        label=label,
        root=node.root,
        objects=1,
        incoming={},
    )


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


def edges(drawn: Drawn) -> Iterable[DrawnEdge]:
    """Every edge of a picture."""
    for key, node in drawn.items():
        for holder, label in node.incoming.items():
            yield DrawnEdge(holder, key, label)
