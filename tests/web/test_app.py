"""The endpoints of a real service, right and wrong, as text, JSON and HTML.

The service keeps the hostile zoo alive, so everything here is asked among animals.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.capture.native import heap_walk_missing
from leakprobe.demo.service_process import Service
from leakprobe.web.endpoints import ENDPOINTS, Endpoint
from tests import zoo_service
from tests.services import serve

TOKEN = "a-token-for-tests"
HEADERS = {"authorization": f"Bearer {TOKEN}"}
# What needs the native core is asked where it is built.
READS = [
    endpoint
    for endpoint in ENDPOINTS
    if endpoint.method == "GET" and (endpoint.path != "/retained" or not heap_walk_missing())
]
HELD = "tests.zoo_service.Held"
BASE = "/debug/memory"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    environment = {
        "LEAKPROBE_TOKEN": TOKEN,
        "LEAKPROBE_TRACER": "tracemalloc",
        "LEAKPROBE_DIRECTORY": str(tmp_path_factory.mktemp("run") / "private"),
        "PYTHONPATH": str(Path.cwd()),
    }
    with serve("tests.zoo_service:app", environment) as service:
        ask(service, "POST", "/snapshots?label=before")
        yield service


def ask(
    service: Service, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
) -> httpx.Response:
    """The answer; a question too many is asked again when that is allowed."""
    url = service.url + BASE + path
    while True:
        merged = {**HEADERS, **(headers or {})}
        answer = httpx.request(method, url, headers=merged, timeout=60, **more)
        if answer.status_code != 429:
            return answer
        time.sleep(int(answer.headers["retry-after"]))


def filled(endpoint: Endpoint) -> str:
    """The endpoint's path with what it cannot do without."""
    known = endpoint.method == "GET"
    path = endpoint.path.replace("{id}", "s1" if known else "s9999")
    return path + (f"?type={HELD}" if endpoint.path == "/referrers" else "")


