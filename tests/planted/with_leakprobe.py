"""`memory_leak_test`, as our own manual says: 200 calls of each function."""

from collections.abc import Callable

import pytest

from leakprobe.testing import memory_leak_test
from tests.planted.calls import INNOCENT_CALLS, LEAKY_CALLS

CALLS = LEAKY_CALLS | INNOCENT_CALLS
ITERATIONS = 200


@pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in CALLS.items()])
def test_call(call: Callable[[], None]) -> None:
    memory_leak_test(iterations=ITERATIONS)(call)()
