from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.capture.heap.addresses import AddressMap
from tests.hostile import alive_zoo


@given(st.lists(st.integers(0, 50)))
@settings(deadline=None)
def test_each_object_is_new_once_in_order(picks: list[int]) -> None:
    objects = [object() for _ in range(51)]
    seen = AddressMap()
    half = len(picks) // 2
    new = seen.add_new(objects[i] for i in picks[:half])
    new += seen.add_new(objects[i] for i in picks[half:])
    assert list(map(id, new)) == [id(objects[i]) for i in dict.fromkeys(picks)]
    assert all((o in seen) == (i in picks) for i, o in enumerate(objects))


def test_neighbours_are_told_apart() -> None:
    small = [object() for _ in range(10_000)]
    assert len(AddressMap().add_new(small)) == 10_000


def test_hostile_objects_are_left_alone() -> None:
    with alive_zoo() as animals:
        seen = AddressMap()
        assert len(seen.add_new(animals)) == len(animals)
        assert seen.add_new(animals) == []
