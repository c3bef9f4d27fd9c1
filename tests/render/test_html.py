from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from leakprobe.render.answer import Answer
from leakprobe.render.growth import diff_page
from leakprobe.render.html import page_html, sign_in_html
from leakprobe.render.page import Action, Chart, Hint, Page
from tests.render.samples import (
    DIFF,
    HOSTILE,
    ROWS,
    THREADS,
    Everything,
    answers_of,
    hostile_answers,
    hostile_text,
    of_everything,
)

BASE = "/api/debug/memory"
VOID = {"meta", "img", "input"}
ALLOWED = {
    "html": {"lang"},
    "meta": {"charset", "name", "content", "http-equiv"},
    "style": {"nonce"},
    "a": {"href", "class", "aria-current"},
    "nav": {"aria-label"},
    "p": {"class", "role"},
    "div": {"class", "tabindex", "role", "aria-label"},
    "form": {"method", "action", "class"},
    "input": {"type", "name", "value", "id", "autocomplete", "required", "autofocus"},
    "label": {"for"},
    "dl": {"class"},
    "dd": {"class"},
    "table": {"role"},
    "thead": {"role"},
    "tbody": {"role"},
    "tfoot": {"role"},
    "tr": {"role", "class"},
    "th": {"role", "scope", "class", "title"},
    "td": {"role", "class", "data-label", "title"},
    "span": {"class"},
    "figure": {"class"},
    "svg": {"viewbox", "preserveaspectratio", "role", "aria-label"},
    "polygon": {"points"},
    "polyline": {"points"},
    "pre": {"class", "tabindex"},
    "img": {"src", "alt"},
}
BARE = {
    *("head", "title", "body", "header", "main", "footer", "h1", "h2", "section", "dt", "details"),
    *("summary", "ol", "li", "button", "code", "figcaption", "time"),
}


