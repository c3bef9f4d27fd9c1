"""Where the function stands that answers a route, so that a line can be charged to it.

The function is reached through what usually wraps it, without running any of it: each
step is a C-level descriptor of a builtin type, applied after the type is checked.
"""

import functools
import types

from starlette.types import Scope

from leakprobe.model import Handler

__all__ = ["handler_of"]

DEEPEST = 50


def handler_of(scope: Scope, route: str) -> Handler | None:
    """The function that answered a request, where it is a Python function.

    Of a class with a method for each HTTP method it is the one that was called. Mounted
    applications and callable instances have none: every request passes through theirs.

    Args:
        scope: of a request that has ended.
        route: the route's label.
    """
    code = _code_of(scope.get("endpoint"), str(scope.get("method", "")).lower())
    if code is None:
        return None
    first_line = code.co_firstlineno
    return Handler(route, code.co_filename, first_line, max(_last_line(code), first_line))


def _code_of(endpoint: object, method: str) -> types.CodeType | None:
    thing = endpoint
    if issubclass(type(thing), type):
        thing = _method_of(thing, method)
    function: types.FunctionType | None = None
    for _ in range(DEEPEST):
        if type(thing) is functools.partial:
            thing = functools.partial.func.__get__(thing)
        elif type(thing) is types.MethodType:
            thing = types.MethodType.__func__.__get__(thing)
        elif type(thing) is types.FunctionType:
            function = thing
            thing = _wrapped(thing)
        else:
            break
    return None if function is None else function.__code__


def _wrapped(function: types.FunctionType) -> object:
    """What `functools.wraps` says this function stands in for."""
    return dict.get(function.__dict__, "__wrapped__")


def _method_of(endpoint: object, method: str) -> object:
    """The function of a class that answers an HTTP method, as `HTTPEndpoint` finds it."""
    for name in (method, "get") if method == "head" else (method,):
        for base in type.__dict__["__mro__"].__get__(endpoint):
            found = type.__dict__["__dict__"].__get__(base).get(name)
            if found is not None:
                return found
    return None


def _last_line(code: types.CodeType) -> int:
    """The last line of a function, those of the functions inside it included."""
    lines = [line for _, _, line in code.co_lines() if line is not None]
    inner = [_last_line(c) for c in code.co_consts if isinstance(c, types.CodeType)]
    return max([*lines, *inner], default=0)
