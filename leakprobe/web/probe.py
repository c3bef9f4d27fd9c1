"""`LeakProbe`: the agent with its edges, the one thing that users make.

The agent itself knows nothing of HTTP; here it gets its token, its start line, and a
server of its own for processes that have none.
"""

import logging
import sys
from collections.abc import Sequence
from functools import cached_property

from starlette.types import ASGIApp

from leakprobe.agent import Agent
from leakprobe.model import Diff, Snapshot
from leakprobe.render.growth import diff_page
from leakprobe.render.text import page_text
from leakprobe.run_directory import DirectoryRefused, directory_path
from leakprobe.web.app import DebugApp
from leakprobe.web.server import ProbeServer
from leakprobe.web.tokens import load_or_create_token, new_token, token_file

__all__ = ["LeakProbe", "debug_app"]

DEFAULT_PORT = "8000"

logger = logging.getLogger("leakprobe")


def debug_app(probe: "LeakProbe") -> ASGIApp:
    """The endpoints of an agent as an ASGI application, to be mounted below some path.

    Args:
        probe: the agent that answers; somebody else starts and stops it.
    """
    return DebugApp(probe, lambda: probe.token)


class ReadableDiff(Diff):
    """A diff that prints as the table that `curl` would show."""

    __slots__ = ()

    def __str__(self) -> str:
        return page_text(diff_page(self))


class LeakProbe(Agent):
    """The agent of this process: a context manager, or `start()` and `stop()`.

    With a web application, `LeakProbeMiddleware` makes and starts one; this is for
    workers, scripts and notebooks.

    """

    @cached_property
    def middlewares(self) -> list[str]:
        """The path of each middleware that notes requests here.

        Of several that are nested, one must count a request: each of them looks how many
        there are.
        """
        return []

    @cached_property
    def token(self) -> str:
        """The bearer token: the setting, else a random one kept in the run directory."""
        if self.settings.token is not None:
            return self.settings.token
        try:
            return load_or_create_token(directory_path(self.settings.directory))
        except DirectoryRefused as error:
            logger.warning("%s; nobody can read the random token, set LEAKPROBE_TOKEN", error)
            return new_token()

    def start(self, *, walk: bool = True) -> None:
        """Start the agent, and say once where its endpoints and its token are.

        Args:
            walk: as for `Agent.start`.

        Raises:
            AgentRunning: this process has another agent.
        """
        if self.running:
            return
        super().start(walk=walk)
        self._say_where()

    def diff(
        self,
        before: Snapshot,
        after: Snapshot,
        *,
        by: str = "line",
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        limit: int | None = 20,
    ) -> ReadableDiff:
        """As `Agent.diff`; what it returns prints as a table."""
        diff = super().diff(before, after, by=by, include=include, exclude=exclude, limit=limit)
        return ReadableDiff(**{name: getattr(diff, name) for name in Diff.__slots__})

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> ProbeServer:
        """Serve the endpoints from threads of our own, also while an event loop is stuck.

        Args:
            host: address to listen on.
            port: port to listen on; 0 takes a free one.

        Returns:
            the running server; `url` says where, `stop()` ends it.

        Raises:
            OSError: the address cannot be listened on.
        """
        return ProbeServer(debug_app(self), host, port, self.settings.path)

    def _say_where(self) -> None:
        path = self.settings.path
        if self.settings.token is not None:
            lines = [f"leakprobe: {path} is open to who has the token that was set"]
        else:
            self.token  # noqa: B018 - made now, so that its file is there when it is named
            file = token_file(directory_path(self.settings.directory))
            lines = [f"leakprobe: {path} is open to who has the token in {file}"]
            if sys.stderr.isatty():
                lines.append(
                    f'  curl -H "Authorization: Bearer $(cat {file})" '
                    f"http://127.0.0.1:{_port(sys.argv)}{path}"
                )
        if logger.hasHandlers() and not sys.stderr.isatty():
            logger.info(lines[0])
        else:
            print(*lines, sep="\n", file=sys.stderr)  # noqa: T201 - nobody set up logging


def _port(arguments: Sequence[str]) -> str:
    """The port on the command line of the usual servers, else their common default."""
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, _, value = argument.partition("=")
        if name in {"--port", "-p", "--bind", "-b"}:
            port = (value or following).rpartition(":")[2]
            if port.isdecimal():
                return port
    return DEFAULT_PORT
