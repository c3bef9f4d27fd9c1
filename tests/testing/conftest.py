"""Collections of these tests take as long as the suite has imported, unless that is frozen."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _only_what_is_new_is_collected() -> Iterator[None]:
    gc.freeze()
    yield
    gc.unfreeze()
