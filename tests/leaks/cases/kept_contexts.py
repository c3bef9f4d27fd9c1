"""Contexts kept to log in them later: each holds the request that was current in it."""

from collections import deque
from contextvars import Context, ContextVar, copy_context

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

BODY_BYTES = 20_000

CASE = Case(
    __name__,
    "context variables that hold requests",
    Load({"POST /calls": 1, INNOCENT: 1}),
    Leak(
        resource="python",
        types=(f"{__name__}.Call",),
        holder=r"\baudit\b",
        route="POST /calls",
        bytes_per_request=BODY_BYTES + 300,  # the call, its context and the map in it
        objects_per_request=1,
    ),
)


class Call:
    """One request, as the audit wants to know it."""

    def __init__(self, body: bytes) -> None:
        self.body = body


current: ContextVar[Call] = ContextVar("current")
audit: deque[Context] = deque()


def answer() -> int:
    current.set(Call(bytes(BODY_BYTES)))  # leaks
    audit.append(copy_context())  # leaks
    return write_audit(audit[-1])


def write_audit(context: Context) -> int:
    return context.run(lambda: len(current.get().body))


leaky, fixed = make_service(), make_service()


@leaky.post("/calls")
async def call() -> int:
    return answer()


@fixed.post("/calls")
async def call_and_forget() -> int:
    size = answer()
    audit.pop()
    return size
