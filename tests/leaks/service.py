"""What the services of `tests/leaks/cases` have in common: the agent and a busy innocent route."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI

from leakprobe import LeakProbeMiddleware

__all__ = ["make_service", "rows"]

ROWS = 300

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def make_service(lifespan: Lifespan | None = None) -> FastAPI:
    """A FastAPI application with the agent, and `GET /innocent` beside what is planted."""
    app = FastAPI(lifespan=lifespan)
    app.add_middleware(LeakProbeMiddleware)
    app.get("/innocent")(rows)
    return app


async def rows() -> list[dict[str, object]]:
    """As JSON: some hundred objects that go with the request."""
    return [{"number": n, "name": f"row {n}", "tags": [str(n), "row"]} for n in range(ROWS)]
