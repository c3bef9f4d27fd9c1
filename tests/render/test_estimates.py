"""How pages show what a sampled tracer estimates, and that exact numbers look exact."""

from dataclasses import replace

import pytest

from leakprobe.model import (
    Container,
    DiffRow,
    LiveStack,
    RouteCount,
    Stack,
    TypeCount,
)
from leakprobe.model.live import UNTAGGED
from leakprobe.render.album import snapshot_page
from leakprobe.render.growth import diff_page
from leakprobe.render.live import routes_page
from leakprobe.render.overview import overview_page
from leakprobe.render.text import page_text
from tests.render.samples import (
    DIFF,
    OVERVIEW,
    ROUTES,
    ROWS,
    SNAPSHOTS,
    STACK,
    Everything,
    answers_of,
)

MIB = 1 << 20
LEAK = replace(ROWS[0], bytes_error=1_258_291)
CHURN = replace(ROWS[1], bytes_error=65_000)
LARGE = DiffRow(
    "/srv/app/cache.py", 7, "warm", None, None, None, 12 * MIB, 12 * MIB, 0, 1, 1, 2e5, 1e5
)
SAMPLED = replace(
    DIFF,
    rows=(LEAK, LARGE, CHURN),
    hidden_rows=0,
    total_bytes_diff=73_982_912,
    total_bytes_error=1_260_000,
)
GREW = RouteCount("POST /asr", 120, 1, 44.2, 0.31, 0.9, 1.2, 61 * MIB, 2 * MIB, 58 * MIB, MIB, 5e5)
ITEMS = RouteCount(
    "GET /items/{id}", 41233, 0, 9.0, 0.03, 0.09, 1.2, 6 * MIB, MIB, 200_000, 130_000, 4.8
)
QUIET = RouteCount("GET /health", 1200, 0, 1.2, 0.001, 0.002, 0.01, 0, 0, 0, 0, 0.0)
OTHERS = RouteCount(
    UNTAGGED, 0, 0, 0.0, None, None, None, 110 * MIB, 3 * MIB, -200_000, 400_000, None
)
NOTE = (
    "≈ estimated from samples, ± one standard error;"
    " ? less than two of them from zero: may be chance"
)


def lines(text: str) -> list[str]:
    return text.split("\n")


def test_exact_numbers_carry_no_mark() -> None:
    for name, answer in answers_of(Everything()).items():
        assert not {"≈", "±", "?"} & set(page_text(answer.page).split("Next")[0]), name


def test_a_sampled_diff() -> None:
    text = lines(page_text(diff_page(SAMPLED)))
    assert text[:8] == [
        (
            "≈ +70.6 ± 1.2 MiB and ≈ +103 objects from start (20:41:55Z) to n1 (20:42:57Z):"
            " 61 s, 120 requests."
        ),
        "",
        "            growth  per request  objects  route      allocated by",
        (
            " ≈ +58.6 ± 1.2 MiB   ≈ +500 KiB   ≈ +120  POST /asr"
            "  app/subtitles/tasks.py:142 TaskStore.finish"
        ),
        "         +12.0 MiB    +97.7 KiB       +1  -          /srv/app/cache.py:7 warm",
        "? -39.1 ± 63.5 KiB            -    ≈ -17  -          threading.py:871 Thread.__init__",
        " ≈ +70.6 ± 1.2 MiB            -   ≈ +103  -          all 3 rows",
        NOTE,
    ]


def test_without_routes_there_is_room_for_what_is_live() -> None:
    rows = tuple(replace(row, route=None) for row in SAMPLED.rows)
    text = page_text(diff_page(replace(SAMPLED, rows=rows)))
    assert lines(text)[2] == "            growth  per request  objects        live  allocated by"
    assert "≈ 67.7 MiB  app/subtitles/tasks.py:142 TaskStore.finish" in lines(text)[3]


def test_a_total_that_may_be_chance_is_marked_where_no_row_is() -> None:
    text = page_text(diff_page(replace(SAMPLED, rows=(LEAK,), total_bytes_error=40_000_000)))
    assert "? +70.6 ± 38.1 MiB" in text
    assert "may be chance" in text


def test_a_sampled_diff_by_route_explains_untagged() -> None:
    rows = (LEAK, replace(LARGE, route=UNTAGGED))
    text = page_text(diff_page(replace(SAMPLED, by="route", rows=rows)))
    assert "≈ 67.7 MiB  POST /asr" in text
    assert "untagged: allocated by no request, or not known by which" in text
    assert "untagged:" not in page_text(diff_page(replace(SAMPLED, by="route", rows=(LEAK,))))


def test_a_line_may_be_named_as_the_row_of_no_route() -> None:
    named = replace(SAMPLED, by="type", rows=(replace(LARGE, type=UNTAGGED, file=None),))
    assert "untagged:" not in page_text(diff_page(named))


