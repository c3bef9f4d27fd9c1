import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.render.plain import columns_of
from leakprobe.render.table import (
    Cell,
    Column,
    Estimate,
    Kind,
    Row,
    Source,
    cell_text,
    estimate_notes,
    fit_cell,
    link_of,
    stack_lines,
)
from tests.render.samples import STACK, hostile_text, numbers, whole_numbers

KINDS: tuple[Kind, ...] = (
    "text",
    "number",
    "growth",
    "bytes",
    "bytes_growth",
    "duration",
    "milliseconds",
    "share",
    "moment",
)


def test_a_kind_says_how_a_value_reads() -> None:
    values: dict[Kind, str] = {
        "text": "1,500",
        "number": "1,500",
        "growth": "+1,500",
        "bytes": "1.5 KiB",
        "bytes_growth": "+1.5 KiB",
        "duration": "25 min",
        "milliseconds": "1.5 s",
        "share": "150,000 %",
        "moment": "1970-01-01T00:25:00Z",
    }
    assert {kind: cell_text(Column("k", "t", kind), 1500) for kind in KINDS} == values
    assert all(cell_text(Column("k", "t", kind), None) == "-" for kind in KINDS)


def test_words_and_flags() -> None:
    column = Column("k", "t")
    assert cell_text(column, True) == "yes"
    assert cell_text(column, False) == "no"
    assert cell_text(column, "a\nb") == "a\\nb"
    assert cell_text(column, Source("app.py", 42, "asr")) == "app.py:42 asr"


@pytest.mark.parametrize(
    ("kind", "estimate", "text"),
    [
        ("bytes_growth", Estimate(3 << 20, 1 << 20), "≈ +3.0 ± 1.0 MiB"),
        ("bytes_growth", Estimate(2 << 20, 1 << 20), "≈ +2.0 ± 1.0 MiB"),
        ("bytes_growth", Estimate((2 << 20) - 1, 1 << 20), "? +2.0 ± 1.0 MiB"),
        ("bytes_growth", Estimate(-1 << 20, 1 << 20), "? -1.0 ± 1.0 MiB"),
        ("bytes", Estimate(1 << 20, 1 << 20), "≈ 1.0 ± 1.0 MiB"),
        ("bytes_growth", Estimate(1 << 20), "≈ +1.0 MiB"),
        ("growth", Estimate(1240), "≈ +1,240"),
        ("number", Estimate(1240), "≈ 1,240"),
        ("bytes_growth", Estimate(None), "-"),
        ("bytes_growth", Estimate(None, 5), "-"),
    ],
)
def test_estimates_carry_a_mark_and_what_may_be_chance_another(
    kind: Kind, estimate: Estimate, text: str
) -> None:
    assert cell_text(Column("k", "t", kind), estimate) == text


def test_the_marks_are_explained_where_they_are_used() -> None:
    exact, sampled = Row((5, "a")), Row((Estimate(5, 1), "a"))
    noise = Row((Estimate(1, 5), "a"), faint=True)
    assert estimate_notes([exact]) == ()
    assert estimate_notes([exact, sampled]) == ("≈ estimated from samples, ± one standard error",)
    assert estimate_notes([sampled, noise]) == (
        (
            "≈ estimated from samples, ± one standard error;"
            " ? less than two of them from zero: may be chance"
        ),
    )


def test_a_source_gives_up_folders_first_and_its_file_last() -> None:
    column, source = Column("k", "t"), Source("/a/b/c/tasks.py", 142, "Store.save.<locals>.inner")
    assert fit_cell(column, source, 60) == "b/c/tasks.py:142 Store.save.<locals>.inner"
    assert fit_cell(column, source, 40) == "c/tasks.py:142 Store.save.<locals>.inner"
    assert fit_cell(column, source, 38) == "tasks.py:142 Store.save.<locals>.inner"
    assert fit_cell(column, source, 28) == "tasks.py:142 <locals>.inner"
    assert fit_cell(column, source, 16) == "…ks.py:142 inner"
    assert fit_cell(column, Source("/a/b/c/tasks.py", 142), 13) == "tasks.py:142"
    assert fit_cell(column, Source("/a/b/c/tasks.py"), 5) == "…s.py"


def test_other_texts_keep_both_ends_and_numbers_their_first_digits() -> None:
    assert fit_cell(Column("k", "t"), "POST /items/{id}/parts", 12) == "POST /…parts"
    assert fit_cell(Column("k", "t", "number"), 123456789, 6) == "123,4…"


def test_links_quote_what_they_append() -> None:
    column = Column("type", "type", link="/referrers?type=")
    assert link_of(column, "a.B&c=<d>\ud800") == "/referrers?type=a.B%26c%3D%3Cd%3E%5Cud800"
    assert link_of(column, "") is None
    assert link_of(column, "x" * 501) is None
    assert link_of(column, 7) is None
    assert link_of(Column("k", "t"), "a.B") is None


def test_stacks_read_innermost_first() -> None:
    assert stack_lines(STACK) == (
        "app/subtitles/tasks.py:142 TaskStore.finish",
        "app/subtitles/main.py:88 asr",
        "starlette/routing.py:76",
    )


sources = st.builds(Source, hostile_text, st.none() | whole_numbers, st.none() | hostile_text)
estimates = st.builds(
    Estimate, st.none() | whole_numbers | numbers, st.none() | whole_numbers | numbers
)
cells = st.none() | st.booleans() | whole_numbers | numbers | hostile_text | sources | estimates


@given(st.sampled_from(KINDS), cells, st.integers(8, 100))
@settings(deadline=None)
def test_any_cell_fits_its_column(kind: Kind, cell: Cell, columns: int) -> None:
    text = fit_cell(Column("k", "t", kind), cell, columns)
    assert columns_of(text) <= columns
    assert text.isprintable()
