"""In which format to answer: what the URL asks for, else what the client prefers.

Server-driven negotiation as in RFC 9110, section 12.5.1, with one liberty: a client
that names nothing we have gets text, never a 406. Most of them are curl.
"""

import re
from collections.abc import Iterator, Sequence

from leakprobe.errors import BadParameter

__all__ = ["MEDIA_TYPES", "choose_format"]

MEDIA_TYPES = {
    "text": "text/plain; charset=utf-8",
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
    "dot": "text/vnd.graphviz; charset=utf-8",
}
LONGEST_HEADER = 4096
MOST_RANGES = 64
RANGE = re.compile(r"([a-z0-9!#$&^_.+*-]+/[a-z0-9!#$&^_.+*-]+)")
QUALITY = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")

Preferences = dict[str, tuple[float, int]]


def choose_format(format_parameter: str | None, accept: str | None, offered: Sequence[str]) -> str:
    """One of the offered formats.

    Args:
        format_parameter: the value of `?format=`, None where there is none; it wins.
        accept: the `Accept` header, None where there is none.
        offered: the formats that the endpoint can answer in, at least one. Where the
            client has no preference it gets `text`, or the first if that is not offered.

    Raises:
        BadParameter: `format_parameter` is none of the offered formats.
    """
    if format_parameter is not None:
        if format_parameter not in offered:
            raise BadParameter("format", format_parameter, f"must be one of {', '.join(offered)}")
        return format_parameter
    default = "text" if "text" in offered else offered[0]
    preferences = _preferences(accept or "")
    candidates = [default, *(name for name in offered if name != default)]
    best = max(candidates, key=lambda name: _rank(name, preferences))
    return best if _rank(best, preferences)[0] > 0 else default


def _rank(name: str, preferences: Preferences) -> tuple[float, int, int]:
    """How much the client wants a format: quality, how closely it named it, how early."""
    media_type = MEDIA_TYPES[name].partition(";")[0]
    major = media_type.partition("/")[0]
    for closeness, key in ((2, media_type), (1, f"{major}/*"), (0, "*/*")):
        if key in preferences:
            quality, position = preferences[key]
            return quality, closeness, -position
    return 0.0, 0, 0


def _preferences(accept: str) -> Preferences:
    """Media range to quality and position; a malformed range counts for nothing."""
    found: Preferences = {}
    for position, (media_range, quality) in enumerate(_ranges(accept)):
        found.setdefault(media_range, (quality, position))
    return found


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    if len(accept) > LONGEST_HEADER:
        return
    for part in accept.lower().split(",")[:MOST_RANGES]:
        media_range, *parameters = (piece.strip() for piece in part.split(";"))
        qualities = [p for p in parameters if p.startswith("q=")]
        match = QUALITY.fullmatch(qualities[0]) if qualities else None
        if RANGE.fullmatch(media_range) and (match or not qualities):
            yield media_range, float(match[1]) if match else 1.0
