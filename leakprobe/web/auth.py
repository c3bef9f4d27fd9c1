"""Who may ask: the bearer token, the browser's session, and how often.

A session is a signed expiry that no process has to remember: sibling workers with the
same token accept it, and a new token ends every session. It is not the token, and the
token cannot be computed from it.

The limits keep a flood away from the rest, but never the owner: whoever shows the right
token or a session of ours has a limit of their own that nobody else can use up.
"""

import hashlib
import hmac
import math
import re
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Literal
from urllib.parse import parse_qsl, quote

from starlette.types import Scope

from leakprobe.errors import BadParameter, CrossOrigin, TooManyRequests, Unauthorized
from leakprobe.web.limits import ClientLimits, RateLimit
from leakprobe.web.origin import from_own_page, header_values

__all__ = ["COOKIE", "SESSION_S", "Doorkeeper", "safe_next"]

COOKIE = "leakprobe_session"
SESSION_S = 12 * 3600
TOKEN_PARAMETERS = frozenset({"token", "access_token"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_CREDENTIAL = 1024
MOST_COOKIES = 5
SESSION = re.compile(rb"([0-9]{1,12})\.([A-Za-z0-9_-]{16,64})\.([0-9a-f]{64})")
BEARER = re.compile(rb"bearer +(.*)", re.IGNORECASE | re.DOTALL)
NEXT = re.compile(r"[!-\[\]-~]{1,2000}")  # printable ASCII without space and backslash

HOW_TO_SEND = "send the token as 'Authorization: Bearer …'"
NOT_IN_A_URL = "a token in a URL ends up in access logs; send it as 'Authorization: Bearer …'"
NOT_OUR_PAGE = (
    "a session may change things only from this service's own page: no 'Origin' or "
    "'Sec-Fetch-Site' says that; send the token as 'Authorization: Bearer …' instead"
)

Credential = Literal["token", "session", "wrong", "none"]


class Doorkeeper:
    """Decides who may pass. Belongs to one event loop; nothing in here waits.

    Args:
        token: the bearer token.
        clock: seconds since the epoch, for sessions.
        monotonic: seconds that never go back, for limits.
    """

    def __init__(
        self,
        token: str,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        secret = token.encode("utf-8", "surrogatepass")
        self._token_hash = hashlib.sha256(secret).digest()
        self._key = hmac.digest(secret, b"leakprobe session, version 1", "sha256")
        self._clock = clock
        self._known = RateLimit(100, 200, clock=monotonic)
        self._strangers = RateLimit(100, 200, clock=monotonic)
        self._guesses = RateLimit(20, 100, clock=monotonic)
        self._guesses_by_client = ClientLimits(1, 10, clock=monotonic)

    def check(self, scope: Scope) -> None:
        """Let a request pass, or raise. For everything but signing in.

        Args:
            scope: of an HTTP request (the ASGI specification's `http` scope).

        Raises:
            Unauthorized: no token and no session, or a wrong one.
            CrossOrigin: a session that would change something, not from our own page.
            TooManyRequests: more than the limits allow.
            BadParameter: there is a token in the URL, although the header is right.
        """
        credential = self._credential(scope)
        in_url = _token_parameter(scope)
        if credential == "wrong":
            self._count_guess(scope)
        if credential in ("wrong", "none"):
            _take(self._strangers)
            raise Unauthorized(NOT_IN_A_URL if in_url else HOW_TO_SEND)
        _take(self._known)
        if in_url:
            raise BadParameter(in_url, "(hidden)", NOT_IN_A_URL)
        changes = scope["method"] not in SAFE_METHODS
        if credential == "session" and changes and not from_own_page(scope):
            raise CrossOrigin(NOT_OUR_PAGE)

    def sign_in(self, scope: Scope, token_text: str, base: str) -> str:
        """The `Set-Cookie` value of a new session, in exchange for the token.

        Args:
            scope: of the request that brought the token in its body.
            token_text: what it brought.
            base: where the endpoints are, as the browser sees it.

        Raises:
            Unauthorized: it is not the token.
            TooManyRequests: too many wrong ones before.
        """
        if not self._is_token(token_text.strip().encode("utf-8", "surrogatepass")):
            self._count_guess(scope)
            _take(self._strangers)
            raise Unauthorized("that is not the token")
        expiry = f"{int(self._clock()) + SESSION_S}.{secrets.token_urlsafe(16)}"
        value = f"{expiry}.{self._signature(expiry.encode('ascii'))}"
        return _cookie(scope, value, base, SESSION_S)

    def sign_out(self, scope: Scope, base: str) -> str:
        """The `Set-Cookie` value that makes the browser forget its session."""
        return _cookie(scope, "", base, 0)

    def _credential(self, scope: Scope) -> Credential:
        """What the request shows. A bearer token counts alone, whatever the cookie says."""
        bearers = [
            m[1] for v in header_values(scope, b"authorization") if (m := BEARER.fullmatch(v))
        ]
        if bearers:
            alone = len(bearers) == 1
            return "token" if alone and self._is_token(bearers[0].strip()) else "wrong"
        sessions = list(_session_cookies(scope))[:MOST_COOKIES]
        return "session" if any(self._is_session(value) for value in sessions) else "none"

    def _is_token(self, given: bytes) -> bool:
        digest = hashlib.sha256(given[:LONGEST_CREDENTIAL]).digest()
        return hmac.compare_digest(digest, self._token_hash)

    def _is_session(self, value: bytes) -> bool:
        match = SESSION.fullmatch(value)
        if match is None:
            return False
        signature = self._signature(match[1] + b"." + match[2]).encode("ascii")
        fresh = self._clock() < int(match[1])
        return hmac.compare_digest(signature, match[3]) and fresh

    def _signature(self, text: bytes) -> str:
        return hmac.digest(self._key, text, "sha256").hex()

    def _count_guess(self, scope: Scope) -> None:
        client = scope.get("client")
        _refuse_for(self._guesses_by_client.wait_s(str(client[0]) if client else ""))
        _take(self._guesses)


def safe_next(text: str | None, base: str) -> str:
    """Where to send a browser after signing in: `text` if it is below `base`, else `base`.

    Anything that a browser could read as another host, or as a way out of `base`, is
    not below it.
    """
    home = base or "/"
    if text is None or NEXT.fullmatch(text) is None or not text.startswith(base + "/"):
        # The base itself has no slash at its end, so it may be followed by a query only.
        return text if text is not None and _is_base(text, base) else home
    path = text.partition("?")[0].partition("#")[0].lower().replace("%2e", ".")
    way_out = "//" in path or "%2f" in path or "%5c" in path or ".." in path.split("/")
    return home if way_out else text


def _is_base(text: str, base: str) -> bool:
    return base != "" and NEXT.fullmatch(text) is not None and text.partition("?")[0] == base


def _take(limit: RateLimit) -> None:
    _refuse_for(limit.wait_s())


def _refuse_for(wait_s: float) -> None:
    if wait_s > 0:
        seconds = max(1, math.ceil(wait_s))
        raise TooManyRequests(f"too many requests; ask again in {seconds} s", retry_after_s=seconds)


def _session_cookies(scope: Scope) -> Iterator[bytes]:
    """Every cookie of our name: another site of the same domain may have set one too."""
    for header in header_values(scope, b"cookie"):
        for pair in header.split(b";"):
            name, _, value = pair.strip().partition(b"=")
            if name == COOKIE.encode("ascii"):
                yield value.strip(b'"')


def _cookie(scope: Scope, value: str, base: str, seconds: int) -> str:
    path = quote(base or "/", safe="/~")
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    return f"{COOKIE}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


def _token_parameter(scope: Scope) -> str | None:
    """The name of the query parameter that carries a token, if there is one."""
    query: bytes = scope.get("query_string", b"")
    for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name.strip().lower() in TOKEN_PARAMETERS:
            return name.strip().lower()
    return None
