"""The middleware on FastAPI and Starlette applications, without and with lifespan."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, Unpack

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.types import Message, Receive, Scope, Send

from leakprobe import LeakProbe, LeakProbeMiddleware, Settings
from leakprobe.agent import running_agent
from leakprobe.capture import native, tracer
from leakprobe.errors import SettingsError
from leakprobe.settings import SettingsByName
from tests.native import needs_requests
from tests.web.asgi import TOKEN, client, lifespan

SETTINGS: SettingsByName = {"token": TOKEN, "tracer": "off", "heap_budget": 0.0}


@pytest.fixture(autouse=True, params=["python", pytest.param("native", marks=needs_requests)])
def _core(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything here holds for the request path in Python and for the native one."""
    if request.param == "python":
        monkeypatch.setattr(native, "requests_missing", lambda: "a test says so")


@pytest.fixture(autouse=True)
def _agent_stopped() -> Iterator[None]:
    yield
    agent = running_agent()
    if isinstance(agent, LeakProbe):
        agent.stop()


def merged(settings: SettingsByName) -> SettingsByName:
    both = SETTINGS.copy()
    both.update(settings)
    return both


def fastapi_app(**settings: Unpack[SettingsByName]) -> FastAPI:
    app = FastAPI()
    app.add_middleware(LeakProbeMiddleware, **merged(settings))

    @app.get("/items/{item_id}")
    async def item(item_id: int) -> int:
        return item_id

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("planted")

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            for number in range(3):
                yield b"%d\n" % number

        return StreamingResponse(pieces())

    return app


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"hello {request.path_params.get('name')}")


def starlette_app(**settings: Unpack[SettingsByName]) -> Starlette:
    app = Starlette(routes=[Route("/hello/{name}", hello)])
    app.add_middleware(LeakProbeMiddleware, **merged(settings))
    return app


def test_counts_by_template_and_serves_the_endpoints_beside_the_application() -> None:
    async def run() -> dict[str, Any]:
        app = fastapi_app()
        async with lifespan(app) as sent, client(app) as asked:
            assert sent == ["lifespan.startup.complete"]
            for number in range(5):
                assert (await asked.get(f"/items/{number}")).json() == number
            assert (await asked.get("/nowhere")).status_code == 404
            assert (await asked.get("/neither")).status_code == 404
            assert (await asked.get("/broken")).status_code == 500
            answer: dict[str, Any] = (await asked.get("/debug/memory/routes?format=json")).json()
            return answer

    rows = {row["route"]: row for row in asyncio.run(run())["rows"]}
    assert rows["GET /items/{item_id}"]["requests"] == 5
    assert rows["GET /items/{item_id}"]["errors"] == 0
    assert rows["GET /broken"]["errors"] == 1
    unmatched = [row for route, row in rows.items() if "unmatched" in route]
    assert [row["requests"] for row in unmatched] == [2]
    assert not any("/debug/memory" in route for route in rows)
    assert running_agent() is None


def test_starts_with_the_first_request_where_there_is_no_lifespan() -> None:
    async def run() -> int:
        app = starlette_app()
        async with client(app) as asked:
            assert running_agent() is None
            assert (await asked.get("/hello/you")).text == "hello you"
            assert running_agent() is not None
            return (await asked.get("/debug/memory/")).status_code

    assert asyncio.run(run()) == 200


@pytest.mark.parametrize("root_path", ["", "/behind/a/proxy"])
def test_works_below_another_path_and_with_a_root_path(root_path: str) -> None:
    async def run() -> None:
        outer = Starlette(routes=[Mount("/inner", app=starlette_app())])
        async with client(outer, root_path) as asked:
            prefix = f"{root_path}/inner" if root_path else "/inner"
            assert (await asked.get(f"{prefix}/hello/you")).status_code == 200
            page = await asked.get(f"{prefix}/debug/memory/", headers={"accept": "text/html"})
            assert page.status_code == 200
            assert f'href="{prefix}/debug/memory/diff' in page.text
            assert (await asked.get("/debug/memory/")).status_code == 404

    asyncio.run(run())


def test_a_path_that_only_begins_like_ours_is_the_applications() -> None:
    async def run() -> None:
        app = starlette_app(path="/hello/mem")
        async with client(app) as asked:
            assert (await asked.get("/hello/memory")).text == "hello memory"
            assert (await asked.get("/hello/mem")).text != "hello mem"

    asyncio.run(run())


