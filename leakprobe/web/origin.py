"""Whether a request comes from a page of our own: the guard against other sites' forms."""

from collections.abc import Iterable

from starlette.types import Scope

__all__ = ["from_own_page", "header_values"]

DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def header_values(scope: Scope, name: bytes) -> list[bytes]:
    """Every value of a request's header, in their order; `name` in lower case."""
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return [value for key, value in headers if key.lower() == name]


def from_own_page(scope: Scope) -> bool:
    """Whether the browser says that a page of this very origin made the request.

    `Sec-Fetch-Site` is the browser's own word (Fetch Metadata) and holds behind proxies
    that rewrite `Host`; browsers send it over https and to localhost only. Elsewhere
    `Origin` must be the host that was asked. With neither, the answer is no.
    """
    site = _single(scope, b"sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin, host = _single(scope, b"origin"), _single(scope, b"host")
    if origin is None or not host:
        return False
    scheme, _, origin_host = origin.lower().partition("://")
    # A proxy may have taken the TLS off, so a page that came by https may meet http here.
    schemes = {"https"} if scope.get("scheme") == "https" else {"http", "https"}
    if scheme not in schemes:
        return False
    port = DEFAULT_PORTS[scheme]
    return origin_host.removesuffix(port) == host.lower().removesuffix(port)


def _single(scope: Scope, name: bytes) -> str | None:
    """The header's value; None where it is missing or there twice."""
    values = header_values(scope, name)
    return values[0].decode("latin-1") if len(values) == 1 else None
