"""What tracemalloc has a record of is new, and old containers are as new as their content."""

import gc
import sys
import tracemalloc
from collections.abc import Iterator

import pytest

from leakprobe.testing.plugin.newness import new_shares

MODULE = sys.modules[__name__]
SIZE = 5000
planted: dict[str, object] = {}


@pytest.fixture(autouse=True)
def _planted() -> Iterator[None]:
    """Some old, some new; tracing ends with the test."""
    planted["old"] = [bytearray(SIZE) for _ in range(100)]
    planted["mixed"] = [bytearray(SIZE) for _ in range(75)]
    planted["items"] = {number: bytearray(SIZE) for number in range(100, 160)}
    planted["buffer"] = bytearray(SIZE)
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()
        planted.clear()


def way_to(name: str) -> tuple[int, ...]:
    return id(MODULE), id(vars(MODULE)), id(planted), id(planted[name])


def share_of(name: str) -> float:
    (share,) = new_shares([way_to(name)])
    return share


def test_what_was_there_is_old() -> None:
    assert [share_of(name) for name in ("old", "mixed", "items", "buffer")] == [0, 0, 0, 0]


def test_what_was_allocated_since_is_new() -> None:
    planted["buffer"] = bytearray(SIZE)
    assert share_of("buffer") == 1


def test_an_old_container_is_as_new_as_its_content() -> None:
    mixed = planted["mixed"]
    assert isinstance(mixed, list)
    mixed.extend(bytearray(SIZE) for _ in range(25))
    assert share_of("mixed") == pytest.approx(0.25, abs=0.02)


def test_of_a_dict_the_values_count() -> None:
    items = planted["items"]
    assert isinstance(items, dict)
    for number in range(100, 160, 2):
        items[number] = bytearray(SIZE)
    assert share_of("items") == pytest.approx(0.5, abs=0.02)


def test_content_of_content_counts() -> None:
    old = planted["old"]
    assert isinstance(old, list)
    inner: list[object] = []
    tracemalloc.stop()
    old[:] = [inner]
    tracemalloc.start()
    inner.extend(bytearray(SIZE) for _ in range(10))
    assert share_of("old") == 1


def test_a_large_container_is_sampled() -> None:
    planted["mixed"] = None
    tracemalloc.stop()
    large: list[object] = [bytearray(100) for _ in range(5000)]
    planted["mixed"] = large
    tracemalloc.start()
    large.extend(bytearray(100) for _ in range(5000))
    assert share_of("mixed") == pytest.approx(0.5, abs=0.02)


def test_what_is_gone_is_not_new() -> None:
    way = way_to("buffer")
    del planted["buffer"]
    assert new_shares([way]) == [0.0]
    assert new_shares([(1, 2, 3), ()]) == [0.0, 0.0]


def test_what_hangs_on_no_module_is_found_by_the_collector() -> None:
    holder: list[object] = []
    tracemalloc.stop()
    holder.append([])
    tracemalloc.start()
    inner = holder[0]
    assert isinstance(inner, list)
    inner.append(bytearray(SIZE))
    gc.unfreeze()
    assert new_shares([(1, id(holder), id(inner))]) == [1.0]


def test_hostile_content_is_not_asked() -> None:
    class Hostile:
        def __getattribute__(self, name: str) -> object:
            raise AssertionError(name)

        def __eq__(self, other: object) -> bool:
            raise AssertionError

        __hash__ = None  # type: ignore[assignment]  # it cannot be hashed either

    planted["old"] = [Hostile() for _ in range(3)]
    assert 0 <= share_of("old") <= 1
