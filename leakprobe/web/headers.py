"""The headers of every answer: what a browser may do with it, and what it cost.

Header lists as ASGI wants them: pairs of bytes, names in lower case.
"""

import math
import secrets
from collections.abc import Sequence

from leakprobe.errors import Refusal, Unauthorized
from leakprobe.model import Price

__all__ = ["Headers", "new_nonce", "price_headers", "refusal_headers", "security_headers"]

Headers = list[tuple[bytes, bytes]]

NONCE_BYTES = 16
POLICY = "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
ALWAYS: Headers = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    # Not "no-referrer": under that policy a browser sends "Origin: null" with a form's
    # POST (Fetch, section 3.2), and then no POST can be known to be from our own page.
    # Other sites learn nothing under either.
    (b"referrer-policy", b"same-origin"),
]


def new_nonce() -> str:
    """A value for one page's `<style nonce>`; never the same twice."""
    return secrets.token_urlsafe(NONCE_BYTES)


def security_headers(nonce: str | None = None) -> Headers:
    """What keeps an answer out of caches and frames, and its page from loading anything.

    Args:
        nonce: what the page's own `<style>` carries, from `new_nonce`; None for answers
            that are no page.
    """
    allowed = "" if nonce is None else f"style-src 'nonce-{nonce}'; img-src 'self' data:; "
    policy = f"default-src 'none'; {allowed}{POLICY}"
    return [*ALWAYS, (b"content-security-policy", policy.encode("ascii"))]


def price_headers(price: Price, total_ms: float) -> Headers:
    """What the answer cost the application: `Leakprobe-Pause-Ms` and `Server-Timing`.

    `child-cpu` is the CPU time of the copy of the process that walked the heap, if one did.

    Args:
        price: of the captures behind the answer.
        total_ms: from the request to the answer.
    """
    pause = _milliseconds(price.pause_ms)
    copied = f"child-cpu;dur={_milliseconds(price.child_cpu_ms)}, " if price.child_cpu_ms else ""
    timing = (
        f"pause;dur={pause}, capture;dur={_milliseconds(price.wall_ms)}, "
        f"cpu;dur={_milliseconds(price.cpu_ms)}, {copied}total;dur={_milliseconds(total_ms)}"
    )
    return [
        (b"leakprobe-pause-ms", pause.encode("ascii")),
        (b"server-timing", timing.encode("ascii")),
    ]


def refusal_headers(refusal: Refusal, allow: Sequence[str] = ()) -> Headers:
    """What a client should know about a refusal besides its words.

    Args:
        refusal: what is answered.
        allow: the methods that the endpoint answers to, for `WrongMethod`.
    """
    headers: Headers = []
    if isinstance(refusal, Unauthorized):
        headers.append((b"www-authenticate", b'Bearer realm="leakprobe"'))
    if refusal.retry_after_s is not None:
        headers.append((b"retry-after", str(refusal.retry_after_s).encode("ascii")))
    if allow:
        headers.append((b"allow", ", ".join(allow).encode("ascii")))
    return headers


def _milliseconds(value: float) -> str:
    return f"{value if math.isfinite(value) and value > 0 else 0.0:.3f}"
