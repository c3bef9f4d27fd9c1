"""One exception for all: each raise adds to its traceback, which keeps frames and their locals."""

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

UPLOAD_BYTES = 20_000

CASE = Case(
    __name__,
    "exception that pins tracebacks",
    Load({"POST /uploads": 1, INNOCENT: 1}),
    Leak(
        resource="python",
        types=(f"{__name__}.Upload",),
        holder=r"\bUNREADABLE\b",
        kind="exception traceback",
        route="POST /uploads",
        bytes_per_request=UPLOAD_BYTES + 1_000,  # the upload, two frames, two entries
        objects_per_request=1,
    ),
)


class Upload:
    """What was sent."""

    def __init__(self, content: bytes) -> None:
        self.content = content


class UnreadableError(Exception):
    """The upload is no picture."""


UNREADABLE = UnreadableError("no picture")


def decode(upload: Upload, error: UnreadableError) -> int:
    if not upload.content.startswith(b"\x89PNG"):
        raise error
    return len(upload.content)


def try_to_decode(error: UnreadableError) -> str:
    upload = Upload(bytes(UPLOAD_BYTES))  # leaks
    try:
        return f"{decode(upload, error)} bytes"
    except UnreadableError as unreadable:
        return str(unreadable)


leaky, fixed = make_service(), make_service()


@leaky.post("/uploads")
def upload() -> str:
    return try_to_decode(UNREADABLE)


@fixed.post("/uploads")
def upload_with_its_own_error() -> str:
    return try_to_decode(UnreadableError("no picture"))
