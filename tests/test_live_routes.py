"""What each route keeps, found by sampling a real service under 40 requests at a time.

The truth is `tests/route_service.py`.
"""

import asyncio
import random
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

import leakprobe
from leakprobe.demo.service_process import Service
from tests.native import needs_sampler
from tests.route_service import KEPT_BYTES, LOOP_ROUNDS
from tests.services import serve

pytestmark = needs_sampler

CONNECTIONS = 40
ROUNDS = 150
# A right estimate is farther off once in 15,000 runs.
MOST_ERRORS = 4
# Blocks that each route keeps per request.
BLOCKS = {
    "/direct/{number}": 1,
    "/thread/{number}": 2,
    "/background": 3,
    "/task": 4,
    "/stream": 2,
    "/v1/inner/{number}": 3,
    "/mounted/deep/{number}": 2,
    "/innocent": 0,
    "/raw": 0,
}
# With one for each request of the route that starts a raw thread.
ALL_BLOCKS = ROUNDS * (sum(BLOCKS.values()) + 1) + LOOP_ROUNDS
HEADERS = {"authorization": "Bearer a-token-for-tests"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    environment = {
        "LEAKPROBE_TOKEN": "a-token-for-tests",
        "LEAKPROBE_DIRECTORY": str(tmp_path_factory.mktemp("run") / "private"),
        "LEAKPROBE_TRACER": "sampled",
        "LEAKPROBE_SAMPLE_BYTES": "8192",
        "PYTHONPATH": str(Path.cwd()),
    }
    with serve("tests.route_service:app", environment) as service:
        asyncio.run(load(service))
        yield service


async def load(service: Service) -> None:
    """So many requests of every route in one disorder, on 40 connections."""
    numbers = count()
    paths = [path for path in BLOCKS for _ in range(ROUNDS)]
    random.shuffle(paths)
    todo = iter(path.format(number=next(numbers)) for path in paths)

    async def work(client: httpx.AsyncClient) -> None:
        for path in todo:
            assert (await client.post(path)).status_code == 200

    async with httpx.AsyncClient(base_url=service.url, timeout=60) as client:
        await asyncio.gather(*(work(client) for _ in range(CONNECTIONS)))
        async with asyncio.timeout(30):  # some of it outlives its request
            while (await client.get("/kept")).json() < ALL_BLOCKS:
                pass


def ask(service: Service, path: str) -> list[dict[str, Any]]:
    answer = httpx.get(f"{service.url}/debug/memory{path}", headers=HEADERS, timeout=60)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["rows"]
    return found


def rows(service: Service, path: str) -> dict[str, dict[str, Any]]:
    return {row["route"]: row for row in ask(service, path)}


@pytest.fixture(scope="module")
def growth(service: Service) -> dict[str, dict[str, Any]]:
    """What grew by route, on the service's own lines only."""
    return rows(service, "/diff?format=json&by=route&limit=100&include=route_service.py")


@pytest.mark.parametrize("path", [path for path, blocks in BLOCKS.items() if blocks])
def test_a_route_is_charged_with_what_it_keeps(
    growth: dict[str, dict[str, Any]], path: str
) -> None:
    row = growth[f"POST {path}"]
    truth = ROUNDS * BLOCKS[path] * KEPT_BYTES
    error = row["bytes_error"]
    assert 0 < error < 0.1 * truth
    # A block has a header; lists and tasks of the service come on top.
    assert abs(row["bytes_diff"] - truth) <= 0.02 * truth + 50_000 + MOST_ERRORS * error
    assert row["bytes_per_request"] == pytest.approx(row["bytes_diff"] / ROUNDS)


@pytest.mark.parametrize("path", [path for path, blocks in BLOCKS.items() if not blocks])
def test_an_innocent_route_is_charged_with_nothing(
    growth: dict[str, dict[str, Any]], path: str
) -> None:
    row = growth.get(f"POST {path}", {"bytes_diff": 0})
    assert row["bytes_diff"] < ROUNDS * KEPT_BYTES * 0.05


def test_what_no_request_caused_is_untagged(growth: dict[str, dict[str, Any]]) -> None:
    row = growth["untagged"]
    truth = (LOOP_ROUNDS + ROUNDS) * KEPT_BYTES
    assert (
        abs(row["bytes_diff"] - truth) <= 0.02 * truth + 50_000 + MOST_ERRORS * row["bytes_error"]
    )


def test_the_table_of_routes_shows_what_each_holds(service: Service) -> None:
    table = rows(service, "/routes?format=json&limit=100")
    for path, blocks in BLOCKS.items():
        row = table[f"POST {path}"]
        assert row["requests"] == ROUNDS, "a request was counted twice or not at all"
        # All lines count here, caches of the frameworks too.
        off = row["live_bytes"] - ROUNDS * blocks * KEPT_BYTES
        error = MOST_ERRORS * row["live_bytes_error"]
        assert -error <= off <= error + 1_000_000, path
    assert table["untagged"]["requests"] == 0
    assert table["untagged"]["live_bytes"] > ROUNDS * KEPT_BYTES


def test_nothing_of_ours_is_charged_to_the_application(service: Service) -> None:
    for page in ("/", "/routes", "/diff", "/types", "/history"):
        url = f"{service.url}/debug/memory{page}?format=html"
        assert httpx.get(url, headers=HEADERS, timeout=60).status_code == 200
    found = ask(service, "/diff?format=json&by=stack&limit=1000")
    package = f"{Path(leakprobe.__file__).parent}/"
    middleware = f"{package}web/middleware.py"
    files = {frame["file"] for row in found for frame in row["stack"] or ()}
    assert middleware in files, "stacks of requests go through it"
    # What started this service is at the bottom of its stacks.
    through = {middleware, f"{package}demo/tied.py"}
    assert {file for file in files if file.startswith(package)} <= through
    assert [row["file"] for row in found if row["file"].startswith(package)] == []
