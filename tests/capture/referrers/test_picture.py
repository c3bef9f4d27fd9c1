"""Folding and merging on graphs of numbers."""

from leakprobe.capture.referrers.paths import shortest_paths
from leakprobe.capture.referrers.picture import Drawn, DrawnNode, edges, fold, settle
from leakprobe.capture.referrers.words import EdgeLabel, item, named

ITEM = item("list item", None)


def drawn_node(kind: str, type_: str, root: str | None = None, **held: EdgeLabel) -> DrawnNode:
    """A node, held by others through labels (`n3=label`)."""
    incoming = {int(holder.removeprefix("n")): label for holder, label in held.items()}
    return DrawnNode(kind, type_, f"the {root}" if root else "", root, 1, incoming)


def test_a_part_that_only_its_owner_holds_is_folded_into_it() -> None:
    held_by = {1: [2], 2: [3], 3: []}
    whole, ways = fold([1, 2, 3], held_by, lambda _, __, held: "part" if held == 2 else None)
    assert whole == [1, 3]
    assert ways == [([(1, None), (2, "part")], 3)]


def test_a_part_that_others_hold_too_stays_a_thing_of_its_own() -> None:
    held_by = {1: [2], 2: [3], 3: [], 4: [2]}
    whole, ways = fold(
        [1, 2, 3, 4], held_by, lambda holder, _, held: "part" if (holder, held) == (1, 2) else None
    )
    assert whole == [1, 2, 3, 4]
    assert ([(4, None)], 2) in ways
    assert ([(2, None)], 3) in ways


def test_parts_of_parts_know_their_role() -> None:
    roles: list[str | None] = []

    def part(_: int, role: str | None, held: int) -> str | None:
        roles.append(role)
        return {2: "closure", 3: "cell"}.get(held)

    whole, ways = fold([1, 2, 3, 4], {1: [2], 2: [3], 3: [4], 4: []}, part)
    assert whole == [1, 4]
    assert ways == [([(1, None), (2, "closure"), (3, "cell")], 4)]
    assert "closure" in roles


def test_parts_that_hold_each_other_come_to_an_end() -> None:
    whole, ways = fold([1, 2], {1: [2], 2: [1]}, lambda *_: "part")
    assert whole == []
    assert ways == []


def diamonds() -> Drawn:
    """A module that holds a list of two objects, each of which holds a target."""
    return {
        1: drawn_node("module", "module", "module"),
        2: drawn_node("object", "list", n1=named("global", "kept")),
        3: drawn_node("object", "app.Holder", n2=ITEM),
        4: drawn_node("object", "app.Holder", n2=ITEM),
        5: drawn_node("target", "app.Leaked", n3=named("attribute", "x")),
        6: drawn_node("target", "app.Leaked", n4=named("attribute", "x")),
        7: drawn_node("object", "app.Loose", n8=ITEM),
        8: drawn_node("object", "list"),
    }


def test_alike_nodes_become_one_and_what_is_below_no_root_goes() -> None:
    drawn, rooted = settle(diamonds())
    assert rooted
    assert {key: node.objects for key, node in drawn.items()} == {1: 1, 2: 1, 3: 2, 5: 2}
    assert [(e.holder, e.held, e.label.shown) for e in edges(drawn)] == [
        (1, 2, "kept"),
        (2, 3, "[…]"),
        (3, 5, "x"),
    ]
    (path,) = shortest_paths(drawn)
    assert (path.text, path.objects) == ("the module.kept[…].x", 2)


def test_without_a_root_everything_stays() -> None:
    drawn, rooted = settle({7: drawn_node("target", "a", n8=ITEM), 8: drawn_node("object", "b")})
    assert not rooted
    assert list(drawn) == [7, 8]


def test_nodes_of_other_labels_become_one_without_a_label() -> None:
    nodes = diamonds()
    nodes[3].label, nodes[4].label = "1 item", "2 items"
    drawn, _ = settle(nodes)
    assert drawn[3].label == ""
