"""What the middleware does to each request of the application.

Each type has a reference in Python that says more: `Tally` is `capture.requests.RouteTally`,
`Memo` is `web.route_memo.RouteMemo`, `Watch` is `web.request_watch.RequestWatch`. All
functions need the GIL and hold no other lock.
"""

from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from typing import Any, Generic, Protocol, TypeVar, final

# ASGI says no more of the values in a scope; this is Starlette's own type.
_Scope = MutableMapping[str, Any]
_Met = TypeVar("_Met")

@final
class Tally:
    """The counts of one route, in a fixed size.

    Args:
        bounds: `array('d')` as bytes: upper bounds of the buckets, in seconds, ascending.

    Raises:
        ValueError: these are no doubles.
    """

    def __init__(self, bounds: bytes, /) -> None: ...
    def note(self, seconds: float, failed: bool, /) -> None:
        """Count a request that has ended."""

    def read(self) -> tuple[int, int, float, float, list[int]]:
        """Requests, errors, seconds of all, the longest, and requests by bucket."""

    def clear(self) -> None:
        """Start again from nothing."""

@final
class Memo(Generic[_Met]):
    """What was made of routes, by what a router writes into a scope.

    A method of more than eight letters, or other than ASCII, is not remembered.
    """

    def __init__(self) -> None: ...
    def find(self, scope: _Scope, /) -> _Met | None:
        """What is remembered of the route that a request took; None: nothing.

        Raises:
            TypeError: the scope is no dict.
        """

    def remember(self, key: tuple[int, int, int, str], value: _Met, /) -> None:
        """Keep what was made of a route."""

    def forget(self, ids: tuple[int, int, int], /) -> None:
        """Forget a route, with all its methods."""

    def clear(self) -> None:
        """Forget everything."""

    def __len__(self) -> int: ...

class _Tags(Protocol):
    """Makes tags, or none."""

    @property
    def new_tag(self) -> Callable[[], Any] | None: ...  # a tag of the sampler's, or like one

@final
class Request:
    """A request that the application is at; `Watch.begin` makes them."""

    def done(self) -> None:
        """It has ended; nothing where it had."""

    def failed(self) -> None:
        """It has ended with an exception; nothing where it had."""

@final
class Watch:
    """What a middleware does to each request.

    What `find_out` returns and `memo` remembers is a tuple of a `Tally` and the number
    that a tag is told.
    """

    def __init__(
        self,
        path: str,
        memo: Memo[Any],
        find_out: Callable[[_Scope], tuple[Any, int]],
        tags: _Tags,
        variable: ContextVar[Any],
        peers: list[str],
        note_error: Callable[[Exception], None],
    ) -> None: ...
    def begin(self, scope: _Scope, /) -> Request | None:
        """A request that begins; None: it is not noted here, as far as can be seen."""
