from collections import OrderedDict, deque
from collections.abc import Callable

import pytest

from leakprobe.capture.heap.kinds import KindBook
from leakprobe.capture.heap.references import REFERENCES_AT_ONCE, pieces, references


class Sequence(list[object]):
    pass


MANY = 3 * REFERENCES_AT_ONCE + 7
MAKERS: list[Callable[[list[object]], object]] = [
    *(list, tuple, set, frozenset, deque, Sequence, dict.fromkeys, OrderedDict.fromkeys),
]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("count", [0, 1, REFERENCES_AT_ONCE, MANY])
def test_every_entry_is_reported_in_bounded_pieces(
    make: Callable[[list[object]], object], count: int
) -> None:
    values: list[object] = [str(i) for i in range(count)]
    o = make(values)
    found = list(references(KindBook().of(type(o)), [o]))
    assert {id(v) for v in values} <= {id(r) for piece in found for r in piece}
    assert all(len(piece) <= 2 * REFERENCES_AT_ONCE + 2 for piece in found)


def test_small_ones_are_taken_together_and_large_ones_alone() -> None:
    small: list[object] = [[1], [2], [3]]
    large: list[object] = [[0] * MANY]
    objects = [*small[:2], *large, small[2]]
    found = list(pieces(KindBook().of(list), objects))
    assert [(len(piece), alone) for piece, alone in found] == [(2, False), (1, True), (1, False)]


def test_pieces_of_middling_containers_are_bounded_together() -> None:
    objects: list[object] = [[0] * (REFERENCES_AT_ONCE // 2 - 1) for _ in range(5)]
    found = list(pieces(KindBook().of(list), objects))
    assert [len(piece) for piece, _ in found] == [2, 2, 1]


@pytest.mark.parametrize("make", [dict.fromkeys, set, deque])
def test_a_container_that_changes_is_read_on(make: Callable[[list[int]], object]) -> None:
    o = make(list(range(MANY)))
    seen: set[object] = set()
    for i, piece in enumerate(references(KindBook().of(type(o)), [o])):
        seen.update(piece)
        if type(o) is dict:
            o[f"new{i}"] = None
        elif type(o) is set:
            o.discard(i)
        elif type(o) is deque:
            o.append(i)
    assert len(seen & set(range(MANY))) > MANY - 100
