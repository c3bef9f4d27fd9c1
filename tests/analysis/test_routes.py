"""Memory by route: of requests that carry tags, else of handlers that are on the stack."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.diff import diff_snapshots
from leakprobe.analysis.routes import route_rows
from leakprobe.model import Handler, LiveStack, RouteCount, Snapshot
from leakprobe.model.live import UNTAGGED
from tests.making import a_snapshot, a_stack, live, live_stacks, routes

APP, LIBRARY = "/srv/app/main.py", "/usr/lib/json.py"
PARSE = a_stack((LIBRARY, 9, "parse"), (APP, 81, "asr"))
KEEP = a_stack((APP, 42, "keep"))
HANDLERS = (Handler("POST /asr", APP, 75, 85), Handler("GET /", APP, 88, 95))

BASELINE = a_snapshot(
    "s1",
    uptime_s=60.0,
    tracer="sampled",
    requests={"POST /asr": 10, "GET /": 100},
    stacks=[
        live(PARSE, 1000, 10, 30, "POST /asr", 60.0),
        live(KEEP, 500_000, 50, 4000, None, 60.0),
        live(KEEP, 90, 1, 9, "GET /gone", 60.0),
    ],
)
NOW = a_snapshot(
    "s2",
    uptime_s=120.0,
    tracer="sampled",
    requests={"POST /asr": 30, "GET /": 500},
    stacks=[
        live(PARSE, 1000, 10, 30, "POST /asr", 60.0),
        live(PARSE, 8000, 80, 40, "POST /asr", 120.0),
        live(KEEP, 2000, 20, 50, "POST /asr", 120.0),
        live(KEEP, 500_000, 50, 4000, None, 60.0),
        live(PARSE, 300, 3, 12, "GET /feed", 120.0),
    ],
)
COUNTS = (
    RouteCount("GET /", 500, 0, 1.0, 0.1, 0.2, 0.3),
    RouteCount("POST /asr", 30, 1, 9.0, 0.1, 0.2, 0.3),
)


def memory(row: RouteCount) -> tuple[int | None, int | None, int | None, int | None, float | None]:
    return (
        row.live_bytes,
        row.live_bytes_error,
        row.bytes_diff,
        row.bytes_diff_error,
        row.bytes_per_request,
    )


def test_a_route_that_leaks_comes_first_and_innocent_ones_hold_what_they_hold() -> None:
    rows = {row.route: row for row in route_rows(COUNTS, BASELINE, NOW)}
    assert list(rows) == ["POST /asr", "GET /feed", UNTAGGED, "GET /", "GET /gone"]
    assert memory(rows["POST /asr"]) == (11_000, 71, 10_000, 64, 500.0)
    # A request that has not finished is in no count.
    assert memory(rows["GET /feed"]) == (300, 12, 300, 12, None)
    assert memory(rows[UNTAGGED]) == (500_000, 4000, 0, 0, None)
    assert memory(rows["GET /"]) == (0, 0, 0, 0, 0.0)
    assert memory(rows["GET /gone"]) == (0, 0, -90, 9, None)
    counted = replace(
        rows["POST /asr"],
        live_bytes=None,
        live_bytes_error=None,
        bytes_diff=None,
        bytes_diff_error=None,
        bytes_per_request=None,
    )
    assert counted == COUNTS[1]
    assert (rows[UNTAGGED].requests, rows[UNTAGGED].seconds, rows[UNTAGGED].p50_s) == (0, 0.0, None)


@pytest.mark.parametrize(
    "baseline",
    [None, a_snapshot("s0", tracer="sampled"), replace(BASELINE, tracer="tracemalloc")],
)
def test_without_a_baseline_only_the_present_is_known(baseline: Snapshot | None) -> None:
    rows = route_rows(COUNTS, baseline, NOW)
    assert [(row.route, row.live_bytes) for row in rows] == [
        (UNTAGGED, 500_000),
        ("POST /asr", 11_000),
        ("GET /feed", 300),
        ("GET /", 0),
    ]
    assert {memory(row)[2:] for row in rows} == {(None, None, None)}


@pytest.mark.parametrize(
    "now", [None, a_snapshot("n", tracer="sampled"), replace(NOW, tracer="tracemalloc")]
)
def test_where_routes_are_not_told_apart_the_counts_stay_as_they_are(now: Snapshot | None) -> None:
    assert route_rows(COUNTS, BASELINE, now) == COUNTS


def test_before_any_request_all_memory_is_untagged() -> None:
    (row,) = route_rows((), None, replace(NOW, stacks=(live(KEEP, 7, 1, 2, None, 120.0),)))
    assert (row.route, *memory(row)) == (UNTAGGED, 7, 2, None, None, None)


def test_growth_by_route_goes_by_the_tags() -> None:
    diff = diff_snapshots(BASELINE, NOW, by="route", handlers=HANDLERS)
    assert [(r.route, r.bytes_diff, r.bytes_error, r.bytes_per_request) for r in diff.rows] == [
        ("POST /asr", 10_000, 64, 500.0),
        ("GET /feed", 300, 12, None),
        ("GET /gone", -90, 9, None),
    ]
    assert {(r.file, r.line, r.function, r.stack, r.type) for r in diff.rows} == {(None,) * 5}
    assert (diff.total_bytes_diff, diff.total_bytes_error) == (10_210, 66)


def test_a_line_is_charged_to_the_tag_and_not_to_the_handler_on_its_stack() -> None:
    end = replace(NOW, stacks=(*(NOW.stacks or ()), live(PARSE, 10**6, 9, 0, "GET /", 120.0)))
    rows = diff_snapshots(BASELINE, end, by="line", handlers=HANDLERS).rows
    assert [(row.file, row.line, row.route) for row in rows] == [
        (LIBRARY, 9, "GET /"),
        (APP, 42, "POST /asr"),
    ]


def test_where_nothing_is_tagged_the_handler_on_the_stack_decides() -> None:
    start = a_snapshot(stacks=[])
    end = a_snapshot(stacks=[live(PARSE, 80), live(KEEP, 20)], requests={"POST /asr": 4})
    rows = diff_snapshots(start, end, by="route", handlers=HANDLERS).rows
    assert [(row.route, row.bytes_diff, row.bytes_per_request) for row in rows] == [
        ("POST /asr", 80, 20.0),
        (UNTAGGED, 20, None),
    ]


def test_a_line_carries_the_stack_that_grew_most_over_all_routes() -> None:
    few = a_stack((APP, 42, "keep"), (APP, 90, "home"))
    many = a_stack((APP, 42, "keep"), (APP, 80, "asr"))
    end = a_snapshot(
        stacks=[live(few, 50, route="GET /")]
        + [live(many, 30, route=route) for route in ("GET /", "POST /asr")]
    )
    (row,) = diff_snapshots(a_snapshot(stacks=[]), end, by="line").rows
    assert (row.stack, row.route) == (many.frames, None)


def test_include_and_exclude_apply_to_the_file_that_allocated() -> None:
    def routes_of(include: tuple[str, ...], exclude: tuple[str, ...] = ()) -> list[str | None]:
        diff = diff_snapshots(BASELINE, NOW, by="route", include=include, exclude=exclude)
        return [row.route for row in diff.rows]

    assert routes_of(("*/app/*",)) == ["POST /asr", "GET /gone"]
    assert routes_of((), ("*/app/*",)) == ["POST /asr", "GET /feed"]


lists_of_stacks = st.lists(live_stacks, max_size=10)
lists_of_counts = st.lists(routes, max_size=3, unique=True)


@given(lists_of_stacks, lists_of_stacks, lists_of_counts)
@settings(deadline=None)
def test_rows_add_up_to_the_heap_and_agree_with_the_diff(
    before: list[LiveStack], after: list[LiveStack], counted: list[str]
) -> None:
    baseline, now = (a_snapshot(stacks=rows, tracer="sampled") for rows in (before, after))
    counts = [RouteCount(route, 1, 0, 1.0, None, None, None) for route in counted]
    rows = {row.route: row for row in route_rows(counts, baseline, now)}
    assert {UNTAGGED, *counted} <= set(rows)
    assert sum(row.live_bytes or 0 for row in rows.values()) == sum(s.bytes for s in after)
    for row in diff_snapshots(baseline, now, by="route", limit=None).rows:
        found = rows[row.route or ""]
        assert (found.bytes_diff, found.bytes_diff_error) == (row.bytes_diff, row.bytes_error)
    growth = [row.bytes_diff or 0 for row in route_rows(counts, baseline, now)]
    assert growth == sorted(growth, reverse=True)
