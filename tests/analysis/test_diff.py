from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.diff import DIFF_BY, diff_snapshots
from leakprobe.errors import BadParameter, NotAvailable
from leakprobe.model import Handler, LiveStack, Snapshot, Stack, TypeCount
from tests.making import a_snapshot, a_stack, live, live_stacks, type_counts

APP, LIBRARY = "/srv/app/main.py", "/usr/lib/json.py"
KEEP = ("keep", a_stack((APP, 42, "keep"), (APP, 80, "asr")))[1]
PARSE_FOR_ASR = a_stack((LIBRARY, 9, "parse"), (APP, 81, "asr"))
PARSE_FOR_HOME = a_stack((LIBRARY, 9, "parse"), (APP, 90, "home"))
HANDLERS = (Handler("POST /asr", APP, 75, 85), Handler("GET /", APP, 88, 95))

START = a_snapshot(
    "s1",
    label="before",
    uptime_s=10,
    stacks=[live(KEEP, 1000, 2), live(PARSE_FOR_ASR, 500, 5, error=3)],
    types=[TypeCount("app.Result", 2, 100, 1000), TypeCount("str", 50, 5000, 0)],
    requests={"POST /asr": 10, "GET /": 100},
)
END = a_snapshot(
    "s2",
    uptime_s=30,
    stacks=[live(KEEP, 9000, 18), live(PARSE_FOR_ASR, 700, 7, error=4)],
    types=[TypeCount("app.Result", 18, 900, 9000), TypeCount("dict", 1, 64, 64)],
    requests={"POST /asr": 26, "GET /": 184},
)


def diff_of_stacks(before: list[LiveStack], after: list[LiveStack], by: str) -> list[int]:
    start, end = a_snapshot(stacks=before), a_snapshot(stacks=after)
    return [row.bytes_diff for row in diff_snapshots(start, end, by=by, limit=None).rows]


def test_a_line_says_all_that_is_known_of_its_growth() -> None:
    diff = diff_snapshots(START, END, by="line", handlers=HANDLERS)
    assert (diff.by, diff.start.id, diff.start.label, diff.end.id) == ("line", "s1", "before", "s2")
    assert (diff.seconds, diff.requests, diff.hidden_rows) == (20, 100, 0)
    assert (diff.total_bytes_diff, diff.total_objects_diff) == (8200, 18)
    row, second = diff.rows
    assert (row.file, row.line, row.function, row.type) == (APP, 42, "keep", None)
    assert row.stack == KEEP.frames
    assert (row.bytes, row.bytes_diff, row.bytes_error) == (9000, 8000, 0)
    assert (row.objects, row.objects_diff) == (18, 16)
    assert (row.route, row.bytes_per_second, row.bytes_per_request) == ("POST /asr", 400.0, 500.0)
    assert (second.file, second.line, second.bytes_error) == (LIBRARY, 9, 5)


@pytest.mark.parametrize(
    ("by", "site", "with_stack"),
    [
        ("line", (APP, 42, "keep"), True),
        ("function", (APP, None, "keep"), False),
        ("file", (APP, None, None), False),
        ("stack", (APP, 42, "keep"), True),
    ],
)
def test_a_row_names_what_it_is_about(
    by: str, site: tuple[str, int | None, str | None], with_stack: bool
) -> None:
    row = diff_snapshots(START, END, by=by).rows[0]
    assert (row.file, row.line, row.function) == site
    assert row.stack == (KEEP.frames if with_stack else None)
    assert row.route is None
    assert row.bytes_per_request == 80.0


def test_types_are_compared_by_shallow_size_and_what_vanished_shrinks() -> None:
    diff = diff_snapshots(START, END, by="type", handlers=HANDLERS)
    assert [(r.type, r.bytes_diff, r.objects_diff) for r in diff.rows] == [
        ("app.Result", 800, 16),
        ("dict", 64, 1),
        ("str", -5000, -50),
    ]
    assert {(r.file, r.line, r.function, r.stack, r.route) for r in diff.rows} == {(None,) * 5}
    assert (diff.rows[0].bytes, diff.rows[0].bytes_per_request) == (900, 8.0)


