import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from leakprobe.web.route_memo import Memo
from leakprobe.web.route_names import RouteNames
from tests.native import needs_requests
from tests.web.routed_apps import fastapi_app, number, ok, starlette_app


def only_names() -> RouteNames[str]:
    return RouteNames(lambda label, scope: label, native_memo() if memos[-1] == "native" else None)


memos = ["python"]


def native_memo() -> Memo[str]:
    from leakprobe.capture._native import _requests

    return _requests.Memo()


@pytest.fixture(autouse=True, params=["python", pytest.param("native", marks=needs_requests)])
def _memo(request: pytest.FixtureRequest) -> Iterator[None]:
    """Everything here holds for what is remembered in Python and natively."""
    memos.append(request.param)
    yield
    memos.pop()


class Noting:
    """Stands where our middleware stands, and keeps the label of the last request."""

    def __init__(self, app: ASGIApp, names: RouteNames[str] | None = None) -> None:
        self.app = app
        self.names = names or only_names()
        self.label = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
        self.label = self.names.of(scope)


def labels(
    app: ASGIApp, *paths: str, method: str = "GET", host: str = "t", root_path: str = ""
) -> list[str]:
    """The label of each request, every one asked twice: found out, then remembered."""
    noting = Noting(app)

    async def ask() -> list[str]:
        found = []
        transport = httpx.ASGITransport(noting, root_path=root_path)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            for path in paths:
                await client.request(method, path)
                first = noting.label
                await client.request(method, path)
                assert noting.label == first
                found.append(first)
        return found

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/", "GET /"),
        ("/items/7", "GET /items/{n}"),
        ("/items/007", "GET /items/{n}"),
        ("/files/a/b/c", "GET /files/{p}"),
        ("/files/%7Bp%7D/..%2f", "GET /files/{p}"),
        ("/class/5", "GET /class/{x}"),
        ("/st/p/st", "GET /st/p/{q}"),
        ("/st/deep/st/w/st", "GET /st/deep/{z}/w/{v}"),
        ("/st/deep/8/nope", "GET /st/deep/{z}/{path}"),
        ("/num/007/leaf/5", "GET /num/{n}/leaf/{x}"),
        ("/guarded/1/in/2", "GET /guarded/{g}/in/{x}"),
        ("/wrapped/1/in/2", "GET /wrapped/{g}/in/{x}"),
        ("/static/file.txt", "GET /static/{path}"),
        ("/static/missing", "GET /static/{path}"),
        ("/nope", "(unmatched)"),
        ("/items/x", "(unmatched)"),
        ("/slash", "(unmatched)"),
    ],
)
def test_starlette(tmp_path: Path, path: str, label: str) -> None:
    assert labels(starlette_app(tmp_path), path) == [label]


def test_host_route(tmp_path: Path) -> None:
    app = starlette_app(tmp_path)
    found = labels(app, "/hosts/hosted/5", "/hosts/other", host="hosts.example")
    assert found == ["GET /hosts/hosted/{i}", "GET /hosts/{path}"]


@pytest.mark.parametrize(
    ("method", "label"),
    [
        ("PUT", "PUT /items/{n}"),
        ("HEAD", "HEAD /items/{n}"),
        ("DELETE", "DELETE /items/{n}"),  # 405: the route is known
        ("BREW", "(other) /items/{n}"),
    ],
)
def test_methods(tmp_path: Path, method: str, label: str) -> None:
    assert labels(starlette_app(tmp_path), "/items/7", method=method) == [label]


