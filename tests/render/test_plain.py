from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.render.plain import columns_of, fit, plain
from tests.render.samples import hostile_text


def test_what_is_more_than_text_becomes_an_escape() -> None:
    assert plain("a\x1b[2Jb\nc\ud800\u202e") == "a\\x1b[2Jb\\nc\\ud800\\u202e"
    assert plain("Grüße, 世界") == "Grüße, 世界"


def test_wide_characters_take_two_columns() -> None:
    assert columns_of("abc") == 3
    assert columns_of("世界é") == 5


def test_each_way_of_cutting_keeps_its_part() -> None:
    assert fit("abcdefgh", 8) == "abcdefgh"
    assert fit("abcdefgh", 5, "start") == "abcd…"
    assert fit("abcdefgh", 5, "end") == "…efgh"
    assert fit("abcdefgh", 6, "both") == "abc…gh"
    assert fit("世界世界", 4, "start") == "世…"
    assert fit("世界世界", 4, "end") == "…界"
    assert fit("abc", 0) == ""


@given(hostile_text, st.integers(0, 120), st.sampled_from(("start", "end", "both")))
@settings(deadline=None)
def test_a_fitted_text_fits_and_is_printable(text: str, columns: int, keep: str) -> None:
    fitted = fit(plain(text), columns, keep)  # type: ignore[arg-type]  # sampled from its values
    assert columns_of(fitted) <= columns
    assert fitted.isprintable()
