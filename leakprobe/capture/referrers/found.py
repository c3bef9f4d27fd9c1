"""The picture of a search in the running process: objects go in, strings and numbers come out."""

from dataclasses import dataclass, field

from leakprobe.capture.heap.kinds import KindBook
from leakprobe.capture.referrers.labels import edge_label, node_kind, node_label
from leakprobe.capture.referrers.parts import part_role
from leakprobe.capture.referrers.picture import Drawn, DrawnNode, fold, settle

__all__ = ["Found", "draw"]


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


def draw(found: dict[int, Found], book: KindBook, *, reveal: bool) -> tuple[Drawn, bool]:
    """The picture of a search, and whether any root was found."""
    held_by: dict[int, list[int]] = {address: [] for address in found}
    for address, node in found.items():
        for holder in node.holders:
            held_by[holder].append(address)

    def part(holder: int, role: str | None, held: int) -> str | None:
        if found[holder].root == "module" or found[held].level == 0:
            return None
        return part_role(found[holder].o, role, found[held].o)

    whole, ways = fold(found, held_by, part)
    drawn = {address: _node(found[address], book, reveal=reveal) for address in whole}
    for chain, held in ways:
        owner = chain[0][0]
        objects = [(found[address].o, role) for address, role in chain]
        in_module = found[owner].root == "module"
        label = edge_label(objects, found[held].o, in_module=in_module, reveal=reveal)
        drawn[held].incoming.setdefault(owner, label)
    return settle(drawn)


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
