"""The shortest ways from roots down to the targets, in words."""

from leakprobe.capture.referrers.picture import Drawn, DrawnNode
from leakprobe.capture.referrers.words import EdgeLabel
from leakprobe.model.graph import HolderPath

__all__ = ["shortest_paths", "written"]

PATHS_AT_MOST = 8
LONGEST_TEXT = 400
# A frame or thread holds something for as long as it runs, C code perhaps no longer than a call.
PASSING = frozenset({"frame", "thread", "outside"})
STEPS = {
    "module": "module",
    "type": "class",
    "frame": "frame",
    "thread": "thread",
    "outside": "held by",
}


def shortest_paths(drawn: Drawn) -> tuple[HolderPath, ...]:
    """The shortest ways to each target from roots, distinct ones, lasting roots first."""
    objects: dict[tuple[str, tuple[str, ...]], int] = {}
    order: dict[tuple[str, tuple[str, ...]], tuple[bool, int]] = {}
    for key, node in drawn.items():
        if node.kind != "target":
            continue
        for root, labels in _ways_up(drawn, key):
            way = written(root, labels)
            objects[way] = objects.get(way, 0) + node.objects
            order[way] = (root.root in PASSING, len(labels))
    best = sorted(objects, key=lambda way: (*order[way], -objects[way], way))
    return tuple(HolderPath(*way, objects[way]) for way in best[:PATHS_AT_MOST])


def _ways_up(drawn: Drawn, target: int) -> list[tuple[DrawnNode, list[EdgeLabel]]]:
    """For each thing that a root holds, the shortest way down through it, breadth first."""
    ways: dict[int, list[EdgeLabel]] = {target: []}
    todo = [target]
    found = []
    for key in todo:
        for holder, label in drawn[key].incoming.items():
            way = [label, *ways[key]]
            if drawn[holder].root:
                found.append((drawn[holder], way))
            elif holder not in ways:
                ways[holder] = way
                todo.append(holder)
    return found


def written(root: DrawnNode, labels: list[EdgeLabel]) -> tuple[str, tuple[str, ...]]:
    """A way down from a root: as code would write it, and step by step in words."""
    title = root.label or root.type
    start = title if root.root in {"module", "type"} else f"<{title}>"
    text = start + "".join(label.text for label in labels)
    steps = (f"{STEPS[root.root or 'module']} {title}", *(label.step for label in labels))
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…", steps
