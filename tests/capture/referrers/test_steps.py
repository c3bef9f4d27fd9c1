"""Every role that a walk writes, in the words of the search."""

from dataclasses import replace

import pytest

from leakprobe.capture.heap.layout import Node, Path, Role, Step, Thing, Why
from leakprobe.capture.referrers.steps import drawn_node, way_down
from tests.capture.referrers.planting import MODULE_WAY, node, path, planted, step, virtual

NODES = (
    node(20, "dict", length=5),
    node(21, "app.Result"),
    node(22, "tuple", length=1),
    node(23, "cell"),
    node(24, "app.Leaked"),
    node(25, "dict", length=2),
    node(26, "dict", length=1),
)


def way(*steps: Step, nodes: tuple[Node, ...] = NODES) -> tuple[str, tuple[str, ...]]:
    """Text and steps below `app.results`, or from the first step where that begins elsewhere."""
    start = MODULE_WAY if steps[0].holder == 20 else ()
    result = planted(nodes, [path(Why.TYPE, *start, *steps)])
    found = way_down(result.paths[0], result.nodes)
    assert found is not None
    return found.text, found.steps


@pytest.mark.parametrize(
    ("role", "name", "index", "text", "said"),
    [
        (Role.REFERENCE, None, None, "→", "reference"),
        (Role.NAMESPACE, None, None, ".__dict__", "attribute __dict__"),
        (Role.CLASS_NAMESPACE, None, None, ".__dict__", "attribute __dict__"),
        (Role.ATTRIBUTE, "payload", None, ".payload", "attribute payload"),
        (Role.ATTRIBUTE, "not a name", None, "[not a name]", "attribute not a name"),
        (Role.ATTRIBUTE, None, None, "[…]", "attribute"),
        (Role.CLASS_ATTRIBUTE, "kept", None, ".kept", "class attribute kept"),
        (Role.DICT_VALUE, None, None, "[…]", "dict value"),
        (Role.DICT_VALUE, "'k'", None, "['k']", "dict value"),
        (Role.DICT_KEY, None, None, ".keys()[…]", "dict key"),
        (Role.LIST_ITEM, None, None, "[…]", "list item"),
        (Role.LIST_ITEM, None, 7, "[7]", "list item"),
        (Role.TUPLE_ITEM, None, 0, "[0]", "tuple item"),
        (Role.SET_ITEM, None, None, "{…}", "set item"),
        (Role.DEQUE_ITEM, None, None, "[…]", "deque item"),
        (Role.LOCAL, "row", None, ".row", "local row"),
        (Role.CLOSURE, None, None, ".__closure__", "attribute __closure__"),
        (Role.CELL, "k", None, ".__closure__[k]", "closure variable k"),
        (Role.CELL_CONTENTS, None, None, ".cell_contents", "attribute cell_contents"),
        (Role.DEFAULTS, None, None, ".__defaults__", "attribute __defaults__"),
        (Role.CLASS, None, None, ".__class__", "attribute __class__"),
        (Role.CACHED_RESULT, None, None, "(…)", "cached result"),
        (Role.BOUND_SELF, None, None, ".__self__", "attribute __self__"),
        (Role.GLOBALS, None, None, ".__globals__", "attribute __globals__"),
        (Role.MODULE, "other", None, "[other]", "module"),
        (Role.CONTEXT_VARIABLE, "request", None, "[request]", "context variable request"),
    ],
)
def test_a_reference_in_words(
    role: Role, name: str | None, index: int | None, text: str, said: str
) -> None:
    assert way(step(20, 24, role, name, index)) == (
        f"app.results{text}",
        ("module app", "global results", said),
    )


def test_every_role_has_words() -> None:
    for role in Role:
        text, said = way(step(20, 24, role, "name"))
        assert text.startswith("app.results")
        assert len(said) == 3


@pytest.mark.parametrize(
    ("steps", "text", "last"),
    [
        (
            (step(20, 21, Role.DICT_VALUE), step(21, 25, Role.NAMESPACE),
             step(25, 24, Role.ATTRIBUTE, "result")),
            "app.results[…].result",
            "attribute result",
        ),
        (
            (step(20, 22, Role.CLOSURE), step(22, 23, Role.CELL, "k"),
             step(23, 24, Role.CELL_CONTENTS)),
            "app.results.__closure__[k]",
            "closure variable k",
        ),
        (
            (step(20, 23, Role.LOCAL, "k"), step(23, 24, Role.CELL_CONTENTS)),
            "app.results.__closure__[k]",
            "closure variable k",
        ),
        (
            (step(20, 22, Role.DEFAULTS), step(22, 24, Role.TUPLE_ITEM)),
            "app.results.__defaults__[…]",
            "default argument",
        ),
        (
            (step(20, 25, Role.NAMESPACE), step(25, 26, Role.NAMESPACE),
             step(26, 24, Role.ATTRIBUTE, "kept")),
            "app.results.kept",
            "thread-local kept",
        ),
        (
            (step(20, 25, Role.CONTEXT_PART), step(25, 26, Role.CONTEXT_PART),
             step(26, 24, Role.CONTEXT_VARIABLE, "kept")),
            "app.results[kept]",
            "context variable kept",
        ),
    ],
)  # fmt: skip
def test_parts_of_a_thing_are_no_steps(steps: tuple[Step, ...], text: str, last: str) -> None:
    written, said = way(*steps)
    assert (written, said[-1]) == (text, last)


