"""A server of our own, for a process that has none: a worker, a script, a notebook.

The standard library's HTTP server carries bytes between sockets and the same debug
application that the middleware serves, so there is one set of endpoints. It also
answers while the application's event loop is stuck.
"""

import asyncio
import re
import socket
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope

from leakprobe.own_threads import OwnThread
from leakprobe.web.bodies import MOST_BODY_BYTES

__all__ = ["ProbeServer"]

SLOWEST_CLIENT_S = 30.0
LENGTH = re.compile(r"[0-9]{1,9}")


class ProbeServer:
    """Serves an ASGI application from threads of its own until it is stopped.

    Args:
        app: what to serve.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        root_path: where the application hangs.

    Attributes:
        url: where the application answers.

    Raises:
        OSError: the address cannot be listened on.
    """

    def __init__(self, app: ASGIApp, host: str, port: int, root_path: str) -> None:
        self._loop = asyncio.new_event_loop()
        try:
            self._http = _Server((host, port), app, self._loop, root_path)
        except OSError:
            self._loop.close()
            raise
        self._threads = [
            OwnThread("server-loop", self._loop.run_forever),
            OwnThread("server", self._http.serve_forever),
        ]
        self.port: int = self._http.server_address[1]
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self.port}{root_path}"
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Close the socket and end the threads; does nothing a second time."""
        if self._loop.is_closed():
            return
        self._http.shutdown()
        self._http.server_close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        for thread in self._threads:
            thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class _Server(HTTPServer):
    """Hands every connection to a thread of ours."""

    allow_reuse_address = True
    request_queue_size = 16

    def __init__(
        self,
        address: tuple[str, int],
        app: ASGIApp,
        loop: asyncio.AbstractEventLoop,
        root_path: str,
    ) -> None:
        self.app = app
        self.loop = loop
        self.root_path = root_path
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as its parent's
        def serve() -> None:
            try:
                self.finish_request(request, client_address)
            except OSError:
                # The client went away; there is nobody to tell.
                return
            finally:
                self.shutdown_request(request)

        OwnThread("connection", serve).start()


class _Handler(BaseHTTPRequestHandler):
    """One connection: reads a request, asks the application, writes its answer."""

    server: _Server
    server_version = "leakprobe"
    sys_version = ""
    timeout = SLOWEST_CLIENT_S

    def answer(self) -> None:
        """Carry one request to the application and its answer back."""
        length = self.headers.get("content-length", "0")
        wanted = int(length) if LENGTH.fullmatch(length) else 0
        body = self.rfile.read(min(wanted, MOST_BODY_BYTES + 1))
        call = _ask(self.server.app, self._scope(), body)
        start, content = asyncio.run_coroutine_threadsafe(call, self.server.loop).result()
        self.send_response(start["status"], HTTPStatus(start["status"]).phrase)
        for name, value in start["headers"]:
            self.send_header(name.decode("latin-1"), value.decode("latin-1"))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_DELETE = answer  # noqa: N815 - as its parent calls them

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as its parent's
        """Write no access log: that is the application's business."""

    def _scope(self) -> Scope:
        path, _, query = self.path.partition("?")
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self.command,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "root_path": self.server.root_path,
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
                for name, value in self.headers.items()
            ],
            "client": self.client_address[:2],
            "server": self.server.server_address[:2],
        }


async def _ask(app: ASGIApp, scope: Scope, body: bytes) -> tuple[Message, bytes]:
    """The first message of an answer and its whole body."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0], b"".join(message.get("body", b"") for message in sent[1:])
