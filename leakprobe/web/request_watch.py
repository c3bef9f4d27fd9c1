"""What the middleware does to a request of the application when it begins and when it ends.

It stands in the path of every request, so the native core does it where that is built
(`_requests.Watch`), in a fifth of the time; this is its reference, and serves what the
native one leaves alone. In both, our own failure is noted and never raised.
"""

from collections.abc import Callable
from contextvars import ContextVar, Token
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from starlette.types import Scope

from leakprobe.capture import native
from leakprobe.capture.requests import Tally
from leakprobe.capture.route_tags import RouteTags
from leakprobe.web.route_memo import Memo, RouteMemo

if TYPE_CHECKING:
    from leakprobe.capture._native._sampler import Tag

__all__ = ["COUNTED", "Request", "RequestWatch", "Route", "Watch", "fastest_watch", "new_memo"]

# In the scope while a request is counted: a middleware further in leaves it alone. The
# context would not do, as a server may make the task of one request in that of another.
COUNTED = "leakprobe.counted"


class Route(NamedTuple):
    """What a request that has ended needs to know of its route."""

    tally: Tally
    number: int


class Request(Protocol):
    """A request that the application is at."""

    def done(self) -> None:
        """It has ended; nothing where it had."""

    def failed(self) -> None:
        """It has ended with an exception of the application's; nothing where it had."""


class Watch(Protocol):
    """What both can do, the native one and that in Python."""

    def begin(self, scope: Scope, /) -> Request | None:
        """A request that begins; None: it is none that is noted here, as far as can be seen."""


class RequestWatch:
    """The watch in Python.

    Args:
        path: requests whose path contains this may be meant for our own endpoints.
        memo: the routes that were met before.
        find_out: makes of a scope what is to be known of its route, and remembers it.
        tags: makes tags, or none.
        variable: where a tag is set.
        peers: one entry for each middleware that notes where this one does: of several
            that are nested, one must count a request.
        note_error: told of every failure of ours.
    """

    def __init__(
        self,
        path: str,
        memo: Memo[Route],
        find_out: Callable[[Scope], Route],
        tags: RouteTags,
        variable: ContextVar["Tag"],
        peers: list[str],
        note_error: Callable[[Exception], None],
    ) -> None:
        self.path = path
        self.memo = memo
        self.find_out = find_out
        self.tags = tags
        self.variable = variable
        self.peers = peers
        self.note_error = note_error

    def begin(self, scope: Scope) -> Request | None:
        """A request that begins; None: it is none that is noted here, as far as can be seen."""
        if scope["type"] != "http" or self.path in scope["path"]:
            return None
        return self.open(scope)

    def open(self, scope: Scope) -> Request | None:
        """A request of the application's that begins; None: another middleware counts it."""
        marked = len(self.peers) > 1
        if marked:
            if COUNTED in scope:
                return None
            scope[COUNTED] = True
        tag = token = None
        try:
            if (new_tag := self.tags.new_tag) is not None:
                tag = new_tag()
                token = self.variable.set(tag)
        except Exception as error:  # noqa: BLE001 - counted and shown on the overview
            self.note_error(error)
        return _Request(self, scope, marked, tag, token)


class _Request:
    """A request in Python. It lives in the coroutine of the middleware alone."""

    __slots__ = ("_began", "_ended", "_marked", "_scope", "_tag", "_token", "_watch")

    def __init__(
        self,
        watch: RequestWatch,
        scope: Scope,
        marked: bool,
        tag: "Tag | None",
        token: "Token[Tag] | None",
    ) -> None:
        self._watch = watch
        self._scope = scope
        self._marked = marked
        self._tag = tag
        self._token = token
        self._ended = False
        self._began = perf_counter()

    def done(self) -> None:
        """It has ended; nothing where it had."""
        self._end(failed=False)

    def failed(self) -> None:
        """It has ended with an exception of the application's; nothing where it had."""
        self._end(failed=True)

    def _end(self, *, failed: bool) -> None:
        seconds = perf_counter() - self._began
        if self._ended:
            return
        self._ended = True
        self._reset_tag()
        try:
            self._note(seconds, failed)
        except Exception as error:  # noqa: BLE001 - counted and shown on the overview
            self._watch.note_error(error)

    def _note(self, seconds: float, failed: bool) -> None:
        if self._marked:
            del self._scope[COUNTED]
        route = self._watch.memo.find(self._scope) or self._watch.find_out(self._scope)
        route.tally.note(seconds, failed)
        if self._tag is not None:
            self._tag.resolve(route.number)

    def _reset_tag(self) -> None:
        if self._token is None:
            return
        try:  # noqa: SIM105 - contextlib.suppress costs more than the rest
            self._watch.variable.reset(self._token)
        except ValueError:
            # Closed from another context than it ran in (by the collector, or at the end
            # of a loop); its own context goes with it.
            pass


def new_memo() -> Memo[Route]:
    """A memo of the native core where that is built, else one in Python."""
    if native.requests_missing() is not None:
        return RouteMemo()
    from leakprobe.capture._native import _requests

    return _requests.Memo()


def fastest_watch(careful: RequestWatch) -> Watch:
    """The native one that does the same, where its parts are native; else this one."""
    if native.requests_missing() is not None:
        return careful
    from leakprobe.capture._native import _requests

    if not isinstance(careful.memo, _requests.Memo):
        return careful
    return _requests.Watch(
        careful.path,
        careful.memo,
        careful.find_out,
        careful.tags,
        careful.variable,
        careful.peers,
        careful.note_error,
    )
