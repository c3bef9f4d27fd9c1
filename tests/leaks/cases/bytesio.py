"""Extracted sound goes into buffers that their maker keeps and nobody closes."""

import io

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

CLIP_BYTES = 100_000

CASE = Case(
    __name__,
    "BytesIO not closed",
    Load({"POST /detect-language": 1, INNOCENT: 1}),
    Leak(
        resource="python",
        types=("_io.BytesIO",),
        holder=r"extractor\.opened\b",
        kind="module global",
        route="POST /detect-language",
        bytes_per_request=CLIP_BYTES + 150,
        objects_per_request=1,
    ),
)

leaky, fixed = make_service(), make_service()


class Extractor:
    """Takes clips out of files; remembers what it opened."""

    def __init__(self) -> None:
        self.opened: list[io.BytesIO] = []

    def extract(self) -> io.BytesIO:
        buffer = io.BytesIO()
        buffer.write(bytes(CLIP_BYTES))  # leaks
        self.opened.append(buffer)
        return buffer

    def close(self, buffer: io.BytesIO) -> None:
        self.opened.remove(buffer)
        buffer.close()


extractor = Extractor()


@leaky.post("/detect-language")
def detect() -> int:
    return extractor.extract().tell()


@fixed.post("/detect-language")
def detect_and_close() -> int:
    buffer = extractor.extract()
    size = buffer.tell()
    extractor.close(buffer)
    return size
