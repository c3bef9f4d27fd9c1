"""A few numbers after each window of calls."""

import pytest

from leakprobe.testing import light_watch
from leakprobe.testing.light_watch import LightWatch
from leakprobe.testing.readings import Reading


def reading(
    memory: int, *, threads: int = 1, fds: int | None = 5, by: str = "allocators"
) -> Reading:
    return Reading(memory, by, 0, threads, fds, None, 0)  # type: ignore[arg-type]  # what said so


def watched(monkeypatch: pytest.MonkeyPatch, readings: list[Reading]) -> LightWatch:
    coming = iter(readings)
    monkeypatch.setattr(light_watch, "take_reading", lambda: next(coming))
    watch = LightWatch(len(readings) - 1)
    for window in range(len(readings)):
        watch.observe(10 * window)
    return watch


def test_growth_per_call(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = [reading(5_000_000 + 2000 * n, threads=1 + n, fds=9 - n % 2) for n in range(13)]
    watch = watched(monkeypatch, readings)
    growth = watch.growth
    assert (growth.bytes, growth.threads, growth.children) == (200, 0.1, None)
    assert (growth.tasks, growth.measured_by, watch.exact) == (0, "allocators", True)
    assert growth.fds == pytest.approx(0, abs=0.02)
    assert watch.grows
    assert watch.memory.span == 90


def test_what_stays_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not watched(monkeypatch, [reading(5_000_000 + n % 3) for n in range(13)]).grows


def test_a_count_that_grows_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watched(monkeypatch, [reading(5_000_000, threads=n) for n in range(13)]).grows


def test_the_resident_set_proves_no_innocence(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watched(monkeypatch, [reading(5_000_000, by="resident set")] * 13)
    assert watch.grows
    assert not watch.exact


def test_watching_does_not_grow_by_itself() -> None:
    watch = LightWatch(60)
    for window in range(61):
        watch.observe(window)
    assert abs(watch.growth.bytes) < 8
