"""Applications with routes of every kind, as routers of Starlette and FastAPI nest them."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["fastapi_app", "number", "ok", "starlette_app"]


class Through:
    """A middleware of an application's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


async def ok(_: Request) -> Response:
    return PlainTextResponse("ok")


async def number(n: int) -> int:
    return n


class Classy(HTTPEndpoint):
    async def get(self, _: Request) -> Response:
        return PlainTextResponse("ok")


def starlette_app(tmp_path: Path) -> Starlette:
    (tmp_path / "file.txt").write_text("x")
    deep = Mount("/deep/{z}", routes=[Route("/w/{v}", ok)])
    hosted = Host("{tenant}.example", app=Router(routes=[Route("/hosted/{i}", ok)]))
    return Starlette(
        routes=[
            Route("/", ok),
            Route("/items/{n:int}", ok, methods=["GET", "PUT"]),
            Route("/files/{p:path}", ok),
            Route("/class/{x}", Classy),
            Route("/slash/", ok),
            Mount("/st", Starlette(routes=[Route("/p/{q}", ok), deep])),
            Mount("/num/{n:int}", Starlette(routes=[Route("/leaf/{x}", ok)])),
            Mount("/guarded/{g}", app=CORSMiddleware(Starlette(routes=[Route("/in/{x}", ok)]))),
            Mount("/wrapped/{g}", routes=[Route("/in/{x}", ok)], middleware=[Middleware(Through)]),
            Mount("/static", StaticFiles(directory=tmp_path)),
            Mount("/hosts", Starlette(routes=[hosted])),
        ]
    )


def fastapi_app() -> FastAPI:
    items = APIRouter(prefix="/items")
    items.get("/{n}")(number)
    versions = APIRouter(prefix="/v1/{tenant}")
    versions.include_router(items)
    plain = APIRouter()
    plain.add_route("/plain/{z}", ok)
    plain.mount("/mounted/{q}", Starlette(routes=[Route("/w/{v}", ok)]))
    sub = FastAPI()
    sub.get("/leaf/{n}")(number)
    app = FastAPI()
    app.get("/direct/{n}")(number)
    app.include_router(versions, prefix="/api")
    app.include_router(items, prefix="/other")
    app.include_router(plain, prefix="/inc/{k}")
    app.add_route("/added/{z}", ok)
    app.mount("/sub/{org}", sub)
    app.mount("/twice", sub)
    app.mount("/outer", Starlette(routes=[Mount("/inner", app=sub)]))
    return app
