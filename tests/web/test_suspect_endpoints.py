"""`/suspects`, what leads on from it, and `POST /trim`: over HTTP, with a report made up."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest

from leakprobe import LeakProbe, Settings, debug_app
from leakprobe.agent import agent as agent_module
from leakprobe.errors import CaptureBusy, NotAvailable, NotEnoughMemory, Refusal
from leakprobe.model import Freed, Price, ReferrerGraph, Report, SuspectType
from tests.render.samples import REPORT, SUSPECTS
from tests.web.asgi import TOKEN, client

Ask = Callable[[str], httpx.Response]
GRAPH = ReferrerGraph("app.TaskResult", 120, 20, None, (), (), (), Price())


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Iterator[LeakProbe]:
    with LeakProbe(Settings(token=TOKEN, tracer="off", heap_budget=0.0, interval_s=3600)) as probe:
        monkeypatch.setattr(probe._sampler.judge, "report", lambda limit=None: REPORT)
        monkeypatch.setattr(probe._sampler.judge, "latest", lambda: REPORT)
        monkeypatch.setattr(probe._sampler.judge, "told", lambda: REPORT.suspects)
        yield probe


async def _answer(probe: LeakProbe, method: str, path: str) -> httpx.Response:
    async with client(debug_app(probe)) as asked:
        return await asked.request(method, path)


@pytest.fixture
def ask(probe: LeakProbe) -> Ask:
    return lambda path: asyncio.run(_answer(probe, "GET", path))


def test_suspects_in_each_form_with_the_price_of_the_look(ask: Ask) -> None:
    text = ask("/suspects")
    assert text.text.startswith("Leak of Python objects (99 % sure)")
    assert text.headers["leakprobe-pause-ms"] == "4.200"
    assert "child-cpu;dur=310.000" in text.headers["server-timing"]
    document = ask("/suspects?format=json").json()
    assert (document["schema"], document["verdict"]["state"]) == (1, "leak")
    assert [suspect["rank"] for suspect in document["suspects"]] == [1, 2]
    assert "1. Leak: Python objects" in ask("/suspects?format=html").text


def test_a_limit_leaves_suspects_out_and_says_so(ask: Ask) -> None:
    document = ask("/suspects?format=json&limit=1").json()
    assert [suspect["rank"] for suspect in document["suspects"]] == [1]
    assert document["hidden_suspects"] == 1
    assert "1 more row" in ask("/suspects?limit=1").text
    assert ask("/suspects?limit=0").status_code == 400


@pytest.mark.parametrize(
    "refusal", [CaptureBusy("a trace is running", retry_after_s=7), NotEnoughMemory("no room")]
)
def test_what_cannot_be_looked_at_is_refused_in_a_line(
    probe: LeakProbe, ask: Ask, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(limit: int | None = None) -> Report:
        raise refusal

    monkeypatch.setattr(probe._sampler.judge, "report", refuse)
    answer = ask("/suspects")
    assert answer.status_code == refusal.status
    assert str(refusal) in answer.text
    if refusal.retry_after_s:
        assert answer.headers["retry-after"] == "7"


@pytest.fixture
def searched(probe: LeakProbe, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    types: list[str] = []

    def referrers(type_name: str, **_: object) -> ReferrerGraph:
        types.append(type_name)
        return GRAPH

    monkeypatch.setattr(probe, "referrers", referrers)
    return types


@pytest.mark.parametrize("name", ["1", SUSPECTS[0].fingerprint])
def test_the_holders_of_a_suspect_are_those_of_its_type(
    ask: Ask, searched: list[str], name: str
) -> None:
    assert ask(f"/referrers?suspect={name}").status_code == 200
    assert searched == ["app.TaskResult"]


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("", 400, "type or suspect"),
        ("?type=app.T&suspect=1", 400, "type or suspect"),
        ("?suspect=9", 404, "no suspect '9'"),
        ("?suspect=9f2c4be1a0d35578", 404, "nearest: 9f2c4be1a0d35577"),
        ("?suspect=2", 404, "does not consist of objects"),
    ],
)
def test_a_question_about_no_suspect_is_refused(
    ask: Ask, searched: list[str], query: str, status: int, said: str
) -> None:
    answer = ask(f"/referrers{query}")
    assert answer.status_code == status
    assert said in " ".join(answer.text.split())
    assert searched == []


def test_the_most_telling_type_is_searched_for(
    probe: LeakProbe, ask: Ask, searched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    types = (SuspectType("dict", 12, 4000), SuspectType("app.Row", 12, 900))
    report = replace(REPORT, suspects=(replace(SUSPECTS[0], types=types),))
    monkeypatch.setattr(probe._sampler.judge, "told", lambda: report.suspects)
    ask("/referrers?suspect=1")
    assert searched == ["app.Row"]


def test_trim_hands_memory_back_and_says_how_much(
    probe: LeakProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    freed = Freed("trim", None, None, 300 << 20, 200 << 20, Price(12.0, 12.0, 3.0))
    monkeypatch.setattr(agent_module, "trim", lambda: freed)
    answer = asyncio.run(_answer(probe, "POST", "/trim?format=json"))
    document = answer.json()
    assert (document["action"], document["freed_bytes"]) == ("trim", 100 << 20)
    assert answer.headers["leakprobe-pause-ms"] == "12.000"
    assert probe._sampler.reader.longest_pause_ms >= 12.0
    assert asyncio.run(_answer(probe, "GET", "/trim")).status_code == 405


def test_where_memory_cannot_be_handed_back_it_is_said(
    probe: LeakProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> Freed:
        raise NotAvailable("malloc_trim is glibc's; this is musl")

    monkeypatch.setattr(agent_module, "trim", refuse)
    answer = asyncio.run(_answer(probe, "POST", "/trim"))
    assert answer.status_code == 501
    assert "malloc_trim" in answer.text


def test_the_first_page_begins_with_the_verdict(ask: Ask) -> None:
    assert ask("/").text.startswith("Leak of Python objects (99 % sure)")
    document = ask("/?format=json").json()
    assert document["verdict"]["state"] == "leak"
    assert document["suspects"][0]["fingerprint"] == SUSPECTS[0].fingerprint
    assert "GET /suspects" in document["endpoints"]
