"""Innocent: cycles lie about until the next collection, and a high threshold makes that rare."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Load

THRESHOLD = 50_000
TEXT_BYTES = 2_000
CHILDREN = 40

CASE = Case(
    __name__,
    "innocent: cycles between two collections",
    Load({"POST /pages": 1, INNOCENT: 1}),
    None,
)


class Element:
    """A node of a page, which knows its parent."""

    def __init__(self, parent: "Element | None" = None) -> None:
        self.parent = parent
        self.children: list[Element] = []
        self.text = bytes(TEXT_BYTES)


@asynccontextmanager
async def with_few_collections(app: FastAPI) -> AsyncIterator[None]:
    usual = gc.get_threshold()
    gc.set_threshold(THRESHOLD, *usual[1:])
    yield
    gc.set_threshold(*usual)


fixed = make_service(with_few_collections)


@fixed.post("/pages")
def page() -> int:
    page = Element()
    page.children += [Element(page) for _ in range(CHILDREN)]
    return len(page.children)