def keeping(app: ASGIApp, kept: Scope) -> ASGIApp:
    async def keep(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)
        kept.update(scope)

    return keep


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/direct/5", "GET /direct/{n}"),
        ("/direct/x", "GET /direct/{n}"),  # 422
        ("/api/v1/acme/items/5", "GET /api/v1/{tenant}/items/{n}"),
        ("/other/items/5", "GET /other/items/{n}"),
        ("/inc/1/plain/2", "GET /inc/{k}/plain/{z}"),
        ("/inc/1/mounted/2/w/3", "GET /inc/{k}/mounted/{q}/w/{v}"),
        ("/inc/1/mounted/2/nope", "GET /inc/{k}/mounted/{q}/{path}"),
        ("/added/2", "GET /added/{z}"),
        ("/sub/acme/leaf/5", "GET /sub/{org}/leaf/{n}"),
        ("/sub/acme/docs", "GET /sub/{org}/docs"),
        ("/sub/acme/nope", "GET /sub/{org}/{path}"),
        ("/twice/leaf/5", "GET /twice/leaf/{n}"),
        ("/outer/inner/leaf/5", "GET /outer/inner/leaf/{n}"),
        ("/outer/inner/docs", "GET /outer/inner/docs"),
        ("/docs", "GET /docs"),
        ("/openapi.json", "GET /openapi.json"),
        ("/nope", "(unmatched)"),
    ],
)
def test_fastapi(path: str, label: str) -> None:
    assert labels(fastapi_app(), path) == [label]


def test_one_names_object_tells_all_routes_apart() -> None:
    paths = [
        "/direct/5",
        "/other/items/5",
        "/twice/leaf/5",
        "/sub/a/leaf/5",
        "/docs",
        "/twice/docs",
    ]
    expected = ["/direct/{n}", "/other/items/{n}", "/twice/leaf/{n}", "/sub/{org}/leaf/{n}"]
    found = labels(fastapi_app(), *paths)
    assert found == [f"GET {p}" for p in [*expected, "/docs", "/twice/docs"]]


@pytest.mark.parametrize("root_path", ["", "/behind/a/proxy", "/sub"])
def test_root_path_of_the_server_is_no_part_of_the_label(root_path: str) -> None:
    paths = [f"{root_path}/sub/acme/leaf/5", f"{root_path}/added/2", f"{root_path}/twice/leaf/5"]
    found = labels(fastapi_app(), *paths, root_path=root_path)
    assert found == ["GET /sub/{org}/leaf/{n}", "GET /added/{z}", "GET /twice/leaf/{n}"]


def test_root_path_of_a_fastapi_application() -> None:
    app = FastAPI()
    app.root_path = "/prefix"  # the constructor's argument is deprecated
    app.get("/direct/{n}")(number)
    assert labels(app, "/prefix/direct/5", "/direct/5") == ["GET /direct/{n}"] * 2


def test_middleware_that_keeps_the_scope_hides_nothing(tmp_path: Path) -> None:
    class Based(BaseHTTPMiddleware):
        async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
            return await call_next(request)

    app = starlette_app(tmp_path)
    app.add_middleware(Based)
    assert labels(app, "/items/7", "/nope") == ["GET /items/{n}", "(unmatched)"]


def test_copied_scope_is_unknown(tmp_path: Path) -> None:
    app = starlette_app(tmp_path)

    async def copying(scope: Scope, receive: Receive, send: Send) -> None:
        await app(dict(scope), receive, send)

    assert labels(copying, "/items/7") == ["(unknown)"]


def test_answer_of_a_middleware_is_unknown(tmp_path: Path) -> None:
    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("no")(scope, receive, send)

    assert labels(answering, "/items/7") == ["(unknown)"]


# What other versions and other frameworks leave in the scope


def without_route(app: ASGIApp) -> ASGIApp:
    """As Starlette before it wrote the route into the scope."""

    async def older(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)
        scope.pop("route", None)

    return older


async def other(_: Request) -> Response:
    return PlainTextResponse("other")


def test_without_a_route_the_endpoint_is_looked_up() -> None:
    app = Starlette(
        routes=[
            Route("/a/{x}", ok),
            Route("/b/{x}/c", ok),
            Route("/b/{x}/d", ok),
            Route("/d", ok),
            Route("/deep/{p:path}", ok),
            Mount("/m/{x}", routes=[Route("/a/{y}", ok), Route("/only/{y}", other)]),
        ]
    )
    paths = ["/a/1", "/b/1/c", "/b/1/d", "/d", "/deep/a/b/c", "/m/1/a/2", "/m/1/only/2"]
    expected = [
        "/a/{x}",
        "/b/{x}/c",
        "/b/{x}/d",
        "/d",
        "/deep/{p}",
        "/m/{x}/a/{y}",
        "/m/{x}/only/{y}",
    ]
    assert labels(without_route(app), *paths) == [f"GET {p}" for p in expected]


