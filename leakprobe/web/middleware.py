"""The one line that mounts everything: `app.add_middleware(LeakProbeMiddleware)`.

Pure ASGI. What it does to a request of the application is: one comparison of the path,
two readings of the clock, one note when the answer is out, and a tag in its context where
allocations are sampled. Everything about the request lives in `__call__`; nothing of it
stays.
"""

import logging
import os
from time import perf_counter
from typing import Unpack

from starlette.types import ASGIApp, Receive, Scope, Send

from leakprobe.agent import running_agent
from leakprobe.capture.route_tags import Tagged
from leakprobe.errors import LeakprobeError
from leakprobe.settings import Settings, SettingsByName
from leakprobe.web.handlers import handler_of
from leakprobe.web.own_thread import in_own_thread
from leakprobe.web.probe import LeakProbe, debug_app
from leakprobe.web.route_names import RouteNames

__all__ = ["LeakProbeMiddleware"]

MOST_HANDLERS = 1000
# In the scope while a request is counted: a middleware further in leaves it alone. The
# context would not do, as a server may make the task of one request in that of another.
COUNTED = "leakprobe.counted"

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
        self._enabled = self._settings.enabled
        self._path = self._settings.path
        self._probe: LeakProbe | None = None
        self._debug: ASGIApp | None = None
        self._owns_probe = False
        self._failed_to_start = False
        self._names = RouteNames(self._meet)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (the ASGI specification's `scope`, `receive`, `send`)."""
        if scope["type"] != "http" or not self._enabled:
            await self._pass_through(scope, receive, send)
            return
        if self._probe is None and not self._failed_to_start:
            self._start_without_lifespan()
        if self._path in scope["path"] and (root_path := self._root_path(scope)) is not None:
            await self._serve(root_path, scope, receive, send)
            return
        probe = self._probe
        if probe is None or COUNTED in scope:
            await self.app(scope, receive, send)
            return
        scope[COUNTED] = True
        failed = True
        tagged = probe.route_tags.begin()
        started = perf_counter()
        try:
            await self.app(scope, receive, send)
            failed = False
        finally:
            self._note(probe, scope, perf_counter() - started, failed, tagged)

    async def _pass_through(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" or not self._enabled:
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

    def _note(
        self,
        probe: LeakProbe,
        scope: Scope,
        seconds: float,
        failed: bool,
        tagged: Tagged | None,
    ) -> None:
        """Count a request that is done; our failure is never the application's."""
        label = None
        try:
            label = self._names.label(scope)
            probe.requests.note(label, seconds, failed)
            del scope[COUNTED]
        except Exception as error:  # noqa: BLE001 - counted and shown on the overview
            probe.note_error(error)
        if tagged is not None:
            probe.route_tags.end(tagged, label)

    def _meet(self, scope: Scope, route: str) -> None:
        """Remember where the handler of a new route stands."""
        probe = self._probe
        if (
            probe is not None
            and route not in probe.handlers
            and len(probe.handlers) < MOST_HANDLERS
        ):
            probe.handlers[route] = handler_of(scope, route)

    def _start(self, *, walk: bool = True) -> None:
        running = running_agent()
        if isinstance(running, LeakProbe):
            self._probe = running
        else:
            probe = LeakProbe(self._settings)
            probe.start(walk=walk)
            self._probe, self._owns_probe = probe, True
        self._debug = debug_app(self._probe)

    def _start_without_lifespan(self) -> None:
        try:
            # On the event loop: nothing that takes long.
            self._start(walk=False)
        except LeakprobeError as error:
            self._failed_to_start = True
            logger.error("the agent did not start, the application runs without it: %s", error)

    async def _stop(self) -> None:
        probe, self._probe, self._debug = self._probe, None, None
        if probe is not None and self._owns_probe:
            self._owns_probe = False
            await in_own_thread(probe.stop)
