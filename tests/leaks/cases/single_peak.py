"""Innocent: one large report is built and held for some seconds, and then it is gone."""

import asyncio
from itertools import count

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Load

LARGE_REPORT = 200
LINES = 100_000
SECONDS_TO_READ = 6.0

CASE = Case(
    __name__,
    "innocent: a single large peak",
    Load({"GET /report": 1, INNOCENT: 1}, connections=8),
    None,
)


class Line:
    """One line of a report."""

    def __init__(self, number: int) -> None:
        self.text = f"line {number} of a report that is far too long" * 4


fixed = make_service()
reports = count(1)


@fixed.get("/report")
async def report() -> int:
    """The two-hundredth report has everything in it, and takes long to send."""
    large = next(reports) == LARGE_REPORT
    lines = [Line(number) for number in range(LINES if large else 10)]
    if large:
        await asyncio.sleep(SECONDS_TO_READ)
    return len(lines)
