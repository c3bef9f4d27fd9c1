"""How much a suspect grows per request: the sources of its size, from the best down."""

from typing import Any

import pytest

from leakprobe.analysis.suspects import find_suspects
from tests.analysis.suspect_evidence import (
    REQUESTS,
    candidate,
    container,
    held,
    looked,
    owner,
    path,
    type_holder,
)

WAY = path("module app", "global jobs")
VALUE = path("module app", "global jobs", "dict value")


def bytes_of(*candidates: object, **look: object) -> int | None:
    (found,) = find_suspects(candidates, looked(**look))  # type: ignore[arg-type]  # of the kinds
    return found.growth.bytes


def test_entries_of_a_container_that_is_mostly_new_are_its_mean() -> None:
    jobs = held(1, WAY, length=500, retained_bytes=500_000, entries={"app.Job": 9}, entry_bytes=900)
    assert bytes_of(container(1), containers=(jobs,)) == 400_000


def test_entries_of_an_old_container_are_its_newest() -> None:
    old = held(
        1, WAY, length=8000, retained_bytes=80_000_000, entries={"app.Job": 9}, entry_bytes=900
    )
    assert bytes_of(container(1), containers=(old,)) == 400 * (900 + 100)


def test_an_old_container_of_which_nothing_more_is_known_is_its_mean() -> None:
    old = held(1, WAY, length=8000, retained_bytes=800_000)
    assert bytes_of(container(1), containers=(old,)) == 400 * 100


def test_what_others_hold_too_is_counted_by_type() -> None:
    shared = held(1, WAY, retained_bytes=2_000, entries={"app.Job": 500})
    job = candidate("type", "app.Job", bytes=7_000_000)
    assert bytes_of(container(1), job, containers=(shared,)) == 7_000_000


def test_types_that_nothing_holds_are_counted_by_what_they_dominate() -> None:
    rows = (type_holder("app.Job", path("module app", "global last"), 100, each=5_000),)
    assert bytes_of(candidate("type", "app.Job"), types=rows) == 400 * 5_000


def test_garbage_is_counted_by_samples_where_those_know_more() -> None:
    cycle = candidate("garbage", "app.Node", bytes=100_000)
    line = candidate(
        "site", "app.py:40", None, bytes=8_000_000, site=owner("app.Node", None).site, samples=99
    )
    assert bytes_of(cycle, line, owners=(owner("app.Node", None),)) == 8_000_000


def test_a_span_of_its_own_is_scaled() -> None:
    jobs = held(1, WAY, length=500, retained_bytes=2_000)
    half = candidate("type", "app.Job", 200, bytes=1_000_000, requests=REQUESTS // 2)
    row = type_holder("app.Job", VALUE)
    assert bytes_of(container(1), half, containers=(jobs,), types=(row,)) == 2_000_000


def test_a_span_without_requests_is_scaled_by_time() -> None:
    jobs = held(1, WAY, length=500, retained_bytes=2_000)
    idle: dict[str, Any] = {"requests": 0, "rates": None}
    half = candidate("type", "app.Job", 200, bytes=1_000_000, seconds=10.0, **idle)
    row = type_holder("app.Job", VALUE)
    assert bytes_of(container(1, **idle), half, containers=(jobs,), types=(row,)) == 2_000_000


def test_what_is_not_known_is_not_guessed() -> None:
    (found,) = find_suspects([container(1)], None)
    assert found.growth.bytes is None
    assert found.growth.bytes_per_request is None
    assert found.growth.objects_per_request == pytest.approx(0.5)
