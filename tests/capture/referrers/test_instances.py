import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.capture.heap.kinds import KindBook
from leakprobe.capture.referrers.instances import Instances
from leakprobe.errors import UnknownName


class Thing:
    pass


@given(st.lists(st.integers(0, 300), max_size=20), st.integers(1, 70))
@settings(deadline=None)
def test_all_are_counted_and_some_are_chosen_evenly(sizes: list[int], limit: int) -> None:
    book = KindBook()
    instances = Instances("Thing", limit)
    everything: list[object] = []
    instances.watch(book.of(Thing), [])
    for size in sizes:
        objects: list[object] = [Thing() for _ in range(size)]
        instances.watch(book.of(Thing), objects)
        everything += objects
    name, count, chosen = instances.choose(book)
    places = [next(i for i, o in enumerate(everything) if o is c) for c in chosen]
    assert (name, count) == (f"{__name__}.Thing", len(everything))
    assert len(chosen) == min(limit, count)
    assert places == sorted(set(places))
    if count > limit > 1:
        assert places[0] < count / 2 < places[-1] + 1


def test_other_types_are_not_taken_note_of() -> None:
    book = KindBook()
    instances = Instances("Thin", 1)
    instances.watch(book.of(Thing), [Thing()])
    with pytest.raises(UnknownName, match="nearest: Thing"):
        instances.choose(book)
