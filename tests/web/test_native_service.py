"""The native core behind a real service, among the hostile zoo: what is planted is found."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from leakprobe.demo.service_process import Service
from tests import zoo_service
from tests.native import needs_heap_walk, needs_sampler
from tests.services import serve

pytestmark = [needs_heap_walk, needs_sampler]

TOKEN = "a-token-for-tests"
HEADERS = {"authorization": f"Bearer {TOKEN}"}
HELD = "tests.zoo_service.Held"
GROWN = 3
WAYS = ("object", "type", "line")
PLANTED_LINE = zoo_service.grow.__code__.co_firstlineno + 1


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    environment = {
        "LEAKPROBE_TOKEN": TOKEN,
        "LEAKPROBE_TRACER": "sampled",
        "LEAKPROBE_SAMPLE_BYTES": "16384",
        "LEAKPROBE_DIRECTORY": str(tmp_path_factory.mktemp("run") / "private"),
        "PYTHONPATH": str(Path.cwd()),
    }
    with serve("tests.zoo_service:app", environment) as service:
        for _ in range(GROWN):
            httpx.get(f"{service.url}/grow")
        yield service


def ask(service: Service, path: str, accept: str = "*/*") -> httpx.Response:
    headers = {**HEADERS, "accept": accept}
    answer = httpx.get(f"{service.url}/debug/memory{path}", headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer


def rows(service: Service, path: str) -> list[dict[str, Any]]:  # Any: rows of all kinds
    found: list[dict[str, Any]] = ask(service, path, "application/json").json()["rows"]
    return found


@pytest.mark.parametrize("by", WAYS)
def test_retained_reads_well_and_shows_the_zoo_as_text(service: Service, by: str) -> None:
    text = ask(service, f"/retained?by={by}&limit=1000")
    assert max(map(len, text.text.splitlines())) <= 100
    assert "The application was held for" in " ".join(text.text.split())
    page = ask(service, f"/retained?by={by}&limit=1000", "text/html").text
    assert "<img" not in page
    assert float(text.headers["leakprobe-pause-ms"]) > 0
    assert "child-cpu;dur=" in text.headers["server-timing"]
    document = ask(service, f"/retained?by={by}&limit=5", "application/json").json()
    assert 0 < len(document["rows"]) <= 5
    assert document["totals"]["objects"] > 10_000
    assert httpx.get(f"{service.url}/bitten").json() == []


def test_the_line_its_type_its_holder_and_its_route_are_one_row(service: Service) -> None:
    planted = [
        row
        for row in rows(service, "/retained?by=line&limit=1000")
        if row["site"]
        and row["type"] == "bytearray"  # the line also lengthens the list now and then
        and (row["site"]["file"], row["site"]["line"]) == (zoo_service.__file__, PLANTED_LINE)
    ]
    (row,) = planted
    assert row["path"]["text"].startswith("tests.zoo_service.kept")
    assert row["route"] == "GET /grow"
    truth = GROWN * zoo_service.GROWTH_BYTES
    assert row["samples"] >= GROWN  # the small object in front of a buffer may be sampled, too
    assert abs(row["bytes"] - truth) <= 0.01 * truth + 4 * row["bytes_error"]


def test_the_holder_is_the_object_whose_going_would_free_it(service: Service) -> None:
    found = rows(service, "/retained?by=object&limit=100")
    holder = next(
        row for row in found if row["path"] and row["path"]["text"] == "tests.zoo_service.kept"
    )
    assert holder["type"] == "list"
    assert GROWN * zoo_service.GROWTH_BYTES < holder["retained_bytes"] < 10 << 20
    sizes = [row["retained_bytes"] for row in found]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("path", ["/retained?by=type&limit=1000", "/types?limit=1000"])
def test_types_are_counted_and_none_is_ours(service: Service, path: str) -> None:
    found = {row["type"]: row for row in rows(service, path)}
    assert found[HELD]["objects"] == len(zoo_service.held)
    assert found[HELD]["retained_bytes"] >= found[HELD]["bytes"]
    assert not [name for name in found if name.startswith("leakprobe.")]
    assert [name for name in found if "<img src=x" in name]
    assert httpx.get(f"{service.url}/bitten").json() == []


def test_referrers_are_found_in_the_copy(service: Service) -> None:
    document = ask(service, f"/referrers?type={HELD}", "application/json").json()
    assert document["objects"] == len(zoo_service.held)
    assert [path["text"] for path in document["paths"]] == ["tests.zoo_service.held[…]"]
    assert document["price"]["child_cpu_ms"] > 0
    assert httpx.get(f"{service.url}/bitten").json() == []


def test_live_memory_is_told_apart_by_route(service: Service) -> None:
    counts = {row["route"]: row for row in rows(service, "/routes")}
    grown = counts["GET /grow"]
    assert grown["requests"] == GROWN
    assert grown["live_bytes"] == pytest.approx(GROWN * zoo_service.GROWTH_BYTES, rel=0.05)
    assert grown["bytes_per_request"] == pytest.approx(zoo_service.GROWTH_BYTES, rel=0.05)
    assert counts["untagged"]["requests"] == 0


def test_the_overview_says_which_core_runs(service: Service) -> None:
    document = ask(service, "/", "application/json").json()
    agent = document["agent"]
    assert (agent["tracer"], agent["heap_walk"]) == ("sampled", "native")
    assert agent["sample_bytes"] == 16384
    assert agent["tracer_trouble"] is None
    assert agent["postponed"] is None
    assert agent["errors"] == 0, agent["last_error"]
    text = " ".join(ask(service, "/").text.split())
    assert "native (in a copy of the process" in text
    assert "a sample every 16.0 KiB or so" in text


def test_the_start_holds_types_of_before_the_first_request(service: Service) -> None:
    start = ask(service, "/snapshots/s1", "application/json").json()
    types = {row["type"]: row["objects"] for row in start["types"]}
    assert types[HELD] == len(zoo_service.held)
    grown = rows(service, "/diff?by=type&from=start&limit=1000")
    planted = next(row for row in grown if row["type"] == "bytearray")
    assert planted["bytes_diff"] >= GROWN * zoo_service.GROWTH_BYTES
