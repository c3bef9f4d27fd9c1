"""The example service under real uvicorn and real load: what was planted must be found.

The three leaks and the innocent routes are `examples/subtitle_service.py`; its constants
are the truth.
"""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import leakprobe
from examples import subtitle_service as planted
from leakprobe.demo.service_process import Service
from tests.native import needs_sampler
from tests.services import serve

CONNECTIONS = 16
ROUNDS = 25
LEAKING = ("/asr", "/models/unload", "/detect-language")
INNOCENT = ("/subtitles/convert", "/subtitles/shift")
TOKEN = "a-token-for-tests"
HEADERS = {"authorization": f"Bearer {TOKEN}"}
FILE = planted.__file__


@pytest.fixture(
    scope="module", params=["tracemalloc", pytest.param("sampled", marks=needs_sampler)]
)
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    environment = {
        "LEAKPROBE_TOKEN": TOKEN,
        "LEAKPROBE_TRACER": request.param,
        # At the default one of 25 blocks of half a megabyte goes unseen in one run of eighty.
        "LEAKPROBE_SAMPLE_BYTES": "32768",
        "LEAKPROBE_DIRECTORY": str(tmp_path_factory.mktemp("run") / "private"),
        "PYTHONPATH": str(Path.cwd()),
    }
    with serve("examples.subtitle_service:app", environment) as service:
        asyncio.run(load(service, ROUNDS))
        yield service


async def load(service: Service, rounds: int) -> list[int]:
    """So many requests of every route on 16 connections; answers the status codes."""
    paths = iter([path for _ in range(rounds) for path in LEAKING + INNOCENT])
    statuses: list[int] = []

    async def work(client: httpx.AsyncClient) -> None:
        statuses.extend([(await client.post(path)).status_code for path in paths])

    async with httpx.AsyncClient(base_url=service.url, timeout=60) as client:
        await client.get("/status/none")
        await asyncio.gather(*(work(client) for _ in range(CONNECTIONS)))
    return statuses


