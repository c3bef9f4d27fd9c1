"""Each request adds a handler to a logger, and none is removed."""

import logging

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

BUFFER_BYTES = 10_000

CASE = Case(
    __name__,
    "logging handlers added per request",
    Load({"POST /imports": 1, INNOCENT: 1}),
    Leak(
        resource="python",
        types=(f"{__name__}.ImportLog",),
        holder=r"\bhandlers\b",
        kind="logging handler",
        route="POST /imports",
        bytes_per_request=BUFFER_BYTES + 570,  # the handler, its lock and dictionary
        objects_per_request=1,
    ),
)


class ImportLog(logging.Handler):
    """What one import had to say, to be shown to whoever started it."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.text = bytearray(BUFFER_BYTES)  # leaks

    def emit(self, record: logging.LogRecord) -> None:
        self.text += record.getMessage().encode()


log = logging.getLogger(__name__)
log.propagate = False


def import_rows() -> ImportLog:
    handler = ImportLog()  # leaks
    log.addHandler(handler)
    log.warning("an import of no rows")
    return handler


leaky, fixed = make_service(), make_service()


@leaky.post("/imports")
def start_import() -> int:
    return len(import_rows().text)


@fixed.post("/imports")
def start_import_and_let_go() -> int:
    handler = import_rows()
    log.removeHandler(handler)
    return len(handler.text)
