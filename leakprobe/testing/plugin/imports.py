"""Modules that are imported for the first time while a test runs: their memory is no leak.

`importlib._bootstrap._find_and_load` is called for each module that is not there yet, by
the import statement (CPython Python/import.c) and by `importlib.import_module` alike, and
for none that is.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast

import pytest

from leakprobe.testing.plugin.guard import Guard
from leakprobe.testing.plugin.meter import GrowthMeter

__all__ = ["imports_left_out"]

FindAndLoad = Callable[[str, Callable[..., ModuleType]], ModuleType]

BOOTSTRAP = importlib.import_module("_frozen_importlib")


@contextmanager
def imports_left_out(meter: GrowthMeter, guard: Guard) -> Iterator[None]:
    """The growth of an import is not counted as the test's, as long as this is open."""
    original = cast("FindAndLoad", vars(BOOTSTRAP)["_find_and_load"])

    def find_and_load(name: str, import_: Callable[..., ModuleType]) -> ModuleType:
        guard(meter.leave_out, None)
        try:
            return original(name, import_)
        finally:
            guard(meter.take_in, 0)

    # The frames of the import system are cut from the traceback of a failing import, by
    # this name of their file; so this one is as well.
    hidden = BOOTSTRAP._call_with_frames_removed.__code__.co_filename  # noqa: SLF001  # see above
    find_and_load.__code__ = find_and_load.__code__.replace(co_filename=hidden)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BOOTSTRAP, "_find_and_load", find_and_load)
        yield
