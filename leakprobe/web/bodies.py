"""Parameters as they arrive: in the query, or in a small form or JSON body.

What comes out is a list of names and values in text, so that one set of rules reads
them all. A JSON number keeps the digits it was written with; `1e3` is refused as in a
query. A body of another content type is a 400 that names the header.
"""

import json
from urllib.parse import parse_qsl

from starlette.types import Receive

from leakprobe.errors import BadParameter, BodyTooLarge

__all__ = ["MOST_BODY_BYTES", "Pairs", "parse_body", "parse_query", "read_body"]

Pairs = list[tuple[str, str]]

MOST_BODY_BYTES = 64 * 1024
MOST_QUERY_BYTES = 16 * 1024
MOST_FIELDS = 100
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
AN_OBJECT = "must be a JSON object of texts, whole numbers, true and false"


def parse_query(query_string: bytes) -> Pairs:
    """Names and values in a query string.

    Raises:
        BadParameter: it is not UTF-8, or too long.
    """
    if len(query_string) > MOST_QUERY_BYTES:
        raise BadParameter("query", "(long)", f"must be at most {MOST_QUERY_BYTES} bytes")
    return _fields(query_string, "query")


def parse_body(content_type: str | None, body: bytes) -> Pairs:
    """Names and values in the body of a POST; none in an empty one.

    Args:
        content_type: the `Content-Type` header.
        body: all of it.

    Raises:
        BodyTooLarge: it is longer than `MOST_BODY_BYTES`.
        BadParameter: it is neither a form nor a flat JSON object.
    """
    if len(body) > MOST_BODY_BYTES:
        raise _too_large()
    if body == b"":
        return []
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind == FORM:
        return _fields(body, "body")
    if kind == JSON:
        return _object(body)
    raise BadParameter("Content-Type", content_type or "", f"must be {JSON} or {FORM}")


async def read_body(receive: Receive) -> bytes:
    """The whole body of a request, or what came of it before the client left.

    Raises:
        BodyTooLarge: it is longer than `MOST_BODY_BYTES`; the rest is not read.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MOST_BODY_BYTES:
            raise _too_large()
        chunks.append(chunk)
        if message["type"] != "http.request" or not message.get("more_body", False):
            return b"".join(chunks)


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(f"the body is too large; send at most {MOST_BODY_BYTES} bytes")


def _fields(encoded: bytes, where: str) -> Pairs:
    try:
        text = encoded.decode("utf-8")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except UnicodeDecodeError:
        raise BadParameter(where, "(undecodable)", "must be UTF-8") from None
    except ValueError:
        allowed = f"must have at most {MOST_FIELDS} parameters"
        raise BadParameter(where, "(long)", allowed) from None


class _Object(list[tuple[str, object]]):
    """A JSON object as its pairs, so that a name that is there twice is seen."""


def _object(body: bytes) -> Pairs:
    try:
        # Numbers stay text: a number of many digits must not become an int here.
        document = json.loads(
            body.decode("utf-8"), object_pairs_hook=_Object, parse_int=str, parse_float=str
        )
    except (ValueError, RecursionError):
        raise BadParameter("body", "(malformed)", AN_OBJECT) from None
    if not isinstance(document, _Object):
        raise BadParameter("body", type(document).__name__, AN_OBJECT)
    return [(name, _text(name, value)) for name, value in document]


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    kind = {_Object: "object", float: "number"}.get(type(value), type(value).__name__)
    raise BadParameter(name, f"({kind})", "must be a text, a whole number, true or false")
