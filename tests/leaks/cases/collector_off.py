"""Trees whose children know their parent are cycles, and the collector is off "to be faster"."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

TEXT_BYTES = 4_000
CHILDREN = 4

CASE = Case(
    __name__,
    "cycles with the collector off",
    Load({"POST /pages": 1, INNOCENT: 1}),
    Leak(
        resource="python",
        types=(f"{__name__}.Element",),
        holder=None,
        route="POST /pages",
        bytes_per_request=(CHILDREN + 1) * (TEXT_BYTES + 190),
        objects_per_request=CHILDREN + 1,
    ),
)


class Element:
    """A node of a page."""

    def __init__(self, parent: "Element | None" = None) -> None:
        self.parent = parent
        self.children: list[Element] = []
        self.text = bytes(TEXT_BYTES)  # leaks


def parse() -> Element:
    page = Element()  # leaks
    for _ in range(CHILDREN):
        page.children.append(Element(page))  # leaks
    return page


@asynccontextmanager
async def without_collector(app: FastAPI) -> AsyncIterator[None]:
    gc.disable()
    yield


leaky, fixed = make_service(without_collector), make_service(without_collector)


@leaky.post("/pages")
def page() -> int:
    return len(parse().children)


@fixed.post("/pages")
def page_taken_apart() -> int:
    page = parse()
    for child in page.children:
        child.parent = None
    return len(page.children)
