"""Small pieces of work that allocate much, as services do; each takes a few milliseconds."""

import asyncio
import csv
import io
import json
import re
from collections.abc import Callable

from pydantic import BaseModel

__all__ = ["WORKLOADS", "deep"]

DEPTH = 20  # frames below a request handler in a usual service


class Line(BaseModel):
    article: int
    name: str
    price: float
    tags: list[str]


class Order(BaseModel):
    number: int
    lines: list[Line]
    notes: dict[str, str]


class Point:
    def __init__(self, number: int) -> None:
        self.number = number
        self.name = str(number)
        self.near = [number]


DOCUMENT = [
    {"id": i, "name": f"user {i}", "tags": [f"x{i}", "y"], "score": i * 1.1, "more": {"a": i}}
    for i in range(1500)
]
DOCUMENT_TEXT = json.dumps(DOCUMENT)
ORDER = {
    "number": 1,
    "lines": [
        {"article": i, "name": f"n{i}", "price": i * 1.5, "tags": ["a", f"b{i}"]}
        for i in range(400)
    ],
    "notes": {f"k{i}": f"v{i}" for i in range(50)},
}
TABLE = "\n".join(f"{i},name {i},{i * 1.5:.2f},{'x' * (i % 30)}" for i in range(3000))
ROWS = [(i * 7919 % 10007, f"row {i}") for i in range(6000)]
WORD = re.compile(r"(\w+) (\d+)")
TEXT = " ".join(f"word{i % 97} {i}" for i in range(4000))


def json_loads() -> None:
    json.loads(DOCUMENT_TEXT)


def json_dumps() -> None:
    json.dumps(DOCUMENT)


def dicts() -> None:
    [{"a": i * 1000, "b": str(i)} for i in range(8000)]


def objects() -> None:
    [Point(i) for i in range(4000)]


def numbers() -> None:
    [i * 1000 for i in range(60_000)]


def strings() -> None:
    ",".join([f"{i}:{i * 7}" for i in range(12_000)]).split(",")


def pydantic_models() -> None:
    Order.model_validate(ORDER).model_dump_json()


def csv_rows() -> None:
    rows = [{"id": row[0], "name": row[1]} for row in csv.reader(io.StringIO(TABLE))]
    csv.writer(io.StringIO()).writerows(row.values() for row in rows)


def sort_by_key() -> None:
    sorted(ROWS, key=lambda row: (row[0] % 100, row[1]))


def group_in_sets() -> None:
    groups: dict[int, set[str]] = {}
    for number, name in ROWS:
        groups.setdefault(number % 500, set()).add(name.upper())


def matches() -> None:
    [match.groups() for match in WORD.finditer(TEXT)]


def tasks() -> None:
    async def step(number: int) -> list[int]:
        await asyncio.sleep(0)
        return [number]

    async def everything() -> None:
        await asyncio.gather(*(step(i) for i in range(400)))

    asyncio.run(everything())


WORKLOADS: tuple[Callable[[], None], ...] = (
    json_loads,
    json_dumps,
    dicts,
    objects,
    numbers,
    strings,
    pydantic_models,
    csv_rows,
    sort_by_key,
    group_in_sets,
    matches,
    tasks,
)


def deep(call: Callable[[], float], depth: int = DEPTH) -> float:
    """Call it from below as many frames as a request handler has."""
    return deep(call, depth - 1) if depth else call()
