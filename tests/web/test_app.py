"""The endpoints, right and wrong, as text, JSON and HTML."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe import LeakProbe, Settings, debug_app
from leakprobe.web.endpoints import ENDPOINTS, Endpoint
from tests.hostile import zoo
from tests.web.asgi import HEADERS, TOKEN

READS = [endpoint for endpoint in ENDPOINTS if endpoint.method == "GET"]
WRONG_VALUES = ["", " ", "%00", "-1", "0", "1e3", "99999999999999999999", "x" * 600, "é", "a%0db"]


@pytest.fixture(scope="module")
def probe() -> Iterator[LeakProbe]:
    with LeakProbe(Settings(token=TOKEN, tracer="tracemalloc", interval_s=3600)) as probe:
        probe.take_snapshot("before")
        yield probe


def ask(
    probe: LeakProbe,
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(debug_app(probe), root_path="/debug/memory")
        base = "http://service.test/debug/memory"
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.request(
                method, path, headers={**HEADERS, **(headers or {})}, **more
            )

    return asyncio.run(run())


def filled(endpoint: Endpoint) -> str:
    path = endpoint.path.replace("{id}", "before" if endpoint.method == "GET" else "s9999")
    return path + ("?type=dict" if endpoint.path == "/referrers" else "")


def read_path(probe: LeakProbe, endpoint: Endpoint) -> str:
    return filled(endpoint).replace("before", probe.history.list()[0].id)


@pytest.mark.parametrize("endpoint", READS, ids=lambda e: e.path)
def test_every_read_answers_as_text_json_and_html(probe: LeakProbe, endpoint: Endpoint) -> None:
    path = read_path(probe, endpoint)
    text = ask(probe, "GET", path, {"accept": "*/*"})
    assert (text.status_code, text.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert max(map(len, text.text.splitlines())) <= 100
    document = ask(probe, "GET", path, {"accept": "application/json"}).json()
    assert document["schema"] == 1
    assert document["pid"] > 0
    html = ask(probe, "GET", path, {"accept": "text/html,*/*;q=0.8"})
    assert html.headers["content-type"].startswith("text/html")
    assert html.text.lstrip().startswith("<!doctype html>")
    for answer in (text, html):
        assert float(answer.headers["leakprobe-pause-ms"]) >= 0
        assert "total;dur=" in answer.headers["server-timing"]
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: f"{e.method} {e.path}")
def test_nothing_is_answered_without_the_token(probe: LeakProbe, endpoint: Endpoint) -> None:
    for headers in ({"authorization": ""}, {"authorization": "Bearer wrong"}):
        answer = ask(probe, endpoint.method, filled(endpoint), headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert TOKEN not in answer.text
        assert "python" not in answer.text.lower()


PARAMETERS = [
    pytest.param(endpoint, parameter.name, id=f"{endpoint.method} {endpoint.path} {parameter.name}")
    for endpoint in ENDPOINTS
    for parameter in endpoint.parameters
]


@pytest.mark.parametrize(("endpoint", "name"), PARAMETERS)
def test_a_wrong_value_is_refused_by_name(probe: LeakProbe, endpoint: Endpoint, name: str) -> None:
    refused = 0
    for value in WRONG_VALUES:
        path = filled(endpoint).partition("?")[0]
        given = f"{name}={value}"
        also = "" if endpoint.path != "/referrers" or name == "type" else "&type=nothing.Such"
        if endpoint.method == "POST" and value in {"é", "x" * 600, "0", "-1", "1e3"}:
            continue  # a label may be that
        answer = ask(
            probe, endpoint.method, f"{path}?{given}{also}", {"accept": "application/json"}
        )
        if answer.status_code == 400:
            error = answer.json()["error"]
            assert error["parameter"] == name
            assert name in error["message"]
            refused += 1
        else:
            assert answer.status_code in {200, 404, 409, 501}, answer.text
    assert refused >= 2


@pytest.mark.parametrize("endpoint", READS, ids=lambda e: e.path)
def test_an_unknown_parameter_and_an_unknown_format_are_named(
    probe: LeakProbe, endpoint: Endpoint
) -> None:
    path = read_path(probe, endpoint)
    joint = "&" if "?" in path else "?"
    for wrong in ("lmit=3", "format=yaml", "limit=1&limit=2"):
        answer = ask(probe, "GET", f"{path}{joint}{wrong}", {"accept": "application/json"})
        assert answer.status_code == 400
        assert answer.json()["error"]["parameter"] == wrong.partition("=")[0]


def test_a_token_in_the_url_is_refused_and_not_repeated(probe: LeakProbe) -> None:
    for headers, status in ((HEADERS, 400), ({"authorization": ""}, 401)):
        answer = ask(probe, "GET", f"/diff?token={TOKEN}", headers)
        assert answer.status_code == status
        assert TOKEN not in answer.text
        assert "Authorization: Bearer" in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", "/dif", 404, "/diff"),
        ("GET", "/", 200, ""),
        ("GET", "", 200, ""),
        ("POST", "/diff", 405, "/diff answers to GET"),
        ("PUT", "/snapshots", 405, "GET, POST"),
        ("GET", "/snapshots/s9999", 404, "no snapshot 's9999'"),
        ("DELETE", "/snapshots/s9999", 404, "no snapshot 's9999'"),
        ("GET", "/diff?from=s9999", 404, "no snapshot 's9999'"),
        ("GET", "/diff?from=now", 400, "parameter from='now'"),
        ("GET", "/referrers?type=app.NoSuchThing", 404, "no type"),
        ("GET", "/types?sort=retained", 501, "native heap walk"),
        ("POST", "/trace?seconds=301", 400, "parameter seconds='301'"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(
    probe: LeakProbe, method: str, path: str, status: int, says: str
) -> None:
    answer = ask(probe, method, path)
    assert answer.status_code == status
    assert says in answer.text
    assert "Traceback" not in answer.text
    if status == 405:
        assert answer.headers["allow"]


def test_head_has_the_headers_and_no_body(probe: LeakProbe) -> None:
    answer = ask(probe, "HEAD", "/threads")
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) > 0
    assert answer.content == b""


def test_a_snapshot_is_taken_listed_compared_and_dropped(probe: LeakProbe) -> None:
    taken = ask(probe, "POST", "/snapshots?label=after&format=json").json()
    listed = ask(probe, "GET", "/snapshots?format=json").json()["rows"]
    assert listed[0]["id"] == taken["id"]
    assert listed[0]["label"] == "after"
    diff = ask(probe, "GET", f"/diff?from=before&to={taken['id']}&format=json").json()
    assert diff["from"]["label"] == "before"
    assert diff["to"]["id"] == taken["id"]
    assert ask(probe, "DELETE", f"/snapshots/{taken['id']}").status_code == 200
    assert ask(probe, "GET", f"/snapshots/{taken['id']}").status_code == 404


def test_a_baseline_becomes_what_diffs_and_types_compare_with(probe: LeakProbe) -> None:
    marked = ask(probe, "POST", "/baseline", data={"label": "deploy-7", "format": "json"}).json()
    diff = ask(probe, "GET", "/diff?format=json").json()
    assert diff["from"]["id"] == marked["id"]
    types = ask(probe, "GET", "/types?format=json").json()
    assert all(row["objects_diff"] is not None for row in types["rows"])


def test_history_comes_as_csv(probe: LeakProbe) -> None:
    answer = ask(probe, "GET", "/history?format=csv")
    header, *rows = answer.text.splitlines()
    assert "rss_bytes" in header.split(",")
    assert rows


def test_a_trace_finds_what_is_allocated_meanwhile_and_a_second_one_is_refused(
    probe: LeakProbe,
) -> None:
    async def run() -> tuple[httpx.Response, httpx.Response]:
        transport = httpx.ASGITransport(debug_app(probe), root_path="/debug/memory")
        base = "http://service.test/debug/memory"
        async with httpx.AsyncClient(transport=transport, base_url=base, headers=HEADERS) as client:
            window = asyncio.create_task(client.post("/trace?seconds=3&format=json", timeout=30))
            while probe._sampler.gate._holder != "an exact trace":
                await asyncio.sleep(0.01)
            second = await client.get("/types")
            kept.append(bytearray(3_000_000))
            return await window, second

    kept: list[bytearray] = []
    window, second = asyncio.run(run())
    assert 1 <= int(second.headers["retry-after"]) <= 3
    row = window.json()["rows"][0]
    assert row["file"] == __file__
    assert 3_000_000 <= row["bytes_diff"] < 3_001_000
    assert kept


def test_the_collector_says_what_it_freed(probe: LeakProbe) -> None:
    freed = ask(probe, "POST", "/gc?format=json").json()
    assert freed["objects"] >= 0
    assert freed["pause_ms"] > 0


def test_a_browser_signs_in_with_a_form_and_is_sent_where_it_wanted(probe: LeakProbe) -> None:
    browser = {"accept": "text/html", "authorization": ""}
    page = ask(probe, "GET", "/diff?by=file", browser)
    assert page.status_code == 401
    assert 'action="/debug/memory/session"' in page.text
    wanted = "/debug/memory/diff?by=file"
    assert wanted in page.text
    signed = ask(probe, "POST", "/session", browser, data={"token": TOKEN, "next": wanted})
    assert (signed.status_code, signed.headers["location"]) == (303, wanted)
    cookie = signed.headers["set-cookie"]
    assert TOKEN not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/debug/memory" in cookie
    session = {**browser, "cookie": cookie.partition(";")[0]}
    assert ask(probe, "GET", "/diff", session).status_code == 200
    assert ask(probe, "POST", "/gc", session).status_code == 403
    same_origin = {**session, "origin": "http://service.test"}
    assert ask(probe, "POST", "/gc", same_origin).status_code == 200
    elsewhere = {**session, "origin": "http://evil.test"}
    assert ask(probe, "POST", "/gc", elsewhere).status_code == 403


@pytest.mark.parametrize(
    "wanted", ["//evil.test", "https://evil.test", "/other", "/debug/memory\\"]
)
def test_signing_in_never_sends_a_browser_elsewhere(probe: LeakProbe, wanted: str) -> None:
    answer = ask(probe, "POST", "/session", data={"token": TOKEN, "next": wanted})
    assert answer.headers["location"] == "/debug/memory"


def test_a_wrong_token_in_the_form_shows_the_form_again(probe: LeakProbe) -> None:
    answer = ask(probe, "POST", "/session", data={"token": "wrong", "next": "/debug/memory"})
    assert answer.status_code == 401
    assert 'action="/debug/memory/session"' in answer.text


@pytest.mark.parametrize("body", [b"x" * 70_000, b"{", b"[1]", b"\xff\xfe"])
def test_a_wrong_body_is_refused(probe: LeakProbe, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = ask(probe, "POST", "/snapshots", headers, content=body)
    assert answer.status_code in {400, 413}


def test_the_hostile_zoo_is_alive_during_every_read(probe: LeakProbe) -> None:
    animals = zoo()
    for endpoint in READS:
        for form in ("text", "json", "html"):
            path = read_path(probe, endpoint)
            joint = "&" if "?" in path else "?"
            answer = ask(probe, "GET", f"{path}{joint}format={form}")
            assert answer.status_code == 200, answer.text
            assert "<img src=x" not in answer.text or form != "html"
    types = ask(probe, "GET", "/types?match=img&format=json").json()
    assert json.dumps(types)
    assert animals


QUERY_TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


@settings(deadline=None, max_examples=300)
@given(
    endpoint=st.sampled_from([e for e in READS if e.path != "/referrers"]),
    name=st.sampled_from(["from", "to", "by", "limit", "include", "sort", "group", "format", "x"]),
    value=QUERY_TEXT,
)
def test_no_query_makes_it_fail(
    probe: LeakProbe, endpoint: Endpoint, name: str, value: str
) -> None:
    path = filled(endpoint)
    answer = ask(probe, "GET", path, params={name: value})
    assert answer.status_code < 500 or answer.status_code == 501, answer.text