def test_lines_functions_files_and_stacks_add_up_what_they_share() -> None:
    before: list[LiveStack] = []
    after = [
        live(a_stack((APP, 1, "f"), (APP, 9, "g")), 10),
        live(a_stack((APP, 1, "f"), (APP, 8, "g")), 20),
        live(a_stack((APP, 2, "f")), 40),
        live(a_stack((APP, 3, None)), 80),
        live(a_stack((LIBRARY, 1, "f")), 160),
        live(Stack(()), 320),
    ]
    assert diff_of_stacks(before, after, "line") == [320, 160, 80, 40, 30]
    assert diff_of_stacks(before, after, "function") == [320, 160, 80, 70]
    assert diff_of_stacks(before, after, "file") == [320, 160, 150]
    assert diff_of_stacks(before, after, "stack") == [320, 160, 80, 40, 20, 10]


def test_a_line_carries_the_stack_that_grew_most() -> None:
    small, large = a_stack((APP, 1, "f"), (APP, 8, "g")), a_stack((APP, 1, "f"), (APP, 9, "g"))
    start = a_snapshot(stacks=[live(small, 10_000)])
    end = a_snapshot(stacks=[live(small, 10_001), live(large, 2)])
    assert diff_snapshots(start, end, by="line").rows[0].stack == large.frames


def test_an_allocation_without_a_stack_has_an_unknown_site() -> None:
    end = a_snapshot(stacks=[live(Stack(()), 5)])
    row = diff_snapshots(a_snapshot(stacks=[]), end, by="line", handlers=HANDLERS).rows[0]
    assert (row.file, row.line, row.stack, row.route) == ("<unknown>", 0, (), None)


def test_a_line_that_several_routes_share_is_per_request_of_any() -> None:
    start = a_snapshot(stacks=[], requests={"POST /asr": 0, "GET /": 0})
    end = a_snapshot(
        stacks=[live(PARSE_FOR_ASR, 500), live(PARSE_FOR_HOME, 500)],
        requests={"POST /asr": 10, "GET /": 40},
    )
    (row,) = diff_snapshots(start, end, by="line", handlers=HANDLERS).rows
    assert (row.route, row.bytes_per_request) == (None, 20.0)
    by_stack = diff_snapshots(start, end, by="stack", handlers=HANDLERS).rows
    assert {(r.route, r.bytes_per_request) for r in by_stack} == {
        ("POST /asr", 50.0),
        ("GET /", 12.5),
    }


@pytest.mark.parametrize(("of_other", "route"), [(10, "POST /asr"), (12, None)])
def test_a_route_needs_nine_tenths_of_the_change(of_other: int, route: str | None) -> None:
    end = a_snapshot(stacks=[live(PARSE_FOR_ASR, 90), live(PARSE_FOR_HOME, of_other)])
    (row,) = diff_snapshots(a_snapshot(stacks=[]), end, by="line", handlers=HANDLERS).rows
    assert row.route == route


def test_the_innermost_handler_on_the_stack_decides() -> None:
    nested = a_stack((LIBRARY, 1, "f"), (APP, 90, "home"), (APP, 80, "asr"))
    start, end = a_snapshot(stacks=[]), a_snapshot(stacks=[live(nested, 1)])
    assert diff_snapshots(start, end, by="line", handlers=HANDLERS).rows[0].route == "GET /"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, None),
        ({"POST /asr": 5}, {"POST /asr": 5, "GET /": 7}, None),
        ({"POST /asr": 5}, {"POST /asr": 2, "GET /": 9}, None),
        ({"POST /asr": 5}, {}, None),
        ({}, {"POST /asr": 4}, 2000.0),
    ],
)
def test_growth_per_request_is_unknown_without_requests_or_after_a_restart(
    before: dict[str, int], after: dict[str, int], expected: float | None
) -> None:
    start = a_snapshot(stacks=[], requests=before)
    end = a_snapshot(stacks=[live(KEEP, 8000)], requests=after)
    diff = diff_snapshots(start, end, by="line", handlers=HANDLERS)
    assert diff.rows[0].bytes_per_request == expected
    assert diff.requests >= 0


@pytest.mark.parametrize("uptime_s", [10.0, 9.0])
def test_growth_per_second_is_unknown_where_no_time_passed(uptime_s: float) -> None:
    end = a_snapshot(uptime_s=uptime_s, stacks=[live(KEEP, 8000)])
    diff = diff_snapshots(START, end, by="line")
    assert {row.bytes_per_second for row in diff.rows} == {None}


def test_include_and_exclude_apply_to_the_site_or_to_any_frame_of_a_stack() -> None:
    def files(by: str, include: tuple[str, ...], exclude: tuple[str, ...] = ()) -> list[str | None]:
        diff = diff_snapshots(START, END, by=by, include=include, exclude=exclude)
        assert diff.total_bytes_diff == sum(row.bytes_diff for row in diff.rows)
        return [row.file for row in diff.rows]

    for by in ("line", "function", "file"):
        assert files(by, ("*/app/*",)) == [APP]
        assert files(by, (), ("*/app/*",)) == [LIBRARY]
    assert files("stack", ("*/app/*",)) == [APP, LIBRARY]
    assert files("stack", (), ("*/app/*",)) == []
    assert files("stack", (), ("json.py",)) == [APP]