def also(path: str, query: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{query}"


@pytest.mark.parametrize("endpoint", READS, ids=lambda e: e.path)
def test_every_read_answers_as_text_json_and_html(service: Service, endpoint: Endpoint) -> None:
    path = filled(endpoint)
    text = ask(service, "GET", path, {"accept": "*/*"})
    assert (text.status_code, text.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert max(map(len, text.text.splitlines())) <= 100
    document = ask(service, "GET", path, {"accept": "application/json"}).json()
    assert document["schema"] == 1
    assert document["pid"] == service.process.pid
    html = ask(service, "GET", path, {"accept": "text/html,*/*;q=0.8"})
    assert html.headers["content-type"].startswith("text/html")
    assert html.text.lstrip().startswith("<!doctype html>")
    assert "<img src=x" not in html.text
    for answer in (text, html):
        assert float(answer.headers["leakprobe-pause-ms"]) >= 0
        assert "total;dur=" in answer.headers["server-timing"]
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_zoo_is_seen_and_not_touched(service: Service) -> None:
    types = ask(service, "GET", "/types?match=img&format=json").json()["rows"]
    assert [row["type"] for row in types if "<img src=x" in row["type"]]
    assert json.dumps(types)
    page = ask(service, "GET", "/types?match=img&format=html").text
    assert "&lt;img src=x" in page
    assert "<img" not in page
    long_names = ask(service, "GET", "/types?limit=1000&format=json").json()["rows"]
    assert max(len(row["type"]) for row in long_names) <= 200
    # Only what Python itself calls on its own: weak references hash, nothing else.
    assert httpx.get(f"{service.url}/bitten").json() == []


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: f"{e.method} {e.path}")
def test_nothing_is_answered_without_the_token(service: Service, endpoint: Endpoint) -> None:
    for headers in ({"authorization": ""}, {"authorization": "Bearer wrong"}):
        answer = ask(service, endpoint.method, filled(endpoint), headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert TOKEN not in answer.text
        assert "python" not in answer.text.lower()


PARAMETERS = [
    pytest.param(endpoint, parameter.name, id=f"{endpoint.method} {endpoint.path} {parameter.name}")
    for endpoint in ENDPOINTS
    for parameter in endpoint.parameters
]
WRONG = ["", "%00", "a%0db", "x" * 600]
WRONG_NUMBERS = ["0", "-1", "1e3", "%201", "99999999999999999999", "%D9%A1", "nan"]
WRONG_CHOICES = ["nothing", "LINE", "%C3%A9"]
NUMBERS = {"limit", "depth", "seconds", "frames"}
CHOICES = {"by", "sort", "group", "since"}


@pytest.mark.parametrize(("endpoint", "name"), PARAMETERS)
def test_a_wrong_value_is_refused_by_name(service: Service, endpoint: Endpoint, name: str) -> None:
    path = filled(endpoint)
    if name == "type":
        path = endpoint.path
    values = list(WRONG)
    values += WRONG_NUMBERS if name in NUMBERS else []
    values += WRONG_CHOICES if name in CHOICES else []
    for value in values:
        wrong = also(path, f"{name}={value}")
        answer = ask(service, endpoint.method, wrong, {"accept": "application/json"})
        assert answer.status_code == 400, (value, answer.text)
        error = answer.json()["error"]
        assert error["parameter"] == name
        assert name in error["message"]
        assert "\n" not in error["message"]


@pytest.mark.parametrize("endpoint", READS, ids=lambda e: e.path)
@pytest.mark.parametrize("wrong", ["lmit=3", "format=yaml", "format=json&format=json"])
def test_an_unknown_parameter_and_an_unknown_format_are_named(
    service: Service, endpoint: Endpoint, wrong: str
) -> None:
    path = also(filled(endpoint), wrong)
    answer = ask(service, "GET", path, {"accept": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["parameter"] == wrong.partition("=")[0]


def test_a_token_in_the_url_is_refused_and_not_repeated(service: Service) -> None:
    for headers, status in ((HEADERS, 400), ({"authorization": ""}, 401)):
        for accept in ("*/*", "text/html"):
            answer = ask(service, "GET", f"/diff?token={TOKEN}", {**headers, "accept": accept})
            assert answer.status_code == status
            assert TOKEN not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", "/dif", 404, "/diff"),
        ("GET", "/", 200, "RSS"),
        ("GET", "", 200, "RSS"),
        ("POST", "/diff", 405, "/diff answers to GET"),
        ("PUT", "/snapshots", 405, "GET, POST"),
        ("GET", "/snapshots/s9999", 404, "no snapshot 's9999'"),
        ("DELETE", "/snapshots/s9999", 404, "no snapshot 's9999'"),
        ("GET", "/diff?from=s9999", 404, "no snapshot 's9999'"),
        ("GET", "/diff?from=now", 400, "parameter from='now'"),
        ("GET", "/diff?to=befor", 404, "nearest: before"),
        ("GET", "/referrers?type=tests.zoo_service.Hel", 404, HELD),
        ("GET", "/retained?by=line", 501, "sampled"),
        ("GET", "/retained?by=stack", 400, "one of object, type, line"),
        ("GET", "/types?sort=size", 400, "one of growth, count, bytes, retained"),
        ("POST", "/trace?seconds=301", 400, "parameter seconds='301'"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(
    service: Service, method: str, path: str, status: int, says: str
) -> None:
    answer = ask(service, method, path)
    assert answer.status_code == status
    assert says in " ".join(answer.text.split())
    assert "Traceback" not in answer.text
    if status == 405:
        assert answer.headers["allow"]


def test_head_has_the_headers_and_no_body(service: Service) -> None:
    answer = ask(service, "HEAD", "/threads")
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) > 0
    assert answer.content == b""


def test_a_snapshot_is_taken_listed_compared_and_dropped(service: Service) -> None:
    taken = ask(service, "POST", "/snapshots?label=after&format=json").json()
    listed = ask(service, "GET", "/snapshots?format=json").json()["rows"]
    assert [row["label"] for row in listed if row["id"] == taken["id"]] == ["after"]
    diff = ask(service, "GET", f"/diff?from=before&to={taken['id']}&format=json").json()
    assert diff["from"]["label"] == "before"
    assert diff["to"]["id"] == taken["id"]
    assert ask(service, "DELETE", f"/snapshots/{taken['id']}").status_code == 200
    assert ask(service, "GET", f"/snapshots/{taken['id']}").status_code == 404


def test_a_baseline_becomes_what_diffs_and_types_compare_with(service: Service) -> None:
    form = {"label": "deploy-7", "format": "json"}
    marked = ask(service, "POST", "/baseline", data=form).json()
    assert ask(service, "GET", "/diff?format=json").json()["from"]["id"] == marked["id"]
    types = ask(service, "GET", "/types?format=json").json()
    assert all(row["objects_diff"] is not None for row in types["rows"])


def test_history_comes_as_csv(service: Service) -> None:
    header, *rows = ask(service, "GET", "/history?format=csv").text.splitlines()
    assert "rss_bytes" in header.split(",")
    assert rows


def test_the_graph_comes_as_dot(service: Service) -> None:
    answer = ask(service, "GET", f"/referrers?type={HELD}&format=dot")
    assert answer.text.startswith("digraph")
    assert "held" in answer.text


def test_a_trace_finds_what_is_allocated_meanwhile_and_a_second_one_is_refused(
    service: Service,
) -> None:
    async def run() -> tuple[httpx.Response, httpx.Response]:
        async with httpx.AsyncClient(headers=HEADERS, timeout=60) as client:
            url = service.url + BASE
            window = asyncio.create_task(client.post(f"{url}/trace?seconds=3&format=json"))
            while (second := await client.post(f"{url}/gc")).status_code != 409:
                pass
            await client.get(f"{service.url}/grow")
            return await window, second

    window, second = asyncio.run(run())
    assert "an exact trace is running" in " ".join(second.text.split())
    assert 1 <= int(second.headers["retry-after"]) <= 3
    row = window.json()["rows"][0]
    assert row["file"] == zoo_service.__file__
    assert 0 <= row["bytes_diff"] - zoo_service.GROWTH_BYTES < 1000


def test_the_collector_says_what_it_freed(service: Service) -> None:
    freed = ask(service, "POST", "/gc?format=json").json()
    assert freed["objects"] >= 0
    assert freed["pause_ms"] > 0


def test_a_browser_signs_in_with_a_form_and_is_sent_where_it_wanted(service: Service) -> None:
    browser = {"accept": "text/html", "authorization": ""}
    page = ask(service, "GET", "/threads?group=false", browser)
    assert page.status_code == 401
    assert 'action="/debug/memory/session"' in page.text
    wanted = "/debug/memory/threads?group=false"
    assert wanted in page.text
    signed = ask(service, "POST", "/session", browser, data={"token": TOKEN, "next": wanted})
    assert (signed.status_code, signed.headers["location"]) == (303, wanted)
    cookie = signed.headers["set-cookie"]
    assert TOKEN not in cookie
    assert {"HttpOnly", "SameSite=Strict", "Path=/debug/memory"} <= set(cookie.split("; "))
    session = {**browser, "cookie": cookie.partition(";")[0]}
    assert ask(service, "GET", "/threads", session).status_code == 200
    assert ask(service, "POST", "/gc", session).status_code == 403
    assert ask(service, "POST", "/gc", {**session, "origin": service.url}).status_code == 200
    elsewhere = {**session, "origin": "http://evil.test"}
    assert ask(service, "POST", "/gc", elsewhere).status_code == 403


@pytest.mark.parametrize("wanted", ["//evil.test", "https://evil.test", "/other", f"{BASE}\\"])
def test_signing_in_never_sends_a_browser_elsewhere(service: Service, wanted: str) -> None:
    answer = ask(service, "POST", "/session", data={"token": TOKEN, "next": wanted})
    assert answer.headers["location"] == BASE


@pytest.mark.parametrize("wrong", ["wrong", "", "\x00", TOKEN[:-1], TOKEN * 40])
def test_a_wrong_token_in_the_form_shows_the_form_again(service: Service, wrong: str) -> None:
    answer = ask(service, "POST", "/session", data={"token": wrong, "next": BASE})
    assert answer.status_code == 401
    assert 'action="/debug/memory/session"' in answer.text
    assert TOKEN not in answer.text


@pytest.mark.parametrize("body", [b"x" * 70_000, b"{", b"[1]", b"\xff\xfe"])
def test_a_wrong_body_is_refused(service: Service, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = ask(service, "POST", "/snapshots", headers, content=body)
    assert answer.status_code in {400, 413}


@settings(deadline=None, max_examples=150)
@given(
    path=st.sampled_from(["/", "/diff", "/threads", "/tasks", "/routes", "/history", "/snapshots"]),
    name=st.sampled_from(["from", "to", "by", "limit", "include", "sort", "group", "format", "x"]),
    value=st.text(st.characters(codec="utf-8"), max_size=20),
)
def test_no_query_makes_it_fail(service: Service, path: str, name: str, value: str) -> None:
    answer = ask(service, "GET", path, params={name: value})
    assert answer.status_code in {200, 400, 404}, answer.text