def hidden(app: ASGIApp) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """A wrapper whose application the routing table does not show."""

    async def wrapper(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return wrapper


def test_route_below_a_wrapped_mount() -> None:
    inner = Starlette(routes=[Route("/leaf/{x}", ok)])
    app = Starlette(
        routes=[
            Mount("/one", app=hidden(inner)),
            Mount("/two", app=hidden(inner)),
            Mount("/for/{tenant}", app=hidden(inner)),
        ]
    )
    paths = ["/one/leaf/1", "/two/leaf/1", "/for/acme/leaf/1", "/for/one/leaf/1"]
    assert labels(app, *paths) == [
        "GET /one/leaf/{x}",
        "GET /two/leaf/{x}",
        "GET /{mount}/leaf/{x}",
        "GET /{mount}/leaf/{x}",
    ]


def test_endpoint_of_an_unknown_router_is_unknown() -> None:
    assert only_names().of({"method": "GET", "path": "/x", "endpoint": ok}) == "(unknown)"


def test_route_without_a_router_is_named_by_itself() -> None:
    route = Route("/x/{y}", ok)
    scope = {"method": "GET", "path": "/x/5", "endpoint": ok, "route": route}
    assert only_names().of(scope) == "GET /x/{y}"


def test_bare_route_as_an_application() -> None:
    assert labels(Route("/bare/{x}", ok), "/bare/5") == ["(unknown)"]


def test_route_added_while_running(tmp_path: Path) -> None:
    app = starlette_app(tmp_path)
    noting = Noting(app)
    assert labels(noting, "/late/1") == ["(unmatched)"]
    app.router.routes.append(Route("/late/{x}", ok))
    assert labels(noting, "/late/1") == ["GET /late/{x}"]


@pytest.fixture
def routed(tmp_path: Path) -> Iterator[Scope]:
    scope: Scope = {}
    labels(keeping(starlette_app(tmp_path), scope), "/items/7")
    yield scope
    scope.clear()


def test_route_that_is_gone_is_forgotten(routed: Scope) -> None:
    assert (names := only_names()).of(routed) == "GET /items/{n}"
    route = weakref.ref(routed["route"])
    routed.clear()
    gc.collect()
    assert route() is None
    assert len(names._known) == 0


def test_what_is_remembered_is_bounded(routed: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leakprobe.web.route_names.MOST_KNOWN", 3)
    names = only_names()
    endpoints = [lambda: None for _ in range(10)]
    for endpoint in endpoints:
        names.of({**routed, "endpoint": endpoint})
        assert len(names._known) <= 3


class Slotted:
    __slots__ = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("ok")(scope, receive, send)


def test_application_that_cannot_be_referred_to_weakly() -> None:
    assert labels(Starlette(routes=[Mount("/s", Slotted())]), "/s/1") == ["GET /s/{path}"]


class Biting(Route):
    """A route of an application that does not want to be looked at."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"looked for {name}")

    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared")

    def __hash__(self) -> int:
        raise AssertionError("hashed")


def test_route_classes_of_the_application_are_only_read() -> None:
    routes: list[BaseRoute] = [Biting("/a/{x}", ok), Biting("/b/{x}", ok)]
    app = Starlette(routes=[Mount("/m/{y}", routes=routes), *routes])
    expected = ["GET /a/{x}", "GET /b/{x}", "GET /m/{y}/b/{x}"]
    assert labels(app, "/a/1", "/b/1", "/m/1/b/2") == expected


def test_long_path_of_slashes_is_no_work() -> None:
    app = Starlette(routes=[Route("/a/{p:path}", ok), Route("/b/{p:path}", ok)])
    assert labels(without_route(app), "/b/" + "/" * 5000) == ["GET /b/{p}"]