def test_include_and_exclude_apply_to_the_names_of_types() -> None:
    def types(include: tuple[str, ...], exclude: tuple[str, ...] = ()) -> list[str | None]:
        diff = diff_snapshots(START, END, by="type", include=include, exclude=exclude)
        return [row.type for row in diff.rows]

    assert types(("app.*",)) == ["app.Result"]
    assert types((), ("app.*", "str")) == ["dict"]


def test_a_limit_hides_rows_and_leaves_the_totals() -> None:
    whole = diff_snapshots(START, END, by="type", limit=None)
    one = diff_snapshots(START, END, by="type", limit=1)
    assert (one.rows, one.hidden_rows) == (whole.rows[:1], 2)
    assert one.total_bytes_diff == whole.total_bytes_diff == -4136


def test_equal_growth_is_in_a_fixed_order() -> None:
    grown = [live(a_stack((f"/srv/{n}.py", line, "f")), 8) for n in "bca" for line in (2, 1)]
    start = a_snapshot(stacks=[])
    rows = [
        diff_snapshots(start, a_snapshot(stacks=order), by="line").rows
        for order in (grown, grown[::-1])
    ]
    assert rows[0] == rows[1]
    assert [(r.file, r.line) for r in rows[0]][:3] == [
        ("/srv/a.py", 1),
        ("/srv/a.py", 2),
        ("/srv/b.py", 1),
    ]


@pytest.mark.parametrize("by", DIFF_BY)
def test_a_snapshot_without_what_is_compared_is_named(by: str) -> None:
    empty = a_snapshot("s7")
    with pytest.raises(NotAvailable, match="snapshot s7 has no"):
        diff_snapshots(START, empty, by=by)
    with pytest.raises(NotAvailable, match="snapshot s7 has no"):
        diff_snapshots(empty, END, by=by)


def test_without_a_tracer_the_refusal_says_so() -> None:
    with pytest.raises(NotAvailable, match="tracer=off"):
        diff_snapshots(START, a_snapshot(tracer="off"), by="line")


def test_only_what_there_is_can_be_grouped_by() -> None:
    with pytest.raises(BadParameter, match="parameter by='age': must be one of line, function"):
        diff_snapshots(START, END, by="age")


lists_of_stacks = st.lists(live_stacks, max_size=10)
lists_of_types = st.lists(type_counts, max_size=6, unique_by=lambda count: count.type)


@given(
    lists_of_stacks,
    lists_of_stacks,
    st.sampled_from(["line", "function", "file", "stack", "route"]),
)
@settings(deadline=None)
def test_rows_add_up_and_are_sorted(
    before: list[LiveStack], after: list[LiveStack], by: str
) -> None:
    start, end = a_snapshot(stacks=before), a_snapshot(stacks=after)
    diff = diff_snapshots(start, end, by=by, limit=None)
    assert diff.total_bytes_diff == sum(s.bytes for s in after) - sum(s.bytes for s in before)
    assert diff.total_objects_diff == sum(s.objects for s in after) - sum(s.objects for s in before)
    assert diff.total_bytes_diff == sum(row.bytes_diff for row in diff.rows)
    growth = [(row.bytes_diff, row.objects_diff) for row in diff.rows]
    assert growth == sorted(growth, reverse=True)
    assert (0, 0) not in growth
    subjects = Counter(
        (r.file, r.line, r.function, by == "stack" and r.stack, by == "route" and r.route)
        for r in diff.rows
    )
    assert set(subjects.values()) <= {1}


@given(lists_of_types, lists_of_types)
@settings(deadline=None)
def test_the_other_way_round_everything_that_grew_shrinks(
    before: list[TypeCount], after: list[TypeCount]
) -> None:
    def growth(start: Snapshot, end: Snapshot) -> dict[str | None, tuple[int, int]]:
        rows = diff_snapshots(start, end, by="type", limit=None).rows
        return {row.type: (row.bytes_diff, row.objects_diff) for row in rows}

    start, end = a_snapshot(types=before), a_snapshot(types=after)
    backwards = growth(end, start)
    assert growth(start, end) == {name: (-size, -n) for name, (size, n) in backwards.items()}
    assert growth(start, start) == {}
