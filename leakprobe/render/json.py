"""Documents as JSON bytes.

Numbers that JSON cannot say (NaN, infinities) become null; moments that it could not
say become ISO 8601 strings in UTC.
"""

import json
import math
from collections.abc import Iterable, Mapping

from leakprobe.codec import SCHEMA, JsonValue, to_json
from leakprobe.render.units import UNKNOWN, moment_text

__all__ = ["Document", "document", "json_bytes", "json_moment", "list_document"]

Document = dict[str, JsonValue]


def json_bytes(value: JsonValue) -> bytes:
    """A document as one line of ASCII JSON with a line feed, so that `curl` leaves the prompt."""
    text = json.dumps(_finite(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.encode("ascii") + b"\n"


def document(pid: int, **fields: JsonValue) -> Document:
    """An answer about one process, with the schema version."""
    return {"schema": SCHEMA, "pid": pid, **fields}


def list_document(pid: int, rows: Iterable[object], **fields: JsonValue) -> Document:
    """An answer that is a list: its fields, then its rows, which are models or JSON values."""
    return document(pid, **fields, rows=[to_json(row) for row in rows])


def json_moment(moment: float | None) -> str | None:
    """Seconds since the epoch as ISO 8601 in UTC; None where there is no such moment."""
    text = moment_text(moment)
    return None if text == UNKNOWN else text


def _finite(value: JsonValue) -> JsonValue:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value