def ask(service: Service, path: str) -> httpx.Response:
    answer = httpx.get(f"{service.url}/debug/memory{path}", headers=HEADERS, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer


def rows(service: Service, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(service, path).json()["rows"]
    return found


def line_of(text: str) -> int:
    lines = Path(FILE).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def assert_leaks(row: dict[str, Any], planted_bytes: int) -> None:
    """The row grew by what was planted, within a twentieth and what its error allows."""
    around = 0.05 * planted_bytes + 5 * row["bytes_error"] / ROUNDS
    assert row["bytes_per_request"] == pytest.approx(planted_bytes, abs=around)


def test_the_first_row_of_the_diff_is_the_planted_leak(service: Service) -> None:
    found = rows(service, "/diff?format=json&limit=5")
    first = found[0]
    assert (first["file"], first["function"], first["route"]) == (FILE, "asr", "POST /asr")
    assert first["line"] == line_of("upload.ljust(ASR_LEAK_BYTES")
    assert_leaks(first, planted.ASR_LEAK_BYTES)
    assert first["objects_diff"] == ROUNDS
    exact = ask(service, "/?format=json").json()["agent"]["tracer"] == "tracemalloc"
    assert (first["bytes_error"] == 0) is exact
    assert first["bytes_error"] < 0.05 * first["bytes_diff"]
    others = {row["function"]: row for row in found[1:3]}
    buffers, states = others["detect_language"], others["unload_model"]
    assert_leaks(buffers, planted.DETECT_LEAK_BYTES)
    assert_leaks(states, planted.UNLOAD_LEAK_BYTES)
    innocent = {"convert", "convert_piece", "shift", "shift_piece"}
    assert not innocent & {row["function"] for row in found}


@pytest.mark.parametrize("by", ["function", "file", "stack"])
def test_every_way_to_group_begins_with_the_planted_leak(service: Service, by: str) -> None:
    first = rows(service, f"/diff?format=json&by={by}")[0]
    assert first["file"] == FILE
    assert first["function"] == (None if by == "file" else "asr")


def test_globs_choose_files(service: Service) -> None:
    only = rows(service, "/diff?format=json&include=subtitle_service.py")
    assert {row["file"] for row in only} == {FILE}
    without = rows(service, "/diff?format=json&exclude=subtitle_service.py")
    assert without
    assert FILE not in {row["file"] for row in without}


def test_nothing_of_ours_is_in_the_diff(service: Service) -> None:
    found = rows(service, "/diff?format=json&limit=1000")
    package = f"{Path(leakprobe.__file__).parent}/"
    assert not [row["file"] for row in found if row["file"].startswith(package)]


def test_the_leaked_types_lead_the_types(service: Service) -> None:
    found = rows(service, "/types?format=json")
    by_type = {row["type"]: row for row in found}
    assert found[0]["type"] == "examples.subtitle_service.TaskResult"
    assert {"_io.BytesIO", "threading.Timer"} <= set(list(by_type)[:4])
    for name in ("examples.subtitle_service.TaskResult", "_io.BytesIO", "threading.Timer"):
        assert by_type[name]["objects_diff"] == ROUNDS
    owned = by_type["examples.subtitle_service.TaskResult"]["owned_bytes_diff"]
    assert owned == pytest.approx(ROUNDS * planted.ASR_LEAK_BYTES, rel=0.05)


def test_the_timer_threads_are_one_group(service: Service) -> None:
    found = rows(service, "/threads?format=json")
    assert found[0]["count"] == ROUNDS
    assert any(frame["function"] == "Timer.run" for frame in found[0]["stack"])
    assert not [row for row in found if row["name"].startswith("leakprobe")]
    apart = rows(service, "/threads?format=json&group=false")
    assert sum(row["count"] for row in found) == len(apart)


def test_the_holder_is_named_in_words_and_in_a_picture(service: Service) -> None:
    path = "/referrers?type=examples.subtitle_service.TaskResult"
    graph = ask(service, f"{path}&format=json").json()
    assert graph["objects"] == ROUNDS
    assert graph["paths"][0]["text"] == "examples.subtitle_service.task_results[…]"
    text = ask(service, path).text
    assert "task_results" in text
    assert "task-1" not in text  # a key of the application's: not without reveal
    picture = ask(service, f"{path}&format=png")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG\r\n")


def test_routes_are_counted_by_template(service: Service) -> None:
    counts = {row["route"]: row for row in rows(service, "/routes?format=json")}
    for path in LEAKING + INNOCENT:
        assert counts[f"POST {path}"]["requests"] == ROUNDS
        assert counts[f"POST {path}"]["errors"] == 0
    assert counts["GET /status/{task_id}"]["requests"] == 1


def test_the_endpoints_answer_while_the_service_is_hammered(service: Service) -> None:
    async def run() -> tuple[list[int], list[tuple[str, int]]]:
        hammering = asyncio.ensure_future(load(service, ROUNDS))
        answers: list[tuple[str, int]] = []
        base = f"{service.url}/debug/memory"
        async with httpx.AsyncClient(headers=HEADERS, timeout=60) as client:
            while not hammering.done():
                paths = ("/", "/diff", "/types", "/threads", "/tasks", "/history")
                answers += [(path, (await client.get(base + path)).status_code) for path in paths]
        return await hammering, answers

    statuses, answers = asyncio.run(run())
    assert statuses == [200] * len(statuses)
    assert len(statuses) == ROUNDS * len(LEAKING + INNOCENT)
    assert {status for _, status in answers} == {200}
    assert {path for path, _ in answers} >= {"/", "/diff", "/types"}


def test_it_ends_cleanly_when_it_is_told_to(tmp_path: Any) -> None:
    environment = {"LEAKPROBE_DIRECTORY": str(tmp_path / "run"), "PYTHONPATH": str(Path.cwd())}
    with serve("examples.subtitle_service:app", environment) as service:
        httpx.post(f"{service.url}/asr")
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(30) in {0, -signal.SIGTERM}
        assert "Traceback" not in service.last_lines()
    assert (tmp_path / "run" / "token").stat().st_mode & 0o777 == 0o600
