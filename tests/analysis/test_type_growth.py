import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.type_growth import TYPE_SORTS, check_sort, type_rows
from leakprobe.errors import BadParameter, NotAvailable
from leakprobe.model import TypeCount, TypeRow
from tests.making import a_snapshot, type_counts

BASELINE = a_snapshot(
    types=[TypeCount("app.Result", 2, 100, 1_000), TypeCount("gone.Type", 9, 9, 9)]
)
NOW = a_snapshot(
    types=[
        TypeCount("app.Result", 20, 1_000, 90_000),
        TypeCount("bytes", 30, 89_000, 0),
        TypeCount("app.Order", 40, 400, 500),
        TypeCount("app.Cart", 1, 300, 500),
    ]
)


def types(sort: str, match: str | None = None, *, baseline: bool = True) -> list[str]:
    rows, _ = type_rows(NOW, BASELINE if baseline else None, sort=sort, limit=None, match=match)
    return [row.type for row in rows]


def test_a_row_compares_with_the_baseline() -> None:
    rows, hidden = type_rows(NOW, BASELINE, sort="growth", limit=2, match=None)
    assert hidden == 2
    assert rows[0] == TypeRow(
        type="app.Result",
        objects=20,
        objects_diff=18,
        bytes=1_000,
        bytes_diff=900,
        owned_bytes=90_000,
        owned_bytes_diff=89_000,
        retained_bytes=None,
    )


def test_what_the_baseline_did_not_have_grew_from_nothing() -> None:
    rows, _ = type_rows(NOW, BASELINE, sort="count", limit=1, match=None)
    assert (rows[0].objects_diff, rows[0].bytes_diff, rows[0].owned_bytes_diff) == (40, 400, 500)


def test_each_sort_puts_its_largest_first() -> None:
    assert types("growth") == ["app.Result", "app.Order", "app.Cart", "bytes"]
    assert types("count") == ["app.Order", "bytes", "app.Result", "app.Cart"]
    assert types("bytes") == ["bytes", "app.Result", "app.Order", "app.Cart"]


@pytest.mark.parametrize("baseline", [None, a_snapshot(types=None)])
def test_without_a_baseline_the_differences_are_unknown(baseline: None) -> None:
    rows, _ = type_rows(NOW, baseline, sort="growth", limit=None, match=None)
    assert [row.type for row in rows] == ["app.Result", "app.Order", "app.Cart", "bytes"]
    assert {(r.objects_diff, r.bytes_diff, r.owned_bytes_diff) for r in rows} == {(None,) * 3}


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("", 4),
        ("app.", 3),
        ("RESULT", 1),
        ("app.*", 3),
        ("*.O*", 1),
        ("app.?art", 1),
        ("Result*", 0),
        ("nothing", 0),
    ],
)
def test_a_match_is_part_of_the_name_or_a_glob_for_all_of_it(match: str, expected: int) -> None:
    assert len(types("count", match)) == expected


def test_retained_sizes_that_are_not_known_are_refused_and_not_guessed() -> None:
    with pytest.raises(NotAvailable, match="native heap walk: snapshot s1 was taken without it"):
        types("retained")


def test_retained_sizes_are_shown_and_sorted_by_where_they_are_known() -> None:
    now = a_snapshot(
        types=[
            TypeCount("app.Order", 40, 400, 500, 600),
            TypeCount("app.Result", 20, 1_000, 90_000, 95_000),
            TypeCount("app.Cart", 1, 300, 700, 600),
        ]
    )
    rows, _ = type_rows(now, BASELINE, sort="retained", limit=None, match=None)
    assert [(row.type, row.retained_bytes) for row in rows] == [
        ("app.Result", 95_000),
        ("app.Cart", 600),
        ("app.Order", 600),
    ]


def test_a_sort_is_checked_before_the_walk() -> None:
    check_sort("retained")
    with pytest.raises(NotAvailable, match="native heap walk: it is not built; sort=growth"):
        check_sort("retained", "it is not built")
    check_sort("growth", "it is not built")


def test_only_known_sorts_are_sorted_by() -> None:
    with pytest.raises(BadParameter, match="parameter sort='age': must be one of growth, count"):
        types("age")
    assert TYPE_SORTS == ("growth", "count", "bytes", "retained")


def test_a_snapshot_without_a_heap_walk_is_refused() -> None:
    with pytest.raises(NotAvailable, match="snapshot s1 has no types"):
        type_rows(a_snapshot(), BASELINE, sort="growth", limit=1, match=None)


@given(
    st.lists(type_counts, max_size=8, unique_by=lambda count: count.type),
    st.lists(type_counts, max_size=8, unique_by=lambda count: count.type),
    st.integers(0, 9),
)
@settings(deadline=None)
def test_growth_is_sorted_and_nothing_is_lost(
    before: list[TypeCount], now: list[TypeCount], limit: int
) -> None:
    baseline, latest = a_snapshot(types=before), a_snapshot(types=now)
    rows, hidden = type_rows(latest, baseline, sort="growth", limit=limit, match=None)
    every, _ = type_rows(latest, baseline, sort="growth", limit=None, match=None)
    assert {row.type for row in every} == {count.type for count in now}
    assert (rows, hidden) == (every[:limit], len(every[limit:]))
    growth = [(row.owned_bytes_diff or 0, row.objects_diff or 0) for row in every]
    assert growth == sorted(growth, reverse=True)
