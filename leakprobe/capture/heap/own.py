"""What a walk of a copy must be told is leakprobe's: objects by address, frames by file.

What only these lead to is left out of every count. leakprobe's modules are among them,
so its classes and functions are too, and so are its threads; its examples are somebody's
application.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from leakprobe.capture.heap.kinds import is_ours
from leakprobe.own_threads import own_threads

__all__ = ["FILE_PREFIX", "PACKAGE", "SHARED_FILE", "SHARED_FILES", "own_addresses"]

# As code objects name their files: symbolic links are not followed.
PACKAGE = Path(__file__).parent.parent.parent
# Files below it are ours; the walk knows that those of its examples/ are not.
FILE_PREFIX = f"{PACKAGE}/"
# The one file of ours that is on the stack of every request of the application.
SHARED_FILE = f"{PACKAGE}/web/middleware.py"
# Through these the demo starts its service, and tests and commands call what they measure.
CALLERS = (
    "__main__",
    "cli",
    "commands/calls_child",
    "demo/tied",
    "testing/calls",
    "testing/comparison",
    "testing/decorator",
    "testing/driving",
    "testing/growth",
    "testing/plugin/iterations",
    "testing/plugin/repetition",
    "testing/plugin/shared_fixtures",
    "testing/target",
)
# What is below one of these on a stack is the application's.
SHARED_FILES = frozenset({SHARED_FILE, *(f"{PACKAGE}/{caller}.py" for caller in CALLERS)})

read_namespace = type.__getattribute__(ModuleType, "__dict__")["__dict__"].__get__


def own_addresses(own: Iterable[object]) -> list[int]:
    """Where our objects are: those given, and every module of ours with its namespace.

    Args:
        own: the agent's tables.
    """
    roots = [*own]
    for thread in own_threads():
        roots += (thread, vars(thread))
    for name, module in list(dict.items(sys.modules)):
        if type(name) is str and is_ours(name) and type(module) is ModuleType:
            roots += (module, read_namespace(module))
    return list(map(id, roots))
