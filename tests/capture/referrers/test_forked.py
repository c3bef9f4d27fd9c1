"""The picture of a walk's answers: what is cut, what is said of it, and what is folded."""

import pytest

from leakprobe.capture.heap.layout import NodeState, Path, Role, Step, Thing, WalkResult, Why
from leakprobe.capture.native import heap_walk_missing
from tests.capture.referrers.planting import MODULE_WAY, node, path, planted, step
from tests.native import needs_heap_walk

if heap_walk_missing() is None:
    from leakprobe.capture.referrers.forked import draw_holders

pytestmark = needs_heap_walk

RESULTS = node(20, "dict", length=2)
FIRST, SECOND = node(30, "app.Leaked"), node(31, "app.Leaked")


def chain(length: int) -> WalkResult:
    """A target at the end of nested lists."""
    lists = [node(40 + i, "list", length=1) for i in range(length)]
    steps = [step(20, 40, Role.DICT_VALUE)]
    steps += [step(40 + i, 41 + i, Role.LIST_ITEM) for i in range(length - 1)]
    last = step(39 + length, 30, Role.LIST_ITEM)
    way = (*MODULE_WAY, *steps)
    return planted(
        (RESULTS, *lists, FIRST),
        [path(Why.TYPE, *way, last), path(Why.HOLDER, *way)],
        [last],
    )


def test_a_way_within_the_depth_is_whole() -> None:
    drawn, sampled, truncated = draw_holders(chain(3), "app.Leaked", 12)
    assert (sampled, truncated) == (1, None)
    assert [n.type for n in drawn.values() if n.root] == ["module"]
    assert len(drawn) == 6


def test_a_way_beyond_the_depth_is_cut_at_its_upper_end() -> None:
    drawn, _, truncated = draw_holders(chain(10), "app.Leaked", 5)
    assert truncated == "no root found within depth 5"
    assert [n.type for n in drawn.values()] == ["app.Leaked", *["list"] * 5]


def test_a_longer_way_beside_a_whole_one_is_cut_and_said() -> None:
    result = chain(10)
    direct = step(20, 30, Role.DICT_VALUE)
    result = planted(
        [*result.nodes.values()],
        [*result.paths, path(Why.HOLDER, *MODULE_WAY)],
        [*result.edges, direct],
    )
    drawn, _, truncated = draw_holders(result, "app.Leaked", 5)
    assert truncated == "ways longer than depth 5 were not followed"
    assert [n.type for n in drawn.values()] == ["app.Leaked", "dict", "module"]


@pytest.mark.parametrize(("holders", "said"), [(0, False), (1, False), (2, True)])
def test_holders_that_were_not_listed_are_said(holders: int, said: bool) -> None:
    last = step(20, 30, Role.DICT_VALUE, holders=holders)
    result = planted((RESULTS, FIRST), [path(Why.TYPE, *MODULE_WAY, last)], [last])
    _, _, truncated = draw_holders(result, "app.Leaked", 12)
    assert truncated == ("more holders than can be shown, from step 1 on" if said else None)


def test_more_ways_than_a_picture_can_show_are_left_out_whole() -> None:
    targets = [node(100 + i, "app.Leaked") for i in range(1000)]
    lists = [node(2000 + i, f"app.L{i}") for i in range(1000)]
    ways = [
        path(Why.TYPE, *MODULE_WAY, step(20, 2000 + i), step(2000 + i, 100 + i))
        for i in range(1000)
    ]
    result = planted((RESULTS, *targets, *lists), ways)
    drawn, sampled, truncated = draw_holders(result, "app.Leaked", 12)
    assert sampled == 1000
    assert truncated == "more holders than can be shown, from step 1 on"
    assert 100 < len(drawn) < 500
    assert all(n.incoming or n.root for n in drawn.values())


def test_only_objects_of_the_meant_type_are_targets() -> None:
    other = node(31, "other.app.Leaked")
    ways = [path(Why.TYPE, *MODULE_WAY, step(20, n)) for n in (30, 31)]
    drawn, sampled, _ = draw_holders(planted((RESULTS, FIRST, other), ways), "app.Leaked", 12)
    assert sampled == 1
    assert [n.type for n in drawn.values() if n.kind == "target"] == ["app.Leaked"]


def test_a_class_ends_a_way() -> None:
    registry = node(21, "type", "app.Registry", Thing.CLASS)
    namespace = node(22, "dict", length=4)
    last = step(22, 30, Role.CLASS_ATTRIBUTE, "kept")
    way = (*MODULE_WAY, step(20, 21, Role.DICT_VALUE), step(21, 22, Role.CLASS_NAMESPACE), last)
    result = planted((RESULTS, registry, namespace, FIRST), [path(Why.TYPE, *way)], [last])
    drawn, _, _ = draw_holders(result, "app.Leaked", 12)
    assert [(n.kind, n.label) for n in drawn.values()] == [("target", ""), ("type", "app.Registry")]


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (NodeState.GARBAGE, "garbage that waits for the collector"),
        (NodeState.MODULE, "nothing that the walk knows"),
    ],
)
def test_without_a_root_it_is_said_why(state: NodeState, message: str) -> None:
    target = node(30, "app.Leaked", state=state)
    itself: Step = step(30, 30, Role.ATTRIBUTE, "me")
    result = planted([target], [Path(30, Why.TYPE, ())], [itself])
    drawn, _, truncated = draw_holders(result, "app.Leaked", 12)
    assert message in str(truncated)
    assert {label.shown for label in drawn[30].incoming.values()} == {"me"}


def test_what_only_c_code_holds_hangs_on_it() -> None:
    last = step(3, 30, Role.C_HELD)
    result = planted([FIRST], [path(Why.TYPE, step(0, 3), last)], [last])
    drawn, _, truncated = draw_holders(result, "app.Leaked", 12)
    assert truncated is None
    assert [(n.type, n.root) for n in drawn.values()] == [
        ("app.Leaked", None),
        ("C code", "outside"),
    ]
