"""Every test runs twice: red with the leaky service, green with the fixed one."""

from collections.abc import Iterator
from types import ModuleType

import pytest

from . import fixed, leaky


@pytest.fixture(params=[leaky, fixed], ids=["leaky", "fixed"])
def service(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    yield request.param
    fixed.model_cleanup.cancel()
