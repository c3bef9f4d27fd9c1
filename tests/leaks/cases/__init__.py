"""Small services that leak, one a module, each with its innocent twin."""

from importlib import import_module
from pkgutil import iter_modules

from tests.leaks.truth import Case

__all__ = ["cases"]


def cases() -> tuple[Case, ...]:
    """Every case: a module here that has a `CASE`."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return tuple(module.CASE for module in modules if hasattr(module, "CASE"))
