"""The one line that mounts everything: `app.add_middleware(LeakProbeMiddleware)`.

Pure ASGI. What it does to a request of the application is: one comparison of the path,
two readings of the clock, one note when the answer is out, and a tag in its context where
allocations are sampled. Everything about the request lives in `__call__`, written out
there because a call costs as much as what it would do; nothing of it stays.
"""

import logging
import os
from functools import partial
from time import perf_counter
from typing import NamedTuple, Unpack

from starlette.types import ASGIApp, Receive, Scope, Send

from leakprobe.agent import running_agent
from leakprobe.capture.requests import MOST_NOTED, RouteTally
from leakprobe.capture.route_tags import ROUTE_TAG
from leakprobe.errors import LeakprobeError
from leakprobe.settings import Settings, SettingsByName
from leakprobe.web.handlers import handler_of
from leakprobe.web.own_thread import in_own_thread
from leakprobe.web.probe import LeakProbe, debug_app
from leakprobe.web.route_names import UNKNOWN, RouteNames

__all__ = ["LeakProbeMiddleware"]

MOST_HANDLERS = 1000
# In the scope while a request is counted: a middleware further in leaves it alone. The
# context would not do, as a server may make the task of one request in that of another.
COUNTED = "leakprobe.counted"

logger = logging.getLogger("leakprobe")


class _Route(NamedTuple):
    """What a request that is done needs to know of its route."""

    tally: RouteTally
    number: int


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
        self._routes: RouteNames[_Route]

    async def __call__(  # noqa: PLR0912 - every call less is a tenth of a microsecond
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Serve one connection (the ASGI specification's `scope`, `receive`, `send`)."""
        if scope["type"] != "http" or (probe := self._probe or self._start_late(scope)) is None:
            await self._pass_through(scope, receive, send)
            return
        if self._path in scope["path"] and (root_path := self._root_path(scope)) is not None:
            await self._serve(root_path, scope, receive, send)
            return
        if nested := probe.middlewares > 1:
            if COUNTED in scope:
                await self.app(scope, receive, send)
                return
            scope[COUNTED] = True
        failed = True
        tag = None
        if (new_tag := probe.route_tags.new_tag) is not None:
            tag = new_tag()
            token = ROUTE_TAG.set(tag)
        started = perf_counter()
        try:
            await self.app(scope, receive, send)
            failed = False
        finally:
            seconds = perf_counter() - started
            try:
                if nested:
                    del scope[COUNTED]
                tally, number = self._routes.of(scope)
                if failed:
                    tally.failed.append(True)
                tally.noted_s.append(seconds)
                if len(tally.noted_s) > MOST_NOTED:
                    probe.requests.relieve(tally)
                if tag is not None:
                    tag.resolve(number)
            except Exception as error:  # noqa: BLE001 - counted and shown on the overview
                probe.note_error(error)
            if tag is not None:
                try:  # noqa: SIM105 - contextlib.suppress costs more than all of this
                    ROUTE_TAG.reset(token)
                except ValueError:
                    # Closed from another context than it ran in (by the collector, or at
                    # the end of a loop); its own context goes with it.
                    pass

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
        self._probe.middlewares += 1
        self._debug = debug_app(self._probe)
        self._routes = RouteNames(partial(_meet, self._probe))

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
        if probe is not None and probe.middlewares > 1 and "router" in scope:
            # We are mounted, and whoever is further out began before there were two of us.
            scope[COUNTED] = True
        return probe

    async def _stop(self) -> None:
        probe, self._probe, self._debug = self._probe, None, None
        if probe is None:
            return
        probe.middlewares -= 1
        if self._owns_probe:
            self._owns_probe = False
            await in_own_thread(probe.stop)


def _meet(probe: LeakProbe, label: str, scope: Scope) -> _Route:
    """What to know of a route; where its handler stands is remembered by the probe."""
    if label != UNKNOWN and label not in probe.handlers and len(probe.handlers) < MOST_HANDLERS:
        probe.handlers[label] = handler_of(scope, label)
    return _Route(probe.requests.of(label), probe.route_tags.number(label))
