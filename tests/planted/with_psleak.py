"""psleak, as its README says: `execute()` of a `MemoryLeakTestCase`, with PYTHONMALLOC=malloc.

It calls a function again and again, and more often each time that memory still grows. So
it gets the functions of `calls.py` with its own defaults, and as a plugin the bodies of
those planted tests that use no fixtures: few calls of these, as each takes megabytes, and
growth of 1 MB allowed where others allow 5 MB. With PLANTED_CYCLES=allowed its check for
cycles is left out, which is meant for C extensions and calls each cycle uncollectable.
"""

import inspect
import os
from collections.abc import Callable

import psleak  # type: ignore[import-untyped]  # it has none
import pytest

from tests.planted.calls import INNOCENT_CALLS, LEAKY_CALLS
from tests.planted.running import NOT_GIVEN

ENVIRONMENT = {"PYTHONMALLOC": "malloc", "PYTHONUNBUFFERED": "1"}
CALLS = LEAKY_CALLS | INNOCENT_CALLS
CYCLES_ALLOWED = os.environ.get("PLANTED_CYCLES") == "allowed"


class Case(psleak.MemoryLeakTestCase):  # type: ignore[misc]  # it has no types
    __test__ = False
    checkers = psleak.Checkers.exclude("gcgarbage") if CYCLES_ALLOWED else psleak.Checkers()


class CaseOfBigBodies(Case):
    warmup_times = 2
    times = 2
    retries = 4
    tolerance = 1_000_000


def needs_more_than_calls(item: pytest.Item) -> str | None:
    """Why a test is no function that can be called again and again; None: it is one."""
    if not isinstance(item, pytest.Function) or item.cls is not None:
        return "a method"
    if item._fixtureinfo.argnames or item.get_closest_marker("usefixtures"):
        return "takes fixtures"
    return "a coroutine" if inspect.iscoroutinefunction(item.obj) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if why := needs_more_than_calls(item):
            item.user_properties.append((NOT_GIVEN, why))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if NOT_GIVEN in dict(pyfuncitem.user_properties):
        return None
    CaseOfBigBodies().execute(pyfuncitem.obj)
    return True


@pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in CALLS.items()])
def test_call(call: Callable[[], None]) -> None:
    Case().execute(call)
