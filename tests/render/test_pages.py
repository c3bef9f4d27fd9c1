"""What the pages of each topic say, where that depends on what they are about."""

from dataclasses import replace

from leakprobe.errors import CaptureBusy
from leakprobe.model import DiffRow, Moment
from leakprobe.render.album import history_page, snapshots_page
from leakprobe.render.growth import diff_page, hidden_note, types_page
from leakprobe.render.live import routes_page, tasks_page, threads_page
from leakprobe.render.overview import overview_page
from leakprobe.render.page import Chart, Facts, Picture
from leakprobe.render.referrers import referrers_page
from leakprobe.render.results import freed_page, refusal_page
from leakprobe.render.table import Source, Table
from leakprobe.render.text import page_text
from leakprobe.render.verdict import verdict_sentence
from tests.render.samples import (
    DIFF,
    FREED,
    GRAPH,
    NOW,
    OVERVIEW,
    ROUTES,
    ROWS,
    SNAPSHOTS,
    STACK,
    TASKS,
    THREADS,
    TYPES,
)


def table_of(sections: tuple[object, ...]) -> Table:
    return next(section for section in sections if isinstance(section, Table))


def subjects(by: str, row: DiffRow) -> object:
    return table_of(diff_page(replace(DIFF, by=by, rows=(row,))).sections).rows[0].cells[-1]


def test_a_diff_row_is_about_what_was_asked() -> None:
    row = ROWS[0]
    assert subjects("line", row) == Source("/srv/app/subtitles/tasks.py", 142, "TaskStore.finish")
    assert subjects("route", row) == "POST /asr"
    assert subjects("type", replace(row, type="app.T")) == "app.T"
    assert subjects("stack", replace(row, file=None)) == Source(
        STACK[0].file, STACK[0].line, STACK[0].function
    )
    assert subjects("line", replace(row, file=None, stack=None)) is None


def test_a_diff_by_type_leads_to_the_holders() -> None:
    page = diff_page(replace(DIFF, by="type", rows=(replace(ROWS[0], type="app.T"),)))
    assert page.hints[0].path == "/referrers?type=…"


def test_a_diff_over_midnight_names_the_days() -> None:
    yesterday = Moment("s0", None, NOW - 86400, 0.0)
    headline = diff_page(replace(DIFF, start=yesterday)).headline
    assert "from s0 (2026-11-19T20:42:57Z) to n1 (2026-11-20T20:42:57Z)" in headline


def test_an_empty_diff_says_that_nothing_grew() -> None:
    text = page_text(diff_page(replace(DIFF, rows=(), hidden_rows=0)))
    assert "nothing grew, and nothing was freed" in text


def test_hidden_rows_are_counted() -> None:
    assert hidden_note(0, 20) == ()
    assert hidden_note(1, 20) == ("… 1 more row: limit=20 cut the list",)


def test_types_say_since_when_and_how_many() -> None:
    start = Moment("s1", "start", NOW, 0.0)
    assert types_page(TYPES, since=start).headline == (
        "2 types of live objects, all by growth. Growth is since start."
    )
    assert types_page(TYPES, sort="bytes", total_rows=900).headline == (
        "900 types of live objects, the first 2 by bytes. There is no baseline yet."
    )


def test_columns_nobody_knows_are_left_out() -> None:
    first = replace(TYPES[0], objects_diff=None, bytes_diff=None, owned_bytes_diff=None)
    keys = [column.key for column in table_of(types_page((first,)).sections).columns]
    assert keys == ["objects", "owned_bytes", "bytes", "type"]


def test_threads_and_tasks_grouped_and_not() -> None:
    assert threads_page(THREADS).headline == (
        "42 threads in 2 groups of equal stacks, 41 of them daemon."
    )
    assert threads_page(THREADS, group=False).hints[0].path == "/threads?group=true"
    assert tasks_page(TASKS).headline == "312 asyncio tasks of 1 coroutine."
    assert tasks_page(TASKS, group=False).headline == "312 asyncio tasks."
    assert "no asyncio tasks" in page_text(tasks_page(()))


def test_routes_say_how_many_are_shown() -> None:
    assert routes_page(ROUTES).headline == "1 route, 120 finished requests."
    assert routes_page(ROUTES, total_rows=3).headline == (
        "3 routes, 120 finished requests on the 1 shown."
    )


def test_snapshots_hidden_by_the_limit() -> None:
    assert "… 57 more rows: limit=3" in page_text(snapshots_page(SNAPSHOTS, total_rows=60))


def test_a_history_of_nothing() -> None:
    page = history_page(())
    assert page.headline == "0 moments over 0 s."
    assert [type(section) for section in page.sections] == [Table]


def test_the_first_minute_of_an_overview() -> None:
    young = replace(
        OVERVIEW,
        growth_bytes_per_hour=None,
        gauges=replace(OVERVIEW.gauges, memory_limit_bytes=None),
        agent=replace(OVERVIEW.agent, postponed="types: GET /types", last_error="OSError: full"),
    )
    page = overview_page(young, SNAPSHOTS[:1])
    assert page.headline == (
        f"{verdict_sentence(OVERVIEW.verdict)} "
        "Process 4242, up 61 s, 1,242 requests: RSS 85.8 MiB, too early to say how fast it grows."
    )
    assert not any(isinstance(section, Chart) for section in page.sections)
    text = page_text(page)
    assert "types: GET /types" in text
    assert "OSError: full" in text


def test_an_overview_with_a_past_draws_it() -> None:
    page = overview_page(OVERVIEW, SNAPSHOTS)
    assert any(isinstance(section, Chart) for section in page.sections)
    cards = next(section for section in page.sections if isinstance(section, Facts))
    assert [fact.label for fact in cards.facts if fact.grows] == ["Growth per hour"]


def test_referrers_with_and_without_a_picture() -> None:
    with_picture = referrers_page(GRAPH, query="depth=8")
    pictures = [section for section in with_picture.sections if isinstance(section, Picture)]
    assert [p.path for p in pictures] == ["/referrers?type=app.TaskResult&depth=8&format=svg"]
    assert referrers_page(GRAPH, picture="").sections == ()


def test_what_was_freed() -> None:
    assert freed_page(FREED).headline == "1,240 objects freed, RSS -128 MiB, in 120 ms."
    trimmed = freed_page(replace(FREED, action="trim", objects=None, uncollectable=None))
    assert trimmed.title == "Trim"
    assert trimmed.headline.startswith("RSS -128 MiB, in 120 ms. So much was free")
    in_vain = replace(FREED, action="trim", objects=None, rss_after_bytes=FREED.rss_before_bytes)
    assert "the rest is in use" in freed_page(in_vain).headline


def test_a_refusal_says_when_to_come_back() -> None:
    page = refusal_page(CaptureBusy("another capture runs.", retry_after_s=3))
    assert page.headline == "Refused with 409: another capture runs. Try again in 3 s."
