"""Leaked objects in words, with the native core and without."""

import pytest

from leakprobe.testing import leaked_objects
from leakprobe.testing.leaked_objects import LeakedObject, describe, leaked_text

HELD = LeakedObject("app.Task", 1200, 5000, "app.results[…]", ("module app", "global results"))
LOOSE = LeakedObject("bytes", 40, None, None, ())


class Order:
    pass


def test_one_reads_as_type_size_and_holder() -> None:
    assert str(HELD) == "app.Task, 1.2 kB, held by app.results[…]"
    assert str(LOOSE) == "bytes, 40 B"


def test_alike_ones_share_a_line_the_most_first() -> None:
    assert leaked_text([LOOSE, HELD, HELD, HELD], 1).splitlines() == [
        "4 objects leaked, 1 is allowed",
        "  3 of app.Task, 3.6 kB, held by app.results[…]",
        "  1 of bytes, 40 B",
    ]


def test_many_places_are_cut() -> None:
    many = [LeakedObject(f"app.T{n}", 1, None, None, ()) for n in range(25)]
    lines = leaked_text(many, 0).splitlines()
    assert len(lines) == 12
    assert lines[-1] == "  and 15 more places"


def test_nothing_is_described_without_a_walk() -> None:
    assert describe([]) == ()


def test_without_the_core_the_types_of_the_holders_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leaked_objects, "heap_walk_missing", lambda: "it is not built")
    orders: list[object] = [Order() for _ in range(30)]
    described = describe(tuple(orders[:25]))
    assert len(described) == 25
    assert [one.holder for one in described].count("a list") == 20
    assert described[-1].holder is None
