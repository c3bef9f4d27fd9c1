"""A small leak in a busy service: one weak reference more per request, to an object that is gone.

Beside it, requests allocate and free 100 MB a second: 20 a second of each kind, and each
innocent one takes `RENDERED_BYTES`.
"""

from weakref import ref

from tests.leaks.service import make_service
from tests.leaks.truth import Case, Leak, Load

PIECE_BYTES = 10_000
RENDERED_BYTES = 5_000_000

CASE = Case(
    __name__,
    "100 bytes per request beside 100 MB/s",
    Load({"POST /sessions": 1, "GET /video": 1}),
    Leak(
        resource="python",
        types=("weakref.ReferenceType",),
        holder=r"\bsmall_leak\.listeners\b",
        kind="module global",
        route="POST /sessions",
        bytes_per_request=90,  # the weak reference, and its place in the list
        objects_per_request=1,
    ),
)


class Session:
    """Whoever is logged in."""


listeners: list[ref[Session]] = []


def log_in() -> Session:
    session = Session()
    listeners.append(ref(session))  # leaks
    return session


leaky, fixed = make_service(), make_service()


@leaky.get("/video")
@fixed.get("/video")
def render() -> int:
    pieces = [bytes(PIECE_BYTES) for _ in range(RENDERED_BYTES // PIECE_BYTES)]
    return sum(len(piece) for piece in pieces)


@leaky.post("/sessions")
def start_session() -> bool:
    return log_in() is not None


@fixed.post("/sessions")
def start_session_and_log_out() -> bool:
    session = log_in()
    listeners.remove(ref(session))
    return session is not None
