"""The debug application: an ASGI application that answers below one path.

It is mounted by the middleware, or by hand with `debug_app`.
The event loop does nothing here but read a small body, compare a token and write bytes;
captures and rendering run in a thread of their own.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from leakprobe.agent import Agent
from leakprobe.errors import BadParameter, Refusal, Unauthorized, UnknownName, WrongMethod
from leakprobe.render.answer import Answer, write_answer
from leakprobe.render.html import sign_in_html
from leakprobe.render.results import refusal_document, refusal_page
from leakprobe.web.auth import Doorkeeper, safe_next
from leakprobe.web.bodies import Pairs, parse_body, parse_query, read_body
from leakprobe.web.endpoints import ENDPOINTS, PAGES, Call, Endpoint, find_endpoint, methods_of
from leakprobe.web.headers import (
    Headers,
    new_nonce,
    price_headers,
    refusal_headers,
    security_headers,
)
from leakprobe.web.negotiation import MEDIA_TYPES, choose_format
from leakprobe.web.own_thread import in_own_thread
from leakprobe.web.params import optional_choice, read_parameters

__all__ = ["DebugApp"]

SIGN_IN = "/session"

logger = logging.getLogger("leakprobe")


class InternalFailure(Refusal):
    """Our own fault. The log has the traceback; the client gets one line."""

    status = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as it is understood before anybody is let in."""

    method: str
    base: str
    path: str
    form: str
    nonce: str
    started: float


@dataclass(frozen=True, slots=True)
class Written:
    """A finished answer."""

    status: int
    form: str
    body: bytes
    headers: Headers


class DebugApp:
    """Answers questions about the process over HTTP.

    Args:
        agent: who is asked.
        token: says the bearer token; asked once, with the first request.
    """

    def __init__(self, agent: Agent, token: Callable[[], str]) -> None:
        self._agent = agent
        self._token = token
        self._doorkeeper: Doorkeeper | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a websocket is closed, a lifespan is nothing to us."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
        if scope["type"] != "http":
            return
        asked = _understand(scope)
        try:
            written = await self._answer(asked, scope, receive)
        except Refusal as refusal:
            written = _refused(asked, refusal)
        except Exception:
            logger.exception("answering %s %s failed", asked.method, asked.path)
            written = _refused(
                asked, InternalFailure("leakprobe failed to answer; its log says why")
            )
        await _send(asked, written, scope, send)

    async def _answer(self, asked: Asked, scope: Scope, receive: Receive) -> Written:
        if self._doorkeeper is None:
            self._doorkeeper = Doorkeeper(self._token())
        if asked.path == SIGN_IN and asked.method == "POST":
            return await self._sign_in(self._doorkeeper, asked, scope, receive)
        try:
            self._doorkeeper.check(scope)
        except Unauthorized as refusal:
            if asked.form == "html" and asked.method == "GET":
                return _sign_in_page(asked, refusal, _here(asked, scope), failed=False)
            raise
        endpoint, name = _endpoint(asked)
        pairs = parse_query(scope["query_string"])
        if asked.method != "GET":
            pairs += parse_body(_header(scope, b"content-type"), await read_body(receive))
        call = self._call(endpoint, name, pairs, scope)
        return await in_own_thread(lambda: _written(endpoint, call, asked, _query(scope)))

    def _call(self, endpoint: Endpoint, name: str, pairs: Pairs, scope: Scope) -> Call:
        form = optional_choice("format", endpoint.formats)
        values = read_parameters((*endpoint.parameters, form), pairs)
        accept = _header(scope, b"accept")
        chosen = choose_format(values[form], accept, endpoint.formats)
        return Call(self._agent, values, chosen, name, _asking_task())

    async def _sign_in(
        self, doorkeeper: Doorkeeper, asked: Asked, scope: Scope, receive: Receive
    ) -> Written:
        """Exchange the token for a session cookie, and go where the browser wanted to."""
        # Read by name, not as parameters: a refused value would be shown.
        form = dict(parse_body(_header(scope, b"content-type"), await read_body(receive)))
        wanted = safe_next(form.get("next"), asked.base)
        try:
            cookie = doorkeeper.sign_in(scope, form.get("token", ""), asked.base)
        except Unauthorized as refusal:
            return _sign_in_page(asked, refusal, wanted, failed=True)
        headers = [(b"set-cookie", cookie.encode()), (b"location", wanted.encode())]
        return Written(303, "text", b"", headers)


