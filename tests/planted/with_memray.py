"""pytest-memray, as its manual says: each test is marked with `limit_leaks`.

What one call stack allocated while the body ran, and did not free until it ended, is
compared with the limit. A function is called in a loop, as recommended there.
"""

import os
from collections.abc import Callable

import pytest

from tests.planted.calls import INNOCENT_CALLS, LEAKY_CALLS

CALLS = LEAKY_CALLS | INNOCENT_CALLS
ITERATIONS = 200
LIMIT = os.environ.get("PLANTED_LIMIT", "5 MB")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.limit_leaks(LIMIT))


@pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in CALLS.items()])
def test_call(call: Callable[[], None]) -> None:
    for _ in range(ITERATIONS):
        call()
