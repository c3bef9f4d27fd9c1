"""A service in which every hostile object of the zoo lives as long as it does."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from leakprobe import LeakProbeMiddleware
from tests.hostile import touched, zoo

GROWTH_BYTES = 3_000_000

animals = zoo()
kept: list[bytearray] = []


class Held:
    """Something harmless that a module variable holds."""


held = [Held() for _ in range(7)]


async def grow(request: Request) -> PlainTextResponse:
    kept.append(bytearray(GROWTH_BYTES))
    return PlainTextResponse("")


async def bitten(request: Request) -> JSONResponse:
    """What hostile methods were called, by name."""
    return JSONResponse([str(what) for what in touched])


app = Starlette(routes=[Route("/grow", grow), Route("/bitten", bitten)])
app.add_middleware(LeakProbeMiddleware)
