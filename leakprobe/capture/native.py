"""Whether the native core is there, and why not: the one place where that is found out.

Modules that need it (`sampled_tracer`, `heap.forked`) import it at their top; they are
imported only where this says that it is there. What has a substitute (`requests`,
`web.request_watch`) asks here and imports what it is told.
"""

import importlib
import os
import sys
from functools import cache

__all__ = ["HOW_TO_BUILD", "heap_walk_missing", "requests_missing", "sampler_missing"]

PACKAGE = "leakprobe.capture._native"
SWITCH = "LEAKPROBE_NATIVE"
HOW_TO_BUILD = "install a C compiler and run: pip install --force-reinstall leakprobe-agent"


def sampler_missing() -> str | None:
    """Why allocations cannot be sampled in this installation; None: they can."""
    return _missing("_sampler")


def heap_walk_missing() -> str | None:
    """Why the heap cannot be walked in a copy of the process; None: it can."""
    if sys.platform != "linux":
        return f"it copies the process in a way that only Linux has, and this is {sys.platform}"
    return _missing("_heap")


def requests_missing() -> str | None:
    """Why requests are noted in Python in this installation; None: they are noted in C."""
    return _missing("_requests")


@cache
def _missing(name: str) -> str | None:
    if os.environ.get(SWITCH, "") == "0":
        return f"{SWITCH}=0 in the environment switches it off"
    try:
        importlib.import_module(f"{PACKAGE}.{name}")
    except ImportError as error:
        if error.name == f"{PACKAGE}.{name}" or "cannot import name" in str(error):
            return "it is not built in this installation"
        return f"it is built, and cannot be loaded: {error}"
    return None
