"""Of holders that hold one another, the nearest to the content is told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.testing.plugin.holders import TO_A_FIXTURE, Candidate, nearest_holders


def held(place: int, new_bytes: float, *above: int) -> Candidate:
    return Candidate(place, frozenset(above), f"m.x{place}: dict", int(new_bytes), new_bytes)


def places(*candidates: Candidate) -> list[int]:
    return [one.place for one in nearest_holders(candidates)]


def test_what_a_candidate_says() -> None:
    assert str(held(1, 8_420_000)) == "m.x1: dict holds 8.42 MB"


def test_a_holder_of_one_thing_steps_back_behind_it() -> None:
    app, registry, cache = held(1, 100), held(2, 100, 1), held(3, 90, 1, 2)
    assert places(app, registry, cache) == [3]
    assert places(cache, registry, app) == [3]


def test_a_holder_of_many_things_stands_for_them() -> None:
    cache = held(1, 100)
    parts = [held(place, 20, 1) for place in range(2, 7)]
    assert places(cache, *parts) == [1]


def test_half_of_it_is_enough_to_be_nearer() -> None:
    assert places(held(1, 100), held(2, 50, 1)) == [2]
    assert places(held(1, 100), held(2, 49, 1)) == [1]


def test_two_large_things_are_told_both() -> None:
    assert places(held(1, 110), held(2, 50, 1), held(3, 60, 1)) == [3, 2]


def test_what_is_apart_is_told_by_size() -> None:
    assert places(held(1, 10), held(2, 30), held(3, 20)) == [2, 3, 1]


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("_pytest.x.__closure__[item].funcargs[…].parts", "fixture.parts"),
        ("frame run at a.py:3.session._fixturemanager._x[…][…].cached_result[…][…]", "fixture[…]"),
        ("test_x.funcargs", "test_x.funcargs"),
        ("test_x.cache[…]", "test_x.cache[…]"),
    ],
)
def test_a_fixture_is_called_one(way: str, said: str) -> None:
    assert TO_A_FIXTURE.sub("fixture", way) == said


chains = st.lists(st.floats(1, 1e9), min_size=1, max_size=12)


@given(chains)
@settings(deadline=None)
def test_of_a_chain_exactly_one_is_told(sizes: list[float]) -> None:
    falling = sorted(sizes, reverse=True)
    chain = [held(place, size, *range(place)) for place, size in enumerate(falling)]
    (told,) = nearest_holders(chain)
    below = falling[told.place + 1 :]
    assert all(size < told.new_bytes / 2 for size in below)