def _understand(scope: Scope) -> Asked:
    base: str = scope.get("root_path", "").rstrip("/")
    path: str = scope["path"]
    below = path.removeprefix(base)
    accept = _header(scope, b"accept")
    try:
        forms = [value for name, value in parse_query(scope["query_string"]) if name == "format"]
        form = choose_format(forms[0] if forms else None, accept, PAGES)
    except BadParameter:
        form = choose_format(None, accept, PAGES)
    return Asked(
        method="GET" if scope["method"] == "HEAD" else scope["method"],
        base=base,
        path=below.rstrip("/") or "/",
        form=form,
        nonce=new_nonce(),
        started=time.perf_counter(),
    )


def _endpoint(asked: Asked) -> tuple[Endpoint, str]:
    found = find_endpoint(asked.method, asked.path)
    if found is not None:
        return found
    methods = methods_of(asked.path)
    if methods:
        raise WrongMethod(f"{asked.path} answers to {', '.join(methods)}")
    known = [endpoint.path for endpoint in ENDPOINTS]
    raise UnknownName("endpoint", asked.path, known, f"there are {', '.join(known)}")


def _written(endpoint: Endpoint, call: Call, asked: Asked, query: str) -> Written:
    """Ask, and write the answer down; runs in a thread of its own."""
    reply = endpoint.reply(call)
    body = reply.body
    if reply.answer is not None:
        here = asked.path + (f"?{query}" if query else "")
        body = write_answer(reply.answer, call.form, base=asked.base, nonce=asked.nonce, here=here)
    total_ms = (time.perf_counter() - asked.started) * 1e3
    return Written(200, call.form, body, price_headers(reply.price, total_ms))


def _refused(asked: Asked, refusal: Refusal) -> Written:
    answer = Answer(refusal_document(refusal), refusal_page(refusal))
    body = write_answer(answer, asked.form, base=asked.base, nonce=asked.nonce)
    allow = methods_of(asked.path) if isinstance(refusal, WrongMethod) else ()
    return Written(refusal.status, asked.form, body, refusal_headers(refusal, allow))


def _sign_in_page(asked: Asked, refusal: Refusal, wanted: str, *, failed: bool) -> Written:
    body = sign_in_html(base=asked.base, nonce=asked.nonce, next_path=wanted, failed=failed)
    return Written(refusal.status, "html", body, refusal_headers(refusal))


async def _send(asked: Asked, written: Written, scope: Scope, send: Send) -> None:
    headers = [
        (b"content-type", MEDIA_TYPES[written.form].encode()),
        (b"content-length", str(len(written.body)).encode()),
        *security_headers(asked.nonce if written.form == "html" else None),
        *written.headers,
    ]
    body = b"" if scope["method"] == "HEAD" else written.body
    await send({"type": "http.response.start", "status": written.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _asking_task() -> frozenset[int]:
    """The identity of the task that asks: a diagnostic does not see itself."""
    try:
        return frozenset({id(asyncio.current_task())})
    except RuntimeError:
        return frozenset()


def _here(asked: Asked, scope: Scope) -> str:
    query = _query(scope)
    # What carries a token is not to be repeated in a page.
    return asked.base + asked.path + (f"?{query}" if query and "token" not in query else "")


def _query(scope: Scope) -> str:
    raw: bytes = scope["query_string"]
    return raw.decode("latin-1")


def _header(scope: Scope, name: bytes) -> str | None:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), None)
