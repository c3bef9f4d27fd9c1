"""What was made of the routes that requests took before, found with one look-up.

The reference of the native memo (`_requests.Memo`), which finds the same by the same key.
"""

from typing import Generic, Protocol, TypeVar

from starlette.types import Scope

__all__ = ["METHODS", "Ids", "Key", "Memo", "RouteMemo", "key_of", "written"]

METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"}
)

Ids = tuple[int, int, int]
Key = tuple[int, int, int, str]
# What a user of the memo keeps of each route.
Met = TypeVar("Met")


class Memo(Protocol[Met]):
    """What both can do, the native one and that in Python."""

    def find(self, scope: Scope, /) -> Met | None:
        """What is remembered of the route that a request took; None: nothing."""

    def remember(self, key: Key, value: Met, /) -> None:
        """Keep what was made of a route with one of the `METHODS`, until it is forgotten."""

    def forget(self, ids: Ids, /) -> None:
        """Forget a route, with all its methods; nothing where it is not known."""

    def clear(self) -> None:
        """Forget everything."""

    def __len__(self) -> int: ...


def written(scope: Scope) -> tuple[object, object, object]:
    """What a router writes: the endpoint, the route that led there, and FastAPI's own route."""
    fastapi = scope.get("fastapi")
    context = fastapi.get("effective_route_context") if type(fastapi) is dict else None
    return scope.get("endpoint"), scope.get("route"), context


def key_of(scope: Scope) -> Key:
    """What tells a route from every other: what a router wrote into the scope, and the method.

    The first three are identities, and hold for as long as the objects live.
    """
    endpoint, route, context = written(scope)
    return id(endpoint), id(route), id(context), scope.get("method", "")


class RouteMemo(Generic[Met]):
    """The memo in Python."""

    def __init__(self) -> None:
        self._routes: dict[Key, Met] = {}

    def find(self, scope: Scope, /) -> Met | None:
        """What is remembered of the route that a request took; None: nothing."""
        return self._routes.get(key_of(scope))

    def remember(self, key: Key, value: Met, /) -> None:
        """Keep what was made of a route with one of the `METHODS`, until it is forgotten."""
        self._routes[key] = value

    def forget(self, ids: Ids, /) -> None:
        """Forget a route, with all its methods; nothing where it is not known."""
        for method in METHODS:
            self._routes.pop((*ids, method), None)

    def clear(self) -> None:
        """Forget everything."""
        self._routes.clear()

    def __len__(self) -> int:
        return len(self._routes)
