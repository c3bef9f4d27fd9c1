"""Who refers to whom."""

from dataclasses import dataclass

from leakprobe.model.memory import Price

__all__ = ["GraphEdge", "GraphNode", "HolderPath", "ReferrerGraph"]


@dataclass(frozen=True, slots=True)
class GraphNode:
    """One object of a referrer graph, or several alike that are drawn as one.

    Attributes:
        id: number in this graph; says nothing about addresses.
        kind: `target`, `object`, `module`, `frame`, `type`, `function` or `other`.
        type: the object's type, with its module.
        label: the name of a module, function or type, the line of a frame, or the
            length of a container; with `reveal` also a repr.
        objects: how many objects this node stands for.
        root: whether the search ended here, at something that lives by itself.
    """

    id: int
    kind: str
    type: str
    label: str
    objects: int
    root: bool


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """`holder` refers to `held`, through the attribute, variable or item that `label` names."""

    holder: int
    held: int
    label: str


@dataclass(frozen=True, slots=True)
class HolderPath:
    """One way from a root down to the objects that were asked about.

    `text` is the path as code would write it (`app.results[…].payload`), `steps` the
    same in words, `objects` how many of the looked-at objects hang on it.
    """

    text: str
    steps: tuple[str, ...]
    objects: int


@dataclass(frozen=True, slots=True)
class ReferrerGraph:
    """What keeps objects of one type alive.

    `objects` live ones there are, `sampled` of them were followed. `truncated` says why
    the search ended early, None where it did not.
    """

    type: str
    objects: int
    sampled: int
    truncated: str | None
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    paths: tuple[HolderPath, ...]
    price: Price