@pytest.mark.parametrize(
    ("steps", "text", "first"),
    [
        ((step(0, 5), step(5, 24, Role.LOCAL, "x")), "<work at a.py:9>.x", "frame work at a.py:9"),
        ((step(0, 4), step(4, 24)), "<thread>→", "thread thread"),
        ((step(0, 3), step(3, 24, Role.C_HELD)), "<C code>→", "held by C code"),
        ((step(0, 2), step(2, 24)), "<the interpreter>→", "held by the interpreter"),
        ((step(0, 1), step(1, 24)), "sys.modules", "module sys"),
        ((step(21, 24, Role.ATTRIBUTE, "x"),), "…<app.Result>.x", "… app.Result"),
    ],
)  # fmt: skip
def test_a_way_begins_at_its_root(steps: tuple[Step, ...], text: str, first: str) -> None:
    written, said = way(*steps)
    assert (written, said[0]) == (text, first)


@pytest.mark.parametrize(
    ("thing", "title", "text", "first"),
    [
        (Thing.CLASS, "app.Registry", "app.Registry.kept", "class app.Registry"),
        (Thing.MODULE, "other", "other.kept", "module other"),
        (Thing.THREAD_OBJECT, None, "<app.Worker>.kept", "thread app.Worker"),
    ],
)
def test_a_way_begins_at_the_last_root_before_what_is_held(
    thing: Thing, title: str | None, text: str, first: str
) -> None:
    holder = node(21, "app.Worker", title, thing)
    steps = step(20, 21, Role.DICT_VALUE), step(21, 24, Role.ATTRIBUTE, "kept")
    written, said = way(*steps, nodes=(*NODES[:1], holder, *NODES[2:]))
    assert (written, said[0]) == (text, first)


@pytest.mark.parametrize(
    ("thing", "title", "said"),
    [
        (Thing.TASK, "app.work", "list item (task app.work)"),
        (Thing.TASK, None, "list item (task)"),
        (Thing.TIMER_HANDLE, None, "list item (timer handle)"),
        (Thing.LOGGING_HANDLER, None, "list item (logging handler)"),
        (Thing.OBJECT, "'data'", "list item"),
    ],
)
def test_what_holds_for_a_reason_of_its_own_is_told(
    thing: Thing, title: str | None, said: str
) -> None:
    holder = node(21, "app.Worker", title, thing)
    steps = step(20, 21, Role.LIST_ITEM), step(21, 24, Role.ATTRIBUTE, "kept")
    nodes = (*NODES[:1], holder, *NODES[2:])
    assert way(*steps, nodes=nodes)[1][-2:] == (said, "attribute kept")
    assert way(steps[0], nodes=nodes)[1][-1] == said


def test_a_limit_is_told() -> None:
    recent = replace(node(21, "collections.deque", length=3), limit=500)
    steps = step(20, 21, Role.DICT_VALUE), step(21, 24, Role.DEQUE_ITEM)
    said = way(*steps, nodes=(*NODES[:1], recent, *NODES[2:]))[1]
    assert said[-2:] == ("dict value (at most 500)", "deque item")


def test_a_way_may_go_through_a_thread() -> None:
    worker = node(21, "app.Worker", None, Thing.THREAD_OBJECT)
    steps = step(20, 21, Role.LIST_ITEM), step(21, 24, Role.ATTRIBUTE, "kept")
    result = planted((*NODES[:1], worker, *NODES[2:]), [path(Why.TYPE, *MODULE_WAY, *steps)])
    found = way_down(result.paths[0], result.nodes, through_threads=True)
    assert found is not None
    assert (found.text, found.steps[2]) == (
        "app.results[…].kept",
        "list item (thread app.Worker)",
    )


def test_a_path_without_steps_is_no_way() -> None:
    result = planted(NODES, [])
    assert way_down(Path(24, Why.TYPE, ()), result.nodes) is None


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (node(1, "app.R"), ("object", "app.R", "", None)),
        (node(1, "list", length=1), ("object", "list", "1 item", None)),
        (node(1, "str", "'text'", length=None), ("object", "str", "'text'", None)),
        (node(1, "module", "app", Thing.MODULE), ("module", "module", "app", "module")),
        (node(1, "dict", "app"), ("module", "module", "app", "module")),
        (node(1, "app.Meta", "app.C", Thing.CLASS), ("type", "app.Meta", "app.C", "type")),
        (node(1, "function", "app.f", Thing.FUNCTION), ("function", "function", "app.f", None)),
        (node(1, "frame", "f at a:1", Thing.FRAME_OBJECT), ("frame", "frame", "f at a:1", None)),
        (node(1, "cell", None, Thing.PLUMBING), ("other", "cell", "", None)),
        (node(1, "app.T", None, Thing.THREAD_OBJECT), ("object", "app.T", "app.T", "thread")),
        (virtual(1), ("module", "module", "sys", "module")),
        (virtual(2), ("other", "the interpreter", "", "outside")),
        (virtual(3), ("other", "C code", "", "outside")),
        (virtual(4), ("other", "thread", "", "thread")),
        (virtual(5), ("frame", "frame", "work at a.py:9", "frame")),
    ],
)  # fmt: skip
def test_nodes_are_drawn_as_the_search_draws_them(
    shown: Node, expected: tuple[str, str, str, str | None]
) -> None:
    drawn = drawn_node(shown)
    assert (drawn.kind, drawn.type, drawn.label, drawn.root) == expected


def test_a_target_is_no_root() -> None:
    drawn = drawn_node(node(1, "module", "app", Thing.MODULE), target=True)
    assert (drawn.kind, drawn.root, drawn.type) == ("target", None, "module")
