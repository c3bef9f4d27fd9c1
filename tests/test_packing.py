import random
import sys
from array import array
from dataclasses import fields, is_dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.model import (
    Container,
    Frame,
    LiveStack,
    ResourceGroup,
    Snapshot,
    Stack,
    TypeCount,
)
from leakprobe.packing import Packed, Tables, lighter
from leakprobe.packing.table import Table
from tests.making import a_snapshot, a_stack, frames, live, snapshots


def actual_size(*roots: object) -> int:
    """Bytes of everything that hangs on the roots, each object counted once."""
    seen: dict[int, object] = {}
    waiting = list(roots)
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, type):
            continue
        seen[id(value)] = value
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple):
            waiting += value
        elif is_dataclass(value):
            waiting += [getattr(value, field.name) for field in fields(value)]
        elif hasattr(value, "__dict__"):
            waiting.append(vars(value))
    return sum(map(sys.getsizeof, seen.values()))


@given(snapshots)
@settings(deadline=None)
def test_a_snapshot_comes_out_as_it_went_in(snapshot: Snapshot) -> None:
    tables = Tables()
    assert tables.unpack(tables.pack(snapshot)) == snapshot


@given(st.lists(snapshots, max_size=6), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_what_goes_takes_nothing_from_what_stays_and_leaves_nothing(
    some: list[Snapshot], chance: random.Random
) -> None:
    tables = Tables()
    kept: list[tuple[Snapshot, Packed]] = []
    for snapshot in some:
        kept.append((snapshot, tables.pack(snapshot)))
        if chance.random() < 0.4:
            tables.release(kept.pop(chance.randrange(len(kept)))[1])
        if kept and chance.random() < 0.4:
            at = chance.randrange(len(kept))
            stripped = tables.without_lists(kept[at][1])
            assert not stripped.has_lists
            kept[at] = (
                replace(kept[at][0], stacks=None, types=None, containers=None, groups=None),
                stripped,
            )
        assert [tables.unpack(packed) for _, packed in kept] == [whole for whole, _ in kept]
        parts = [packed for _, packed in kept]
        claimed = tables.size_bytes + sum(packed.size_bytes for packed in parts)
        assert actual_size(tables, parts) <= claimed + 1024  # names of attributes
    for _, packed in kept:
        tables.release(packed)
    assert tables.size_bytes <= Tables().size_bytes + 200


@given(snapshots)
@settings(deadline=None)
def test_an_outline_says_what_there_is_without_it(snapshot: Snapshot) -> None:
    tables = Tables()
    outline = tables.outline(tables.pack(snapshot))
    assert outline == replace(
        snapshot,
        stacks=None if snapshot.stacks is None else (),
        types=None if snapshot.types is None else (),
        containers=None if snapshot.containers is None else (),
        groups=None if snapshot.groups is None else (),
    )


@given(snapshots)
@settings(deadline=None)
def test_what_has_lists_has_one_of_them(snapshot: Snapshot) -> None:
    lists = (snapshot.stacks, snapshot.types, snapshot.containers, snapshot.groups)
    assert Tables().pack(snapshot).has_lists is any(part is not None for part in lists)


def test_five_thousand_stacks_seen_again_cost_a_hundred_kilobytes() -> None:
    tables = Tables()
    sites = [("/srv/app.py", line, "f") for line in range(200)]
    chance = random.Random(1)
    stacks = {a_stack(*chance.sample(sites, 8)) for _ in range(5000)}
    first = a_snapshot(stacks=[live(stack, 10_000 + n) for n, stack in enumerate(stacks)])
    packed, shared = tables.pack(first), tables.size_bytes
    again = tables.pack(replace(first, id="s2"))
    assert tables.size_bytes == shared
    assert actual_size(again) < 105_000
    assert again.size_bytes < 105_000
    assert tables.unpack(again).stacks == tables.unpack(packed).stacks == first.stacks


def test_what_a_sampled_tracer_adds_is_kept() -> None:
    tables = Tables()
    stacks = (
        live(a_stack(("a", 1, "f")), 9, 3, error=4, route="GET /", born_by_s=0.0),
        live(a_stack(("b", 1, "f")), 9, 3, born_by_s=0.1 + 0.2),
        live(a_stack(("b", 1, "f")), 9, 3, error=2),
    )
    assert tables.unpack(tables.pack(a_snapshot(stacks=stacks))).stacks == stacks


def test_a_sampled_stack_costs_twenty_bytes_more_than_an_exact_one() -> None:
    tables, stack = Tables(), a_stack(("a", 1, "f"))
    exact = [live(stack, 1) for _ in range(1000)]
    sampled = [live(stack, 1, 1, 1, "GET /", 1.0)] * 1000
    sizes = [tables.pack(a_snapshot(stacks=some)).size_bytes for some in (exact, sampled)]
    assert sizes[1] - sizes[0] == pytest.approx(20_000, abs=500)


def test_a_container_costs_twenty_one_bytes() -> None:
    tables = Tables()
    held = [Container((1 << 64) - n, "builtins.dict", 32, weak=n % 2 == 0) for n in range(1, 1001)]
    none, some = (tables.pack(a_snapshot(containers=each)) for each in ((), held))
    assert tables.unpack(some).containers == tuple(held)
    assert some.size_bytes - none.size_bytes == pytest.approx(21_000, abs=500)


def test_a_group_costs_sixteen_bytes_and_eight_more_with_a_site() -> None:
    tables, site = Tables(), a_stack(("/srv/app.py", 7, "work")).frames[0]
    bare = [ResourceGroup("fds", "pipe", n) for n in range(1000)]
    sited = [ResourceGroup("threads", "app.work", n, site) for n in range(1000)]
    none, some, more = (tables.pack(a_snapshot(groups=each)) for each in ((), bare, sited))
    assert tables.unpack(some).groups == tuple(bare)
    assert tables.unpack(more).groups == tuple(sited)
    assert some.size_bytes - none.size_bytes == pytest.approx(16_000, abs=500)
    assert more.size_bytes - some.size_bytes == pytest.approx(8_000, abs=500)


def test_types_without_garbage_cost_no_more_for_it() -> None:
    tables = Tables()
    plain = [TypeCount("app.A", 5, 40, 40)] * 1000
    garbage = [TypeCount("app.A", 5, 40, 40, garbage_objects=2)] * 1000
    sizes = [tables.pack(a_snapshot(types=some)).size_bytes for some in (plain, garbage)]
    assert sizes[1] - sizes[0] == pytest.approx(8_000, abs=500)
    held = a_snapshot(types=[TypeCount("app.A", 5, 40, 40, 7, 2, 1, 16), *plain])
    assert tables.unpack(tables.pack(held)) == held


def test_a_site_goes_with_the_last_snapshot_that_names_it() -> None:
    tables = Tables()
    before = tables.size_bytes
    site = Frame("/srv/" + "x" * 10_000, 1, "f")
    groups = [ResourceGroup("tasks", "work", 1, site), ResourceGroup("fds", "pipe", 1)]
    first = tables.pack(a_snapshot(groups=groups, stacks=[live(Stack((site,)), 1)]))
    second = tables.pack(a_snapshot(groups=groups))
    tables.without_lists(first)
    assert tables.unpack(second).groups == tuple(groups)
    tables.release(second)
    assert tables.size_bytes <= before + 200


def test_a_route_goes_with_the_last_snapshot_that_names_it() -> None:
    tables = Tables()
    before = tables.size_bytes
    stacks = [live(Stack(()), 1, route="GET /" + "x" * 10_000), live(Stack(()), 1)]
    packed = tables.pack(a_snapshot(stacks=stacks))
    assert tables.size_bytes > before + 10_000
    tables.without_lists(packed)
    assert tables.size_bytes <= before + 200


def test_shared_frames_and_stacks_are_shared_again_when_unpacked() -> None:
    tables = Tables()
    frame = a_stack(("/srv/app.py", 1, "f")).frames[0]
    one = Stack((frame,))
    stacks = [live(one, 1), live(Stack((frame, frame)), 1), live(one, 1, route="GET /")]
    unpacked = tables.unpack(tables.pack(a_snapshot(stacks=stacks))).stacks
    assert unpacked is not None
    assert len({id(each.stack) for each in unpacked}) == 2
    assert len({id(one) for each in unpacked for one in each.stack.frames}) == 1


def test_a_table_counts_uses_and_finds_nothing_after_the_last() -> None:
    table: Table[str] = Table()
    at = table.use(table.position("a"))
    assert table.use(table.position("a")) == at
    assert (table[at], len(table)) == ("a", 1)
    assert table.release(at) is None
    assert table.release(at) == "a"
    assert len(table) == 0
    with pytest.raises(LookupError, match=f"nothing is at {at}"):
        table[at]


def test_a_table_reuses_and_gives_back_room() -> None:
    table: Table[str] = Table()
    empty = table.size_bytes
    at = [table.use(table.position(str(n))) for n in range(1000)]
    full = table.size_bytes
    for position in at[10:]:
        table.release(position)
    assert table.use(table.position("new")) in at[10:]
    table.trim()
    assert [table[position] for position in at[:10]] == [str(n) for n in range(10)]
    for position in [*at[:10], table.position("new")]:
        table.release(position)
    table.trim()
    assert table.size_bytes <= empty + 200 < full / 100


def test_the_lighter_half_goes() -> None:
    stacks = [live(a_stack(("/srv/app.py", line, "f")), line % 4) for line in range(5)]
    types = [TypeCount("app.A", 1, 5, 5), TypeCount("app.B", 1, 9, 9)]
    containers = [Container(n, "builtins.list", n, weak=False) for n in (40, 50, 60)]
    groups = [ResourceGroup("fds", name, n) for n, name in enumerate(("pipe", "eventfd"))]
    half = lighter(a_snapshot(stacks=stacks, types=types, containers=containers, groups=groups))
    assert half.stacks == (stacks[2], stacks[3])
    assert half.types == (types[1],)
    assert half.containers == (containers[2],)
    assert half.groups == (groups[1],)


@pytest.mark.parametrize("stacks", [None, (), (live(a_stack(("a", 1, "f")), 1),)])
def test_half_of_one_or_of_nothing_is_none(stacks: tuple[LiveStack, ...] | None) -> None:
    none = None if stacks is None else ()
    half = lighter(a_snapshot(stacks=stacks, types=none, containers=none, groups=none))
    assert (half.stacks, half.types, half.containers, half.groups) == (None, None, None, None)


@given(st.lists(st.builds(Stack, frames=st.lists(frames, max_size=3).map(tuple)), max_size=6))
@settings(deadline=None)
def test_packed_positions_are_small_numbers(stacks: list[Stack]) -> None:
    tables = Tables()
    packed = tables.pack(a_snapshot(stacks=[live(stack, 1) for stack in stacks]))
    assert packed.stacks is not None
    assert set(packed.stacks.positions) == set(range(len(set(stacks))))
    assert packed.stacks.positions == array("I", packed.stacks.positions)
