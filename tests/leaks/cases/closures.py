"""Each export leaves a callback that would clean up after it, and its closure keeps the export."""

from collections.abc import Callable

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

EXPORT_BYTES = 20_000

CASE = Case(
    __name__,
    "closures kept by callbacks",
    Load({"POST /exports": 1, INNOCENT: 1}),
    Leak(
        resource="python",
        types=(f"{__name__}.Export",),
        holder=r"\bat_shutdown\b",
        route="POST /exports",
        bytes_per_request=EXPORT_BYTES + 420,  # the export, its function and cell, the entry
        objects_per_request=1,
    ),
)


class Export:
    """A file in the making."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def close(self) -> int:
        self.content, size = b"", len(self.content)
        return size


at_shutdown: list[Callable[[], int]] = []


def start_export() -> Callable[[], int]:
    """Begin an export; whatever happens, it will be closed in the end."""
    export = Export(bytes(EXPORT_BYTES))  # leaks

    def clean_up() -> int:
        return export.close() if export.content else 0

    at_shutdown.append(clean_up)
    return lambda: len(export.content)


leaky, fixed = make_service(), make_service()


@leaky.post("/exports")
def export_rows() -> int:
    return start_export()()


@fixed.post("/exports")
def export_rows_and_clean_up() -> int:
    size = start_export()()
    at_shutdown.pop()()
    return size
