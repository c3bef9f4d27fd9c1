"""Containers of two walks."""

from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.containers import container_growth
from leakprobe.model import Container, ContainerGrowth
from tests.making import containers


def test_a_container_that_grows_is_found_with_its_exact_growth() -> None:
    before = [
        Container(0x1000, "builtins.dict", 40),
        Container(0x2000, "builtins.list", 900),
        Container(0x3000, "builtins.set", 80, weak=True),
        Container(0x4000, "builtins.dict", 500),
        Container(0x5000, "builtins.dict", 50),
    ]
    after = [
        Container(0x1000, "builtins.dict", 160),
        Container(0x2000, "builtins.list", 900),
        Container(0x3000, "builtins.set", 90, weak=True),
        Container(0x4000, "builtins.dict", 450),
        Container(0x5000, "builtins.list", 90),
        Container(0x6000, "builtins.dict", 1_000_000),
    ]
    assert container_growth(before, after) == (
        ContainerGrowth(0x1000, "builtins.dict", 160, 120, weak=False),
        ContainerGrowth(0x3000, "builtins.set", 90, 10, weak=True),
        ContainerGrowth(0x4000, "builtins.dict", 450, -50, weak=False),
    )


def test_two_that_grew_alike_are_in_a_fixed_order() -> None:
    before = [Container(address, kind, 1) for address in (2, 1) for kind in ("b", "a")]
    after = [Container(each.address, each.type, 5) for each in before]
    order = [(row.type, row.address) for row in container_growth(before, after)]
    assert order == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]


walks = st.lists(containers, max_size=8, unique_by=lambda each: (each.address, each.type))


@given(walks, st.lists(st.integers(-5, 5), min_size=8, max_size=8), walks)
@settings(deadline=None)
def test_the_other_way_round_what_grew_shrinks(
    before: list[Container], more: list[int], new: list[Container]
) -> None:
    changed = [
        Container(c.address, c.type, c.length + n, c.weak)
        for c, n in zip(before, more, strict=False)
    ]
    known = {(c.address, c.type) for c in before}
    after = [*changed, *(c for c in new if (c.address, c.type) not in known)]
    there, back = container_growth(before, after), container_growth(after, before)
    truth = {(c.address, c.type): n for c, n in zip(before, more, strict=False) if n}
    assert {(row.address, row.type): row.length_diff for row in there} == truth
    assert {(row.address, row.type): -row.length_diff for row in back} == truth
    growth = [row.length_diff for row in there]
    assert growth == sorted(growth, reverse=True)
