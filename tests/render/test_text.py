from dataclasses import replace

from hypothesis import given

from leakprobe.model import Frame
from leakprobe.render.answer import Answer
from leakprobe.render.growth import lines_table
from leakprobe.render.page import Chart, Fact, Facts, Hint, Lines, Page, Picture
from leakprobe.render.plain import columns_of
from leakprobe.render.table import Column, Row, Source, Table
from leakprobe.render.text import WIDTH, page_text, text_bytes
from tests.render.samples import ROWS, Everything, answers_of, hostile_answers, of_everything

COLUMNS = (Column("n", "live", "bytes"), Column("x", "x", in_text=False), Column("s", "line"))


@given(hostile_answers)
@of_everything
def test_no_line_is_too_long_or_more_than_text(answers: dict[str, Answer]) -> None:
    for answer in answers.values():
        for line in page_text(answer.page, base="/debug/memory").split("\n"):
            assert len(line) <= columns_of(line) <= WIDTH
            assert line.isprintable()


def test_the_answer_comes_first_and_the_way_on_last() -> None:
    text = page_text(answers_of(Everything())["diff by line"].page, base="/debug/memory")
    assert text == (
        "+58.6 MiB and +103 objects from start (20:41:55Z) to n1 (20:42:57Z):"
        " 61 s, 120 requests.\n"
        "\n"
        "   growth  per request  objects  route      allocated by\n"
        "+58.6 MiB     +500 KiB     +120  POST /asr"
        "  app/subtitles/tasks.py:142 TaskStore.finish\n"
        "-39.1 KiB            -      -17  -          threading.py:871 Thread.__init__\n"
        "+58.6 MiB            -     +103  -          all 215 rows\n"
        "… 213 more rows: limit=20 cut the list\n"
        "\n"
        "Next\n"
        "  GET /debug/memory/diff?by=function&from=s1&to=n1  the growth by function\n"
        "  GET /debug/memory/diff?by=file&from=s1&to=n1      the growth by file\n"
        "  GET /debug/memory/diff?by=stack&from=s1&to=n1"
        "     the growth by whole stack, callers included\n"
        "  GET /debug/memory/diff?by=type&from=s1&to=n1      the growth by type of object\n"
        "  GET /debug/memory/diff?by=route&from=s1&to=n1"
        "     the growth by route of the allocating requests\n"
    )


def test_of_a_line_in_a_library_text_shows_who_called_it() -> None:
    library = Frame("/usr/lib/python3.11/threading.py", 265, "Condition.__init__")
    ours = Frame("/srv/leakprobe/web/middleware.py", 9, None)
    deeper = Frame("/srv/venv/lib/python3.11/site-packages/anyio/to_thread.py", 5, None)
    app = Frame("/srv/app/main.py", 88, "asr")

    def shown(*stack: Frame) -> str:
        row = replace(ROWS[0], file=stack[0].file, line=stack[0].line, stack=stack)
        return page_text(Page("t", "Now.", (lines_table([row], by="line"),)))

    assert "\n      called from /srv/app/main.py:88 asr\n" in shown(library, deeper, ours, app, app)
    assert "called from" not in shown(library, deeper, ours)
    assert "called from" not in shown(app, library, app)


def test_detail_is_cut_and_says_so() -> None:
    rows = (Row((10, 1, Source("a.py", 1, "f")), ("b.py:2 g", "c.py:3 h", "d.py:4 i")),)
    table = Table("Stacks", COLUMNS, rows, notes=("a note",), detail_lines=2)
    assert page_text(Page("t", "Now.", (table,))) == (
        "Now.\n\nStacks\nlive  line\n10 B  a.py:1 f\n      b.py:2 g\n      c.py:3 h\n"
        "      … 1 more\na note\n"
    )


def test_a_table_without_rows_says_so() -> None:
    page = Page("t", "Now.", (Table("Stacks", COLUMNS, (), empty="nothing grew"),))
    assert page_text(page) == "Now.\n\nStacks\nnothing grew\n"


def test_numbers_that_cannot_be_narrowed_are_cut_at_the_edge() -> None:
    columns = tuple(Column(f"c{i}", f"column {i}", "bytes") for i in range(12))
    page = Page("t", "Now.", (Table("", columns, (Row((1,) * 12),)),))
    assert page_text(page).split("\n")[2].endswith("…")


def test_texts_that_cannot_be_narrowed_further_are_cut_at_the_edge() -> None:
    columns = tuple(Column(f"c{i}", f"column {i}") for i in range(12))
    page = Page("t", "Now.", (Table("", columns, (Row(("long text " * 3,) * 12),)),))
    assert page_text(page).split("\n")[2].endswith("…")


def test_facts_charts_and_lines() -> None:
    page = Page(
        "t",
        "Now.",
        (
            Facts("Process", (Fact("RSS", "1 MiB", "of 2 MiB"), Fact("Threads", "3"))),
            Facts("", ()),
            Chart("Over time", ((0, 1024), (1, 2048))),
            Chart("Nothing", ()),
            Lines("Tree", ("root", "  └─ leaf")),
            Picture("Picture", "/p.png", "alt"),
        ),
    )
    assert page_text(page) == (
        "Now.\n\nProcess\nRSS      1 MiB (of 2 MiB)\nThreads  3\n\n"
        "Over time\n▁█  1.0 KiB to 2.0 KiB\n\nNothing\n-\n\nTree\nroot\n  └─ leaf\n"
    )


def test_a_hint_too_long_for_its_line_takes_two() -> None:
    page = Page("t", "Now.", hints=(Hint("/x?" + "y" * 70, "what it is for, in words"),))
    assert page_text(page).split("\n")[3:5] == [
        "  GET /x?" + "y" * 70,
        "      what it is for, in words",
    ]


def test_bytes_are_utf_8() -> None:
    assert text_bytes(Page("t", "Grüße \ud800.")) == "Grüße \\ud800.\n".encode()
