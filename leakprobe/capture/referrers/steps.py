"""From the references that a walk of a copy has named to the words that the search uses.

Where a way begins is decided here as in the search: at the last module, class, thread or
frame before what is held, since nobody needs to be told who holds a module.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from leakprobe.capture.heap.layout import Node, NodeKind, Path, Role, Step, Thing
from leakprobe.capture.referrers import words
from leakprobe.capture.referrers.paths import written
from leakprobe.capture.referrers.picture import DrawnNode
from leakprobe.capture.referrers.words import EdgeLabel
from leakprobe.model.graph import HolderPath

__all__ = ["below_root", "drawn_node", "is_part", "step_label", "way_down"]

Nodes = Mapping[int, Node]

# References to what is a part of its holder for a reader.
PARTS = frozenset(
    {
        Role.NAMESPACE,
        Role.CLASS_NAMESPACE,
        Role.CLOSURE,
        Role.CELL,
        Role.DEFAULTS,
        Role.CONTEXT_PART,
    }
)
NAMED = {
    Role.ATTRIBUTE: "attribute",
    Role.CLASS_ATTRIBUTE: "class attribute",
    Role.GLOBAL: "global",
}
ITEMS = {
    Role.DICT_VALUE: "dict value",
    Role.LIST_ITEM: "list item",
    Role.TUPLE_ITEM: "tuple item",
    Role.DEQUE_ITEM: "deque item",
    Role.MODULE: "module",
}
# References to a part that is itself what the way leads to, by the attribute it is.
PART_NAMES = {
    Role.NAMESPACE: "__dict__",
    Role.CLASS_NAMESPACE: "__dict__",
    Role.CLOSURE: "__closure__",
    Role.DEFAULTS: "__defaults__",
    Role.CLASS: "__class__",
    Role.BOUND_SELF: "__self__",
    Role.GLOBALS: "__globals__",
}
FIXED = {
    Role.DICT_KEY: words.DICT_KEY,
    Role.SET_ITEM: words.SET_ITEM,
    Role.CACHED_RESULT: words.CACHED_RESULT,
}
ROOT_KINDS = {
    NodeKind.MODULES: "module",
    NodeKind.INTERPRETER: "outside",
    NodeKind.C_HELD: "outside",
    NodeKind.THREAD: "thread",
    NodeKind.FRAME: "frame",
}
ROOT_THINGS = {Thing.MODULE: "module", Thing.CLASS: "type", Thing.THREAD_OBJECT: "thread"}
LASTING_THINGS = {Thing.MODULE: "module", Thing.CLASS: "type"}
VIRTUAL_TYPES = {
    NodeKind.MODULES: "module",
    NodeKind.INTERPRETER: "the interpreter",
    NodeKind.C_HELD: "C code",
    NodeKind.THREAD: "thread",
    NodeKind.FRAME: "frame",
}
KINDS = {
    Thing.OBJECT: "object",
    Thing.MODULE: "module",
    Thing.CLASS: "type",
    Thing.FUNCTION: "function",
    Thing.FRAME_OBJECT: "frame",
    Thing.THREAD_OBJECT: "object",
    Thing.PLUMBING: "other",
    Thing.TASK: "object",
    Thing.TIMER_HANDLE: "object",
    Thing.LOGGING_HANDLER: "object",
}
# What is said of an object on the way that holds for a reason of its own.
NOTES = {
    Thing.TASK: "task",
    Thing.THREAD_OBJECT: "thread",
    Thing.TIMER_HANDLE: "timer handle",
    Thing.LOGGING_HANDLER: "logging handler",
}
CUT_OFF = "…"


def is_part(step: Step, nodes: Nodes) -> bool:
    """Whether what is held is a part of its holder, such as its `__dict__`."""
    if step.role is Role.LOCAL:
        return nodes[step.held].type == "cell"
    return step.role in PARTS


def step_label(parts: Sequence[Step], step: Step, nodes: Nodes) -> EdgeLabel:
    """The label of a reference from a thing, through parts of it, to another.

    Args:
        parts: the references from the thing to the part that holds.
        step: that part's reference to what is held.
        nodes: what the steps' numbers stand for.
    """
    roles = [part.role for part in parts]
    if Role.DEFAULTS in roles:
        return words.DEFAULT
    if parts and step.role is Role.CELL_CONTENTS:
        return words.closure_variable(parts[-1].name)
    if roles.count(Role.NAMESPACE) > 1:
        return words.named("thread-local", step.name, step.name)
    if nodes[step.holder].kind is NodeKind.MODULES:
        return words.named("global", "modules")
    return _plain_label(step)


def drawn_node(node: Node, *, target: bool = False) -> DrawnNode:
    """A node of the picture."""
    root = None if target else _root_kind(node)
    kind = "module" if root == "module" else KINDS[node.thing]
    if node.kind is not NodeKind.OBJECT and root != "module":
        kind = "frame" if root == "frame" else "other"
    return DrawnNode(
        kind="target" if target else kind,
        type="module" if root == "module" else node.type or VIRTUAL_TYPES.get(node.kind, ""),
        label=_node_label(node, root),
        root=root,
        objects=1,
        incoming={},
    )


def way_down(
    path: Path, nodes: Nodes, *, objects: int = 1, through_threads: bool = False
) -> HolderPath | None:
    """A path in words; None where it leads nowhere.

    Args:
        path: from the root down.
        nodes: what its numbers stand for.
        objects: how many objects are held so.
        through_threads: begin at what holds a thread, which may be what does not let it go.
    """
    roots = ROOT_THINGS if not through_threads else LASTING_THINGS
    steps = below_root(path.steps, nodes, roots)
    if not steps:
        return None
    root = drawn_node(nodes[steps[0].holder])
    text, said = written(root, _labels(steps, nodes))
    if root.root is None:  # the way is longer than the walk writes
        text, said = CUT_OFF + text, (f"{CUT_OFF} {root.type}", *said[1:])
    return HolderPath(text, said, objects)


def below_root(
    steps: Sequence[Step], nodes: Nodes, things: Mapping[Thing, str] = ROOT_THINGS
) -> Sequence[Step]:
    """The last steps of a way, from a root on; all where none is on it.

    Args:
        steps: from a root of the walk down.
        nodes: what their numbers stand for.
        things: objects that are roots for a reader.
    """
    roots = [i for i, step in enumerate(steps) if _root_kind(nodes[step.holder], things)]
    return steps[roots[-1] :] if roots else steps


def _root_kind(node: Node, things: Mapping[Thing, str] = ROOT_THINGS) -> str | None:
    if node.type == "dict" and node.title is not None:
        return "module"  # only the namespace of a module is a dict that has a name
    return ROOT_KINDS.get(node.kind) or things.get(node.thing)


def _labels(steps: Sequence[Step], nodes: Nodes) -> list[EdgeLabel]:
    labels = []
    parts: list[Step] = []
    for step in steps:
        if is_part(step, nodes) and step is not steps[-1]:
            parts.append(step)
        else:
            labels.append(_noted(step_label(parts, step, nodes), nodes[step.held]))
            parts = []
    return labels


def _noted(label: EdgeLabel, held: Node) -> EdgeLabel:
    """The label, with what is held where that explains why it holds."""
    note = NOTES.get(held.thing)
    if held.limit is not None:
        return replace(label, step=f"{label.step} (at most {held.limit})")
    if note is None:
        return label
    name = held.type if held.thing is Thing.THREAD_OBJECT else held.title
    return replace(
        label, step=f"{label.step} ({note} {name})" if name else f"{label.step} ({note})"
    )


def _plain_label(step: Step) -> EdgeLabel:
    if step.role in NAMED:
        return words.named(NAMED[step.role], step.name, step.name)
    if step.role in ITEMS:
        place = step.name if step.index is None else str(step.index)
        return words.item(ITEMS[step.role], place)
    if step.role in PART_NAMES:
        return words.named("attribute", PART_NAMES[step.role])
    if step.role is Role.LOCAL:
        return words.local(step.name)
    if step.role is Role.CONTEXT_VARIABLE:
        return words.context_variable(step.name)
    if step.role is Role.CELL:
        return words.closure_variable(step.name)
    if step.role is Role.CELL_CONTENTS:
        return words.named("attribute", "cell_contents")
    return FIXED.get(step.role, words.REFERENCE)


def _node_label(node: Node, root: str | None) -> str:
    if node.title is not None:
        return node.title
    if node.kind is NodeKind.MODULES:
        return "sys"
    if root == "thread":
        return node.type or ""
    return words.length(node.length) if node.length is not None else ""
