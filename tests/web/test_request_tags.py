"""The middleware's tags: one a request, gone after it, whatever became of it."""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import Message, Receive, Scope, Send

from leakprobe import LeakProbe, LeakProbeMiddleware, Settings
from leakprobe.capture import native
from leakprobe.capture.route_tags import ROUTE_TAG
from leakprobe.settings import SettingsByName
from tests.native import needs_requests
from tests.web.asgi import TOKEN, client

SETTINGS: SettingsByName = {"token": TOKEN, "tracer": "off", "heap_budget": 0.0}


class FakeTag:
    """A tag that remembers its route."""

    made: list["FakeTag"] = []  # noqa: RUF012 - emptied by the fixture

    def __init__(self) -> None:
        self.routes: list[int] = []
        self.made.append(self)

    def resolve(self, route: int) -> None:
        self.routes.append(route)


@pytest.fixture
def probe() -> Iterator[LeakProbe]:
    FakeTag.made.clear()
    with LeakProbe(Settings(**SETTINGS)) as probe:
        probe.route_tags.start(FakeTag)  # type: ignore[arg-type]  # stands for a native tag
        yield probe


seen: list[object] = []


def note_tag() -> None:
    seen.append(ROUTE_TAG.get(None))


@pytest.fixture(autouse=True, params=["python", pytest.param("native", marks=needs_requests)])
def _core(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything here holds for the request path in Python and for the native one."""
    if request.param == "python":
        monkeypatch.setattr(native, "requests_missing", lambda: "a test says so")


@pytest.fixture(autouse=True)
def _nothing_seen() -> Iterator[None]:
    yield
    seen.clear()


async def item(request: Request) -> Response:
    note_tag()
    return PlainTextResponse("item", background=BackgroundTask(note_tag))


def in_a_thread(request: Request) -> Response:
    note_tag()
    return PlainTextResponse("thread")


async def stream(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(2):
            note_tag()
            yield b"piece"

    return StreamingResponse(pieces())


async def broken(request: Request) -> Response:
    note_tag()
    raise RuntimeError("planted")


def application() -> Starlette:
    routes = [
        Route("/items/{name}", item),
        Route("/thread", in_a_thread),
        Route("/stream", stream),
        Route("/broken", broken),
    ]
    return Starlette(routes=routes)


def labels(probe: LeakProbe) -> list[list[str | None]]:
    """What each tag was told, in words."""
    return [[probe.route_tags.label(route) for route in tag.routes] for tag in FakeTag.made]


@asynccontextmanager
async def untagged_outside() -> AsyncIterator[None]:
    assert ROUTE_TAG.get(None) is None
    yield
    assert ROUTE_TAG.get(None) is None


@pytest.mark.parametrize(
    ("path", "label", "looks"),
    [
        ("/items/7", "GET /items/{name}", 2),
        ("/thread", "GET /thread", 1),
        ("/stream", "GET /stream", 2),
        ("/broken", "GET /broken", 1),
        ("/nowhere", "(unmatched)", 0),
    ],
)
def test_all_of_a_request_carries_one_tag_that_is_told_once(
    probe: LeakProbe, path: str, label: str, looks: int
) -> None:
    app = LeakProbeMiddleware(application(), **SETTINGS)

    async def run() -> None:
        async with client(app) as asked, untagged_outside():
            await asked.get(path)

    asyncio.run(run())
    assert seen == [FakeTag.made[0]] * looks
    assert labels(probe) == [[label]]


def test_nested_middlewares_count_and_tag_a_request_once(probe: LeakProbe) -> None:
    inner = LeakProbeMiddleware(application(), **SETTINGS)
    outer = LeakProbeMiddleware(Starlette(routes=[Mount("/v1", app=inner)]), **SETTINGS)

    async def run() -> None:
        async with client(outer) as asked, untagged_outside():
            assert (await asked.get("/v1/items/7")).text == "item"
            assert (await asked.get("/v1/debug/memory/")).status_code == 200
        async with client(inner) as asked:
            assert (await asked.get("/items/7")).text == "item"

    asyncio.run(run())
    assert labels(probe)[0] == ["GET /v1/items/{name}"]
    assert labels(probe)[-1] == ["GET /items/{name}"]
    assert probe.requests.counts()["GET /v1/items/{name}"] == 1
    assert probe.requests.counts()["GET /items/{name}"] == 1


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(message: Message) -> None: ...


def a_scope(kind: str = "http") -> Scope:
    return {"type": kind, "method": "GET", "path": "/x", "headers": []}


@pytest.mark.usefixtures("probe")
def test_a_request_that_is_cancelled_is_told_and_leaves_nothing() -> None:
    entered: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        entered.append(scope)
        note_tag()
        await asyncio.get_running_loop().create_future()

    async def run(scope: Scope) -> None:
        middleware = LeakProbeMiddleware(app, **SETTINGS)
        async with untagged_outside():
            with pytest.raises(TimeoutError):
                # In this task, so that what is left in the context would be seen here.
                async with asyncio.timeout(0.01):
                    await middleware(scope, receive, send)

    scope = a_scope()
    asyncio.run(run(scope))
    assert entered == [scope]
    assert scope == a_scope()
    assert [len(tag.routes) for tag in FakeTag.made] == [1]


def test_a_request_that_is_closed_from_another_context_is_told_all_the_same(
    probe: LeakProbe,
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.get_running_loop().create_future()

    async def run() -> Coroutine[None, None, None]:
        request = LeakProbeMiddleware(app, **SETTINGS)(a_scope(), receive, send)
        contextvars.copy_context().run(request.send, None)
        return request

    asyncio.run(run()).close()
    assert labels(probe) == [["(unknown)"]]
    assert ROUTE_TAG.get(None) is None


@pytest.mark.usefixtures("probe")
def test_the_scope_is_handed_down_as_the_very_same_and_given_back_clean() -> None:
    handed: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        handed.append(scope)

    async def run() -> None:
        middleware = LeakProbeMiddleware(app, **SETTINGS)
        for kind in ("http", "websocket"):
            scope = a_scope(kind)
            await middleware(scope, receive, send)
            assert handed.pop() is scope
            assert scope == a_scope(kind)

    asyncio.run(run())
    assert len(FakeTag.made) == 1, "a websocket was tagged"


def test_a_request_made_within_another_has_a_tag_of_its_own(probe: LeakProbe) -> None:
    inner = LeakProbeMiddleware(application(), **SETTINGS)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        note_tag()
        async with client(inner) as asked:
            await asked.get("/items/7")
        note_tag()

    async def run() -> None:
        await LeakProbeMiddleware(app, **SETTINGS)(a_scope(), receive, send)

    asyncio.run(run())
    outer, within = FakeTag.made
    assert seen == [outer, within, within, outer]
    assert labels(probe)[1] == ["GET /items/{name}"]


def test_an_agent_that_stops_meanwhile_takes_the_tag_away(probe: LeakProbe) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        probe.stop()
        note_tag()

    async def run() -> None:
        async with untagged_outside():
            await LeakProbeMiddleware(app, **SETTINGS)(a_scope(), receive, send)

    asyncio.run(run())
    assert seen == FakeTag.made


def test_a_route_that_cannot_be_named_still_gives_its_tag_back(
    probe: LeakProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None: ...

    middleware = LeakProbeMiddleware(app, **SETTINGS)
    monkeypatch.setattr(probe.requests, "of", None)

    async def run() -> None:
        async with untagged_outside():
            await middleware(a_scope(), receive, send)

    asyncio.run(run())
    assert [tag.routes for tag in FakeTag.made] == [[]]
