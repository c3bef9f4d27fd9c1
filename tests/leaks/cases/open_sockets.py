"""A statistics client for each request, with a socket of its own that nobody closes."""

import socket

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

CASE = Case(
    __name__,
    "unclosed sockets",
    Load({"POST /votes": 1, INNOCENT: 1}),
    Leak(
        resource="fds",
        types=(f"{__name__}.StatsClient", "socket.socket"),
        holder=r"\bclients\b",
        kind="module global",
        route="POST /votes",
        objects_per_request=1,
        also=("python",),
    ),
)


class StatsClient:
    """Sends counts to a collector that may or may not be there."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # leaks
        self.socket.connect(("127.0.0.1", 8125))


clients: list[StatsClient] = []


def count_vote() -> StatsClient:
    client = StatsClient()  # leaks
    clients.append(client)
    return client


leaky, fixed = make_service(), make_service()


@leaky.post("/votes")
def vote() -> bool:
    return count_vote().socket.fileno() > 0


@fixed.post("/votes")
def vote_and_close() -> bool:
    client = count_vote()
    with client.socket:
        clients.remove(client)
        return client.socket.fileno() > 0
