"""Innocent: codecs are imported when they are first needed, so memory grows until all were."""

import encodings
from importlib import import_module
from pkgutil import iter_modules
from zlib import crc32

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Load

CASE = Case(
    __name__,
    "innocent: import warm-up",
    Load({"GET /codecs/{number}": 1, INNOCENT: 1}),
    None,
)

CODECS = sorted(found.name for found in iter_modules(encodings.__path__) if found.name != "mbcs")[
    :60
]

fixed = make_service()


@fixed.get("/codecs/{number}")
def describe_codec(number: int) -> str:
    """Which codec it is depends on the number as if it were random."""
    name = CODECS[crc32(str(number).encode()) % len(CODECS)]
    return import_module(f"encodings.{name}").__name__
