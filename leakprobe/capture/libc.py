"""Functions of the C library, which is opened once.

Each `ctypes.CDLL` makes a class for its functions, and a class is a cycle that waits for
the collector.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

__all__ = ["FindFunction", "find_function"]

# Any: ctypes has no type that what its functions take and give has in common.
FindFunction = Callable[..., Callable[..., Any] | None]


@cache
def find_function(
    name: str,
    result: Any,  # noqa: ANN401  # see above
    *arguments: Any,  # noqa: ANN401  # see above
) -> Callable[..., Any] | None:
    """A function of the C library with its types set; None where there is none of that name."""
    library = _library()
    try:
        function = library[name] if library is not None else None
    except AttributeError:
        return None
    if function is not None:
        function.restype = result
        function.argtypes = arguments
    return function


@cache
def _library() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(None)
    except (OSError, TypeError):  # Windows takes no None
        return None
