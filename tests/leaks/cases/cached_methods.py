"""`lru_cache` on a method: the cache belongs to the class, and keeps every `self`."""

from functools import lru_cache

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

TEXT_BYTES = 20_000

CASE = Case(
    __name__,
    "lru_cache on a method",
    Load({"POST /documents": 1, INNOCENT: 1}),
    Leak(
        resource="python",
        types=(f"{__name__}.Document",),
        holder=r"\bDocument\.words\b",
        kind="lru_cache",
        route="POST /documents",
        bytes_per_request=TEXT_BYTES + 230,  # the document, the key and the entry of the cache
        objects_per_request=1,
    ),
)


class Document:
    """What somebody uploads, and what is found out about it."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    @lru_cache(maxsize=None)  # noqa: B019, UP033  (the mistake that is shown)
    def words(self) -> int:
        return self.count_words()

    def count_words(self) -> int:
        return len(self.text.split(b"\0"))


def receive() -> Document:
    return Document(bytes(TEXT_BYTES))  # leaks


leaky, fixed = make_service(), make_service()


@leaky.post("/documents")
def index() -> int:
    return receive().words()


@fixed.post("/documents")
def index_uncached() -> int:
    return receive().count_words()
