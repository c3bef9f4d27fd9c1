"""What the endpoints about the heap answer and refuse, with walks that the test makes up."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest

from leakprobe import LeakProbe, Settings, debug_app
from leakprobe.agent import agent as agent_module
from leakprobe.agent import gate, walks
from leakprobe.capture.heap import retained as native_retained
from leakprobe.errors import NotEnoughMemory, Refusal, WalkFailed
from leakprobe.model import Census, Price, Retained, TypeCount
from tests.native import needs_heap_walk
from tests.render.test_retained import BY_LINE, BY_OBJECT, BY_TYPE
from tests.web.asgi import TOKEN, client

CENSUS = Census(
    (TypeCount("app.Big", 3, 300, 400, 9_000), TypeCount("app.Many", 30, 30, 40, 50)),
    None,
    None,
    Price(4.25, 130.0, 2.0, 120.5, 1 << 20),
)
Ask = Callable[[str], httpx.Response]


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Iterator[LeakProbe]:
    """An agent in front of a heap that was made up."""
    monkeypatch.setattr(walks, "take_census", lambda **_: CENSUS)
    monkeypatch.setattr(agent_module, "heap_walk_missing", lambda: None)
    with LeakProbe(Settings(token=TOKEN, tracer="off", interval_s=3600)) as probe:
        yield probe


@pytest.fixture
def ask(probe: LeakProbe) -> Ask:
    return lambda path: asyncio.run(_get(probe, path))


async def _get(probe: LeakProbe, path: str) -> httpx.Response:
    async with client(debug_app(probe)) as asked:
        return await asked.get(path)


def answer_with(
    monkeypatch: pytest.MonkeyPatch, found: Retained | Refusal
) -> list[dict[str, object]]:
    """Let every search for retained memory come to this; what it was asked for."""
    asked: list[dict[str, object]] = []

    def find(by: str, **more: object) -> Retained:
        asked.append({"by": by, **more})
        if isinstance(found, Refusal):
            raise found
        return found

    monkeypatch.setattr(agent_module, "find_retained", find)
    return asked


@pytest.mark.parametrize("found", [BY_OBJECT, BY_TYPE], ids=lambda found: found.by)
def test_retained_answers_with_what_was_asked_for(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, found: Retained
) -> None:
    asked = answer_with(monkeypatch, found)
    answer = ask(f"/retained?by={found.by}&limit=7&format=json")
    assert answer.status_code == 200
    assert (asked[0]["by"], asked[0]["limit"]) == (found.by, 7)
    document = answer.json()
    assert document["by"] == found.by
    assert len(document["rows"]) == len(found.objects or found.types)
    assert answer.headers["leakprobe-pause-ms"] == "4.200"
    assert "child-cpu;dur=310.000" in answer.headers["server-timing"]


def test_objects_are_what_is_asked_for_where_nothing_is_said(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer_with(monkeypatch, BY_OBJECT)
    assert "app.task_results[…].result" in ask("/retained").text
    assert (asked[0]["by"], asked[0]["limit"], asked[0]["pointers"]) == ("object", 20, None)


def test_a_line_needs_samples_and_says_so(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch, BY_LINE)
    answer = ask("/retained?by=line")
    assert answer.status_code == 501
    assert "sampled" in answer.text


def test_without_the_native_walk_the_answer_is_how_to_build_it(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (agent_module, native_retained):
        monkeypatch.setattr(module, "heap_walk_missing", lambda: "a test says so")
    for path in ("/retained", "/retained?by=type", "/types?sort=retained"):
        answer = ask(path)
        assert answer.status_code == 501
        assert "pip install" in " ".join(answer.text.split())


@pytest.mark.parametrize(
    "refusal",
    [NotEnoughMemory("the walk would take 7 MiB"), WalkFailed("the heap walk was ended by SIGBUS")],
    ids=lambda refusal: str(refusal.status),
)
def test_a_walk_that_comes_to_nothing_is_refused_in_a_line(
    probe: LeakProbe, ask: Ask, monkeypatch: pytest.MonkeyPatch, refusal: Refusal
) -> None:
    def fail(**_: object) -> Census:
        raise refusal

    answer_with(monkeypatch, refusal)
    monkeypatch.setattr(walks, "take_census", fail)
    for path in ("/retained", "/types", "/diff?by=type"):
        answer = ask(path)
        assert answer.status_code == refusal.status
        assert str(refusal) in answer.text
        assert "Traceback" not in answer.text
    assert probe.overview().agent.errors == 0


def test_one_walk_at_a_time(probe: LeakProbe, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    walking, let_go = threading.Event(), threading.Event()

    def walk(**_: object) -> Census:
        walking.set()
        let_go.wait(30)
        return CENSUS

    monkeypatch.setattr(walks, "take_census", walk)
    monkeypatch.setattr(gate, "PATIENCE_S", 0.01)
    probe._sampler.gate.after_fork()  # with the new patience
    answer_with(monkeypatch, BY_OBJECT)
    first = threading.Thread(target=lambda: ask("/types"))
    first.start()
    assert walking.wait(30)
    try:
        for path in ("/retained", "/types", "/referrers?type=app.Big"):
            refused = ask(path)
            assert refused.status_code == 409
            assert int(refused.headers["retry-after"]) >= 1
            assert "a count of types is running" in refused.text
    finally:
        let_go.set()
        first.join()
    assert ask("/retained").status_code == 200


def test_types_come_with_what_they_retain_and_the_price_of_the_walk(ask: Ask) -> None:
    answer = ask("/types?sort=retained&format=json")
    rows = answer.json()["rows"]
    assert [(row["type"], row["retained_bytes"]) for row in rows] == [
        ("app.Big", 9_000),
        ("app.Many", 50),
    ]
    assert answer.headers["leakprobe-pause-ms"] == "4.250"
    assert "retained" in ask("/types").text
    assert "/retained" in ask("/types").text
    assert "GET /retained" in ask("/").text


def test_the_start_has_types_so_that_growth_is_known_at_once(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown = replace(CENSUS, types=(TypeCount("app.Big", 10, 1_000, 1_400, 30_000),))
    monkeypatch.setattr(walks, "take_census", lambda **_: grown)
    (row, *_) = ask("/diff?by=type&format=json").json()["rows"]
    assert (row["type"], row["objects_diff"]) == ("app.Big", 7)
    (row, *_) = ask("/types?format=json").json()["rows"]
    assert (row["type"], row["objects_diff"]) == ("app.Big", 7)


@pytest.mark.parametrize(
    "path",
    ["/types", "/referrers?type=int", pytest.param("/retained", marks=needs_heap_walk)],
)
def test_without_headroom_nothing_is_walked(path: str) -> None:
    settings = Settings(token=TOKEN, tracer="off", heap_budget=0.0, memory_limit_bytes=1 << 20)
    with LeakProbe(settings) as probe:
        answer = asyncio.run(_get(probe, path))
    assert answer.status_code == 507
    assert "MiB" in answer.text
