"""The one line that mounts everything: `app.add_middleware(LeakProbeMiddleware)`.

Pure ASGI. What it does to a request of the application stands in `request_watch`, and is
done by the native core where that is built: one comparison of the path, two readings of
the clock, one note when the answer is out, and a tag in its context where allocations are
sampled. Everything about the request lives in `__call__`; nothing of it stays.
"""

import logging
import os
from collections.abc import Callable
from functools import partial
from typing import Unpack

from starlette.types import ASGIApp, Receive, Scope, Send

from leakprobe.agent import running_agent
from leakprobe.capture.route_tags import ROUTE_TAG
from leakprobe.errors import LeakprobeError
from leakprobe.settings import Settings, SettingsByName
from leakprobe.web.handlers import handler_of
from leakprobe.web.own_thread import in_own_thread
from leakprobe.web.probe import LeakProbe, debug_app
from leakprobe.web.request_watch import (
    COUNTED,
    Request,
    RequestWatch,
    Route,
    fastest_watch,
    new_memo,
)
from leakprobe.web.route_names import UNKNOWN, RouteNames

__all__ = ["LeakProbeMiddleware"]

MOST_HANDLERS = 1000

logger = logging.getLogger("leakprobe")


class LeakProbeMiddleware:
    """Counts requests, serves the endpoints below `path`, and starts and stops the agent.

    The agent starts with the application's lifespan, or with the first request where the
    server runs without one. Where the process has an agent already, that one is shared.

    Args:
        app: the application.
        settings: settings by name (see `Settings`); the rest comes from `LEAKPROBE_…`.

    Raises:
        SettingsError: a setting has a value that is not allowed.
    """

    def __init__(self, app: ASGIApp, **settings: Unpack[SettingsByName]) -> None:
        self.app = app
        self._settings = Settings.from_environment(os.environ, **settings)
        self._path = self._settings.path
        self._probe: LeakProbe | None = None
        self._debug: ASGIApp | None = None
        self._owns_probe = False
        self._failed_to_start = False
        self._watch: RequestWatch
        self._begin: Callable[[Scope], Request | None] = _begin_none

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (the ASGI specification's `scope`, `receive`, `send`)."""
        request = self._begin(scope) or await self._otherwise(scope, receive, send)
        if request is None:
            return
        try:
            await self.app(scope, receive, send)
        except BaseException:
            request.failed()
            raise
        request.done()

    async def _otherwise(self, scope: Scope, receive: Receive, send: Send) -> Request | None:
        """Serve what `begin` left alone, but for a request that is to be noted: that begins."""
        if scope["type"] != "http" or (self._probe or self._start_late(scope)) is None:
            await self._pass_through(scope, receive, send)
            return None
        if self._path in scope["path"] and (root_path := self._root_path(scope)) is not None:
            await self._serve(root_path, scope, receive, send)
            return None
        request = self._watch.open(scope)
        if request is None:
            await self.app(scope, receive, send)
        return request

    async def _pass_through(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" or not self._settings.enabled:
            await self.app(scope, receive, send)
            return
        await in_own_thread(self._start)
        try:
            await self.app(scope, receive, send)
        finally:
            await self._stop()

    def _root_path(self, scope: Scope) -> str | None:
        """Where our endpoints hang in this request, or None where it is not for them."""
        root_path: str = scope.get("root_path", "")
        path: str = scope["path"]
        if root_path and path.startswith(root_path):
            path = path[len(root_path) :]
        if path == self._path or path.startswith(self._path + "/"):
            return root_path + self._path
        return None

    async def _serve(self, root_path: str, scope: Scope, receive: Receive, send: Send) -> None:
        if self._debug is None:
            await self.app(scope, receive, send)
            return
        prefixed = dict(scope)
        if not scope["path"].startswith(root_path):
            # A server that takes its root_path off the path: put it back for our routing.
            prefixed["path"] = scope.get("root_path", "") + scope["path"]
        prefixed["root_path"] = root_path
        await self._debug(prefixed, receive, send)

    def _start(self, *, walk: bool = True) -> None:
        running = running_agent()
        if isinstance(running, LeakProbe):
            self._probe = running
        else:
            probe = LeakProbe(self._settings)
            probe.start(walk=walk)
            self._probe, self._owns_probe = probe, True
        self._probe.middlewares.append(self._path)
        self._debug = debug_app(self._probe)
        self._watch = _watch(self._probe, self._path)
        self._begin = fastest_watch(self._watch).begin

    def _start_late(self, scope: Scope) -> LeakProbe | None:
        """Start with a request, where there was no lifespan to start with."""
        if not self._settings.enabled or self._failed_to_start:
            return None
        try:
            # On the event loop: nothing that takes long.
            self._start(walk=False)
        except LeakprobeError as error:
            self._failed_to_start = True
            logger.error("the agent did not start, the application runs without it: %s", error)
            return None
        probe = self._probe
        if probe is not None and len(probe.middlewares) > 1 and "router" in scope:
            # We are mounted, and whoever is further out began before there were two of us.
            scope[COUNTED] = True
        return probe

    async def _stop(self) -> None:
        probe, self._probe, self._debug = self._probe, None, None
        self._begin = _begin_none
        if probe is None:
            return
        probe.middlewares.remove(self._path)
        if self._owns_probe:
            self._owns_probe = False
            await in_own_thread(probe.stop)


def _begin_none(scope: Scope) -> None:
    """While there is no agent: nothing is noted."""


def _watch(probe: LeakProbe, path: str) -> RequestWatch:
    memo = new_memo()
    names = RouteNames(partial(_meet, probe), memo)
    return RequestWatch(
        path,
        memo,
        names.find_out,
        probe.route_tags,
        ROUTE_TAG,
        probe.middlewares,
        probe.note_error,
    )


def _meet(probe: LeakProbe, label: str, scope: Scope) -> Route:
    """What to know of a route; where its handler stands is remembered by the probe."""
    if label != UNKNOWN and label not in probe.handlers and len(probe.handlers) < MOST_HANDLERS:
        probe.handlers[label] = handler_of(scope, label)
    return Route(probe.requests.of(label), probe.route_tags.number(label))
