import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.errors import BadParameter
from leakprobe.web.negotiation import MEDIA_TYPES, choose_format

LIST = ("text", "json", "html", "csv")
PICTURE = ("svg", "png", "dot", "json", "text")
CHROME = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,"
    "*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
)
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,image/png,image/svg+xml,*/*;q=0.8"
CHROME_IMG = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "text"),
        ("", "text"),
        ("*/*", "text"),  # curl, wget, httpx, requests, fetch()
        (CHROME, "html"),
        (FIREFOX, "html"),
        ("application/json", "json"),
        ("APPLICATION/JSON; charset=utf-8", "json"),
        ("application/json, text/plain, */*", "json"),  # axios
        ("text/csv", "csv"),
        ("text/plain", "text"),
        ("text/*", "text"),
        ("application/*", "json"),
        ("text/html;q=0.5, application/json;q=0.6", "json"),
        ("text/html;q=0.5, */*;q=0.8", "text"),
        ("*/*, text/html", "html"),
        ("text/csv;q=0.999, text/html;q=0.998", "csv"),
        ("text/html;q=0", "text"),
        ("text/plain;q=0, application/json;q=0.1", "json"),
        ("application/x-nobody-has-it", "text"),
        ("application/json;q=2", "text"),
        ("application/json;q=1e0", "text"),
        ("application/json;q=", "text"),
        ("garbage", "text"),
        ("application/json;q=0.5, application/json;q=0.1, text/html;q=0.3", "json"),
        ("application/json," * 500, "text"),
        ("x/y," * 100 + "application/json", "text"),
    ],
)
def test_list_by_accept_header(accept: str | None, expected: str) -> None:
    assert choose_format(None, accept, LIST) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "text"),
        ("image/png", "png"),
        ("image/svg+xml", "svg"),
        ("image/*", "svg"),
        (CHROME_IMG, "svg"),
        (FIREFOX, "png"),
        (CHROME, "text"),
        ("text/csv", "text"),
        ("text/vnd.graphviz", "dot"),
    ],
)
def test_picture_by_accept_header(accept: str | None, expected: str) -> None:
    assert choose_format(None, accept, PICTURE) == expected


def test_endpoint_without_text_gives_its_first_format() -> None:
    assert choose_format(None, "text/csv", ("html", "json")) == "html"
    assert choose_format(None, None, ("json",)) == "json"


def test_parameter_wins() -> None:
    assert choose_format("csv", CHROME, LIST) == "csv"


@pytest.mark.parametrize("value", ["png", "JSON", "", "json ", "xml"])
def test_unknown_parameter_is_refused_with_what_is_offered(value: str) -> None:
    with pytest.raises(BadParameter, match=r"format=.*must be one of text, json, html, csv"):
        choose_format(value, "application/json", LIST)


RANGES = st.sampled_from(["text/html", "application/json", "*/*", "text/*", "image/png", "a/b"])
WEIGHTED = st.tuples(RANGES, st.sampled_from(["", ";q=0", ";q=0.5", ";q=1", ";q=x", ";v=1"]))
HEADERS = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="*/;,=q01. texhmlapion", max_size=200),
    st.lists(WEIGHTED.map("".join), max_size=10).map(", ".join),
)
OFFERS = st.lists(st.sampled_from(sorted(MEDIA_TYPES)), min_size=1, unique=True)


@settings(deadline=None)
@given(HEADERS, OFFERS)
def test_any_header_gets_an_offered_format(accept: str, offered: list[str]) -> None:
    assert choose_format(None, accept, offered) in offered