def test_streaming_arrives_piece_by_piece() -> None:
    messages: list[Message] = []

    async def run() -> None:
        app = fastapi_app()
        scope: Scope = {
            "type": "http", "method": "GET", "path": "/stream", "raw_path": b"/stream",
            "query_string": b"", "headers": [], "asgi": {"version": "3.0"}, "scheme": "http",
        }  # fmt: skip

        still_connected = asyncio.Event()

        async def receive() -> Message:
            await still_connected.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            messages.append(message)

        await app(scope, receive, send)

    asyncio.run(run())
    assert [message.get("body") for message in messages[1:]] == [b"0\n", b"1\n", b"2\n", b""]


def test_a_websocket_and_anything_unknown_pass_untouched() -> None:
    seen: list[tuple[Scope, Receive, Send]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope, receive, send))

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None: ...

    async def run() -> None:
        middleware = LeakProbeMiddleware(app, **SETTINGS)
        for kind in ("websocket", "something-new"):
            scope = {"type": kind, "path": "/debug/memory/"}
            await middleware(scope, receive, send)
            assert seen.pop() == (scope, receive, send)

    asyncio.run(run())
    assert running_agent() is None


def test_disabled_it_hands_over_the_very_same_objects_and_starts_nothing() -> None:
    seen: list[tuple[Scope, Receive, Send]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope, receive, send))

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None: ...

    async def run() -> None:
        middleware = LeakProbeMiddleware(app, enabled=False)
        for scope in ({"type": "http", "path": "/debug/memory/"}, {"type": "lifespan"}):
            await middleware(scope, receive, send)
            assert seen.pop() == (scope, receive, send)
            assert seen == []

    asyncio.run(run())
    assert running_agent() is None


def test_the_applications_exception_goes_through_unchanged() -> None:
    planted = RuntimeError("planted")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise planted

    async def run() -> None:
        transport = httpx.ASGITransport(LeakProbeMiddleware(app, **SETTINGS))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as asked:
            with pytest.raises(RuntimeError) as raised:
                await asked.get("/")
            assert raised.value is planted

    asyncio.run(run())


def test_our_own_failure_is_counted_and_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> dict[str, Any]:
        app = starlette_app()
        async with client(app) as asked:
            await asked.get("/hello/first")
            agent = running_agent()
            assert isinstance(agent, LeakProbe)
            monkeypatch.setattr(agent.requests, "of", None)
            assert (await asked.get("/nowhere")).status_code == 404
            overview: dict[str, Any] = (await asked.get("/debug/memory/?format=json")).json()
            return overview

    agent = asyncio.run(run())["agent"]
    assert agent["errors"] == 1
    assert agent["last_error"].startswith("TypeError: ")


def test_a_second_middleware_shares_the_agent() -> None:
    async def run() -> None:
        first, second = starlette_app(), fastapi_app()
        async with lifespan(first):
            agent = running_agent()
            async with lifespan(second), client(second) as asked:
                assert running_agent() is agent
                assert (await asked.get("/items/1")).json() == 1
            assert running_agent() is agent
            assert isinstance(agent, LeakProbe)
            assert agent.requests.counts() == {"GET /items/{item_id}": 1}
        assert running_agent() is None

    asyncio.run(run())


def test_an_agent_that_was_started_by_hand_is_shared_and_left_running() -> None:
    async def run() -> None:
        with LeakProbe(Settings(**SETTINGS)) as probe:
            app = starlette_app()
            async with lifespan(app), client(app) as asked:
                await asked.get("/hello/you")
            assert running_agent() is probe
            assert probe.requests.total == 1

    asyncio.run(run())


def test_a_wrong_setting_fails_at_construction_with_one_line() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None: ...

    with pytest.raises(SettingsError, match=r"^setting interval_s=-1: must be seconds from"):
        LeakProbeMiddleware(app, interval_s=-1)
    with pytest.raises(SettingsError, match="no such setting"):
        LeakProbeMiddleware(app, intervall_s=1)  # type: ignore[call-arg]


def test_a_demanded_tracer_that_is_missing_stops_a_startup_but_no_request(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracer, "sampler_missing", lambda: "it is not built")

    async def run() -> None:
        app = starlette_app(tracer="sampled")
        with pytest.raises(SettingsError, match="native core cannot be used, it is not built"):
            async with lifespan(app):
                pass
        app = starlette_app(tracer="sampled")
        async with client(app) as asked:
            assert (await asked.get("/hello/you")).text == "hello you"
            assert (await asked.get("/hello/me")).text == "hello me"
            assert (await asked.get("/debug/memory/")).status_code == 404

    asyncio.run(run())
    assert [record.levelname for record in caplog.records] == ["ERROR"]