class Reader(HTMLParser):
    """Reads a page strictly: balanced, and nothing in it that we did not write."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in BARE | set(ALLOWED)
        assert {name for name, _ in attrs} <= ALLOWED.get(tag, set()), tag
        self.seen.append((tag, dict(attrs)))
        for name in ("href", "src", "action"):
            assert (dict(attrs).get(name) or BASE).startswith(BASE)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        pytest.fail(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.seen if name == tag]


def read(page: Page, here: str = "") -> Reader:
    return Reader(page_html(page, base=BASE, nonce="abc", here=here))


ANSWERS = answers_of(Everything())


@given(hostile_answers)
@of_everything
def test_nothing_in_any_page_comes_from_data_but_text(answers: dict[str, Answer]) -> None:
    for answer in answers.values():
        read(answer.page)


@given(hostile_text)
@settings(deadline=None)
def test_the_sign_in_page_carries_where_to_go(next_path: str) -> None:
    page = Reader(sign_in_html(base=BASE, nonce="abc", next_path=next_path, failed=True))
    fields = {attrs["name"]: attrs for attrs in page.all("input")}
    assert set(fields) == {"next", "token"}
    assert page.all("form")[0]["action"] == f"{BASE}/session"
    assert "That was not the token." in page.text


def test_the_first_sign_in_blames_nobody() -> None:
    page = Reader(sign_in_html(base=BASE, nonce="abc", next_path="/x?a=1&b=2"))
    assert "not the token" not in page.text
    assert page.all("input")[0]["value"] == "/x?a=1&b=2"
    assert page.all("label") == [{"for": "token"}]
    assert page.all("nav") == []


@pytest.mark.parametrize("name", [text for text in HOSTILE if "<" in text])
def test_markup_in_a_name_is_read_as_text(name: str) -> None:
    threads = tuple(
        type(row)(name, row.ident, row.native_id, row.daemon, row.age_s, row.cpu_s, 1, row.stack)
        for row in THREADS
    )
    page = read(answers_of(Everything(threads=threads))["threads"].page)
    assert page.text.count(name) == 2


def test_the_dashboard() -> None:
    page = read(ANSWERS["overview"].page, here="/")
    assert [(form["method"], form["action"]) for form in page.all("form")] == [
        ("post", f"{BASE}/snapshots"),
        ("post", f"{BASE}/baseline"),
        ("post", f"{BASE}/gc"),
        ("post", f"{BASE}/trim"),
    ]
    assert {"http-equiv": "refresh", "content": "10"} in page.all("meta")
    assert page.all("polyline")
    assert page.all("style") == [{"nonce": "abc"}]
    assert page.all("script") == []
    assert [a["href"] for a in page.all("a") if "aria-current" in a] == [f"{BASE}/"]
    links = [a["href"] for a in page.all("a")]
    assert f"{BASE}/?format=json" in links
    assert f"{BASE}/referrers?type=app.subtitles.tasks.TaskResult" in links
    assert "/referrers?type=…" in page.text
    assert f"{BASE}/referrers?type=…" not in links


def test_growth_stands_out_and_numbers_stand_right() -> None:
    looks = [cell["class"] for cell in read(ANSWERS["diff by line"].page).all("td")]
    assert looks[:6] == ["number grows"] * 4 + ["number", "text"]
    assert looks[6:9] == ["number"] * 3


def test_what_may_be_chance_is_quieter_and_certain_growth_stands_out() -> None:
    certain, chance = replace(ROWS[0], bytes_error=9), replace(ROWS[0], bytes_error=50_000_000)
    page = read(diff_page(replace(DIFF, rows=(certain, chance))))
    assert page.all("tr") == [
        {"role": "row"},
        {"role": "row"},
        {"role": "row", "class": "faint"},
        {"role": "row"},
    ]
    assert page.all("td")[0]["class"] == "number grows"
    assert "≈ +58.6 ± <0.001 MiB" in page.text
    assert "? +58.6 ± 47.7 MiB" in page.text


def test_stacks_unfold_and_full_paths_are_titles() -> None:
    page = read(ANSWERS["diff by line"].page)
    assert len(page.all("details")) == 1
    assert len(page.all("li")) == 2
    assert page.all("th")[7]["title"] == "/srv/app/subtitles/tasks.py"


def test_rows_are_named_by_their_subject() -> None:
    heads = [th for th in read(ANSWERS["history"].page).all("th") if th["scope"] == "row"]
    assert [th["class"] for th in heads] == ["subject moment"] * 3


def test_links_to_other_forms_keep_the_query() -> None:
    links = [a["href"] for a in read(ANSWERS["types"].page, here="/types?limit=5").all("a")]
    assert f"{BASE}/types?limit=5&format=text" in links
    assert f"{BASE}/types?limit=5&format=json" in links
    assert not any("format=" in (a["href"] or "") for a in read(ANSWERS["types"].page).all("a"))


def test_the_picture_is_asked_for() -> None:
    image = read(ANSWERS["referrers"].page).all("img")[0]
    assert image["src"] == f"{BASE}/referrers?type=app.TaskResult&format=svg"
    assert image["alt"]


def test_a_chart_of_one_point_says_that_there_is_none() -> None:
    page = read(Page("t", "h", (Chart("RSS", ((0, 1),)),)))
    assert "nothing to draw yet" in page.text
    assert page.all("svg") == []


def test_hints_are_links_only_where_following_them_is_safe() -> None:
    hints = (Hint("/a", "x"), Hint("/b", "y", "POST"), Hint("/c/{id}", "z"))
    page = read(Page("t", "h", hints=hints, actions=(Action("/d", "Do it"),)))
    assert [a["href"] for a in page.all("a") if "class" not in a and a["href"] == f"{BASE}/a"]
    assert "POST /b" in page.text
    assert "GET /c/{id}" in page.text


def test_long_names_are_cut_with_the_rest_in_the_title() -> None:
    name = "x" * 10_000
    route = type(Everything().routes[0])(name, 1, 0, 1.0, None, None, None)
    page = read(answers_of(Everything(routes=(route,)))["routes"].page)
    subject = page.all("th")[-1]
    assert len(subject["title"] or "") == 2000
    assert name not in page.text
