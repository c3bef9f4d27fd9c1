"""Innocent: a bounded cache fills to its bound; from then on one entry goes for each that comes."""

from functools import lru_cache
from zlib import crc32

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Load

CACHED = 200
THUMBNAILS = 400
THUMBNAIL_BYTES = 10_000

CASE = Case(
    __name__,
    "innocent: an LRU cache that fills to its bound",
    Load({"GET /thumbnails/{number}": 1, INNOCENT: 1}),
    None,
)


class Thumbnail:
    """A small picture."""

    def __init__(self, number: int) -> None:
        self.pixels = bytes([number % 256]) * THUMBNAIL_BYTES


@lru_cache(maxsize=CACHED)
def render(number: int) -> Thumbnail:
    return Thumbnail(number)


fixed = make_service()


@fixed.get("/thumbnails/{number}")
def thumbnail(number: int) -> int:
    """Which thumbnail it is depends on the number as if it were random."""
    return len(render(crc32(str(number).encode()) % THUMBNAILS).pixels)
