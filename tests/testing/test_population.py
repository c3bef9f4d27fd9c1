"""Who was there before: exact for what can be referred to weakly, a bound for the rest.

The rest is played through with objects that die and are born at the addresses of the dead,
which happens all the time and cannot be forced: so the truth is kept beside it, and what is
asserted holds for every order of events.
"""

import gc
import weakref

from hypothesis import given
from hypothesis import strategies as st

from leakprobe.testing.population import Population


class Weak:
    """Instances can be referred to weakly."""


class Slotted:
    """Instances cannot."""

    __slots__ = ("number",)


# How many live before; which of them die; how many are born after.
EVENTS = st.tuples(st.integers(0, 40), st.sets(st.integers(0, 39)), st.integers(0, 40))


def _play(kind: type, events: tuple[int, set[int], int]) -> tuple[list[object], Population, int]:
    """All that lives in the end, the population of before, and how many of them survived."""
    before, dying, born = events
    old: list[object] = [kind() for _ in range(before)]
    population = Population(old)
    old = [o for place, o in enumerate(old) if place not in dying]
    return [*old, *(kind() for _ in range(born))], population, len(old)


@given(EVENTS)
def test_of_weakly_referable_objects_exactly_the_new_ones_are_new(
    events: tuple[int, set[int], int],
) -> None:
    living, population, survived = _play(Weak, events)
    assert list(map(id, population.not_among(living))) == list(map(id, living[survived:]))
    assert list(map(id, population.among(living))) == list(map(id, living[:survived]))


@given(EVENTS)
def test_of_others_none_that_is_old_is_new_and_growth_is_never_missed(
    events: tuple[int, set[int], int],
) -> None:
    living, population, survived = _play(Slotted, events)
    new = set(map(id, population.not_among(living)))
    assert new.isdisjoint(map(id, living[:survived]))
    assert max(0, len(living) - events[0]) <= len(new) <= events[2]


def test_nothing_is_kept_alive() -> None:
    thing = Weak()
    watch, population = weakref.ref(thing), Population([thing])
    del thing
    gc.collect()
    assert watch() is None
    assert population.among([Weak()]) == []


def test_an_empty_one_knows_nobody() -> None:
    objects: list[object] = [Weak(), b"bytes"]
    assert Population().not_among(objects) == objects
