"""Innocent: a pool of connections opens a new one for each request until it has its size."""

from collections import deque

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Load

POOL_SIZE = 300
BUFFER_BYTES = 20_000

CASE = Case(
    __name__,
    "innocent: a pool that grows to its size",
    Load({"GET /customers": 1, INNOCENT: 1}),
    None,
)


class Connection:
    """To a database: a buffer, here, and nothing behind it."""

    def __init__(self) -> None:
        self.buffer = bytearray(BUFFER_BYTES)

    def ask(self, question: bytes) -> int:
        self.buffer[: len(question)] = question
        return len(self.buffer)


class Pool:
    """Opens connections while it has less than its size, and then takes turns."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.connections: deque[Connection] = deque()

    def take(self) -> Connection:
        if len(self.connections) < self.size:
            return Connection()
        return self.connections.popleft()

    def give_back(self, connection: Connection) -> None:
        self.connections.append(connection)


pool = Pool(POOL_SIZE)
fixed = make_service()


@fixed.get("/customers")
async def customers() -> int:
    connection = pool.take()
    size = connection.ask(b"select * from customers")
    pool.give_back(connection)
    return size
