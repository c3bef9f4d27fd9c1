"""Tasks that nobody awaits wait for an event that never comes."""

import asyncio

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

ORDER_BYTES = 20_000

CASE = Case(
    __name__,
    "asyncio tasks never awaited",
    Load({"POST /orders": 1, INNOCENT: 1}),
    Leak(
        resource="tasks",
        types=("_asyncio.Task", f"{__name__}.Order"),
        holder=r"\bpaid\b",
        route="POST /orders",
        bytes_per_request=ORDER_BYTES + 1_200,  # the order, its task, coroutine and future
        objects_per_request=1,
        also=("python",),
    ),
)


class Order:
    """What somebody bought."""

    def __init__(self, number: int, invoice: bytes) -> None:
        self.number = number
        self.invoice = invoice


paid = asyncio.Event()


async def deliver(order: Order) -> int:
    """Wait until the money is there."""
    await paid.wait()
    return order.number


def begin(number: int) -> asyncio.Task[int]:
    order = Order(number, bytes(ORDER_BYTES))  # leaks
    return asyncio.create_task(deliver(order))  # leaks


leaky, fixed = make_service(), make_service()


@leaky.post("/orders")
async def buy() -> str:
    return begin(1).get_name()


@fixed.post("/orders")
async def buy_with_patience() -> str:
    delivery = begin(1)
    await asyncio.wait([delivery], timeout=0.01)
    delivery.cancel()
    return delivery.get_name()
