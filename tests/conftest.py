"""Fixtures for every test, and the proof that no test left anything behind."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from leakprobe.demo.service_process import Service
from tests import services
from tests.leftovers import left_since, leftovers


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    before = leftovers()
    yield
    found = left_since(before)
    assert not found, f"the test left behind: {', '.join(found)}"


@pytest.fixture
def free_port() -> int:
    """A port on the loopback interface that was free a moment ago."""
    return services.free_port()


@pytest.fixture
def running_service(tmp_path: Path) -> Iterator[services.StartService]:
    """Start a real service: `running_service("module:app", LEAKPROBE_TOKEN="…")`.

    All of them share one run directory of their own and end with the test.
    """
    with ExitStack() as stack:

        def start(app: str, **environment: str) -> Service:
            own = {"LEAKPROBE_DIRECTORY": str(tmp_path / "run"), **environment}
            return stack.enter_context(services.serve(app, own))

        yield start