def test_routes_with_their_memory() -> None:
    assert lines(page_text(routes_page((GREW, ITEMS, QUIET, OTHERS))))[:10] == [
        (
            "POST /asr grows most: ≈ +58.0 ± 1.0 MiB (≈ +488 KiB per request) since the baseline."
            " 3 routes,"
        ),
        "42,553 finished requests.",
        "",
        "           growth  per request              live  requests  95 % below  route",
        "≈ +58.0 ± 1.0 MiB   ≈ +488 KiB  ≈ 61.0 ± 2.0 MiB       120      900 ms  POST /asr",
        " ? +195 ± 127 KiB     ≈ +4.8 B   ≈ 6.0 ± 1.0 MiB    41,233       90 ms  GET /items/{id}",
        "              0 B          0 B               0 B     1,200      2.0 ms  GET /health",
        " ? -195 ± 391 KiB            -     ≈ 110 ± 3 MiB         0           -  untagged",
        NOTE,
        "untagged: allocated by no request, or not known by which",
    ]


@pytest.mark.parametrize(
    ("rows", "answer"),
    [
        ((ITEMS, OTHERS), "No route has grown since the baseline by more than chance explains."),
        ((QUIET, OTHERS), "No route has grown since the baseline by more than chance explains."),
        (
            (replace(OTHERS, bytes_diff=9 * MIB), GREW),
            "What no request allocated grows most: ≈ +9.0 ± 0.4 MiB since the baseline.",
        ),
    ],
)
def test_the_first_sentence_names_only_what_grew_for_certain(
    rows: tuple[RouteCount, ...], answer: str
) -> None:
    assert routes_page(rows).headline.startswith(f"{answer} 1 route, ")


def test_routes_without_a_baseline_say_so_and_show_what_is_live() -> None:
    rows = tuple(
        replace(row, bytes_diff=None, bytes_diff_error=None, bytes_per_request=None)
        for row in (GREW, OTHERS)
    )
    text = page_text(routes_page(rows))
    assert text.startswith("There is no baseline to compare the memory of routes with. 1 route,")
    assert lines(text)[2] == "            live  requests  95 % below  route"
    assert "may be chance" not in text


def test_routes_without_memory_look_as_they_did() -> None:
    assert lines(page_text(routes_page(ROUTES)))[2:4] == [
        "requests  errors  time in all  half below  95 % below  slowest  route",
        "     120       1         44 s      310 ms      900 ms    1.2 s  POST /asr",
    ]


def test_a_sampled_snapshot_adds_up_the_ages_of_a_stack_and_names_routes() -> None:
    leak = Stack(STACK)
    snapshot = replace(
        SNAPSHOTS[2],
        tracer="sampled",
        stacks=(
            LiveStack(leak, 30 * MIB, 60, 3 * MIB, "POST /asr", 10.0),
            LiveStack(leak, 31 * MIB, 61, 4 * MIB, "POST /asr", 20.0),
            LiveStack(leak, 3 * MIB, 600, 400_000, None, 20.0),
            LiveStack(Stack(()), 12 * MIB, 1, 0, None, 20.0),
        ),
        types=(TypeCount("app.TaskResult", 3, 100, 2000, 5000),),
        containers=(
            Container(1, "builtins.list", 40),
            Container(2, "builtins.set", 1200, weak=True),
        ),
    )
    text = page_text(snapshot_page(snapshot))
    assert snapshot_page(snapshot).headline.endswith("RSS 85.8 MiB, allocations sampled.")
    assert "traced   ≈ 28.6 MiB" in text
    unread = replace(snapshot, gauges=replace(snapshot.gauges, traced_bytes=None))
    assert "traced   - (" in page_text(snapshot_page(unread))
    table = lines(text.partition("Live memory by stack\n")[2])
    assert table[0] == "            live  objects  route      allocated by"
    assert table[1].startswith("≈ 61.0 ± 5.0 MiB    ≈ 121  POST /asr  app/subtitles/tasks.py:142")
    assert table[4] == "        12.0 MiB        1  -          -"
    assert table[5].startswith(" ≈ 3.0 ± 0.4 MiB    ≈ 600  -          app/subtitles/tasks.py:142")
    assert "≈ estimated from samples" in text
    assert "      3  2.0 KiB    100 B   4.9 KiB  app.TaskResult" in text
    containers = lines(text.partition("Longest containers\n")[2])
    assert containers[1:3] == ["  1,200  yes   builtins.set", "     40  no    builtins.list"]


def test_containers_that_the_limit_hides_are_counted() -> None:
    many = tuple(Container(n, "builtins.list", n) for n in range(60))
    text = page_text(snapshot_page(replace(SNAPSHOTS[2], containers=many)))
    assert "… 10 more rows: limit=50 cut the list" in text


def test_estimated_lines_of_an_overview() -> None:
    text = page_text(overview_page(replace(OVERVIEW, lines=(LEAK, CHURN))))
    assert " ≈ +58.6 ± 1.2 MiB" in text
    assert "? -39.1 ± 63.5 KiB" in text
    assert "± one standard error" in text
