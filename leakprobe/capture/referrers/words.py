"""The words for how something is held: on an edge, as code would write it, and in a sentence.

Only names that stand in code get here without `reveal`. A name that code could not use as
an identifier is the application's data, and is written as a key.
"""

from dataclasses import dataclass

__all__ = [
    "CACHED_RESULT",
    "DEFAULT",
    "DICT_KEY",
    "HIDDEN",
    "REFERENCE",
    "SET_ITEM",
    "EdgeLabel",
    "closure_variable",
    "context_variable",
    "item",
    "length",
    "local",
    "named",
]

HIDDEN = "…"


@dataclass(frozen=True, slots=True)
class EdgeLabel:
    """How a holder holds something: on an edge, as code would write it, and in words."""

    shown: str
    text: str
    step: str


REFERENCE = EdgeLabel("", "→", "reference")
DEFAULT = EdgeLabel("default", ".__defaults__[…]", "default argument")
CACHED_RESULT = EdgeLabel("cached result", "(…)", "cached result")
SET_ITEM = EdgeLabel("{…}", "{…}", "set item")
DICT_KEY = EdgeLabel("key", ".keys()[…]", "dict key")


def named(what: str, name: str | None, key: str | None = None) -> EdgeLabel:
    """An attribute, a global and the like.

    Args:
        what: what it is.
        name: its name; None: not known, or no string.
        key: how to write a name that is no identifier, where that may be shown.
    """
    if name is not None and name.rstrip(HIDDEN).isidentifier():
        return EdgeLabel(name, f".{name}", f"{what} {name}")
    return EdgeLabel(f"[{key or HIDDEN}]", f"[{key or HIDDEN}]", f"{what} {key}" if key else what)


def local(name: str | None) -> EdgeLabel:
    """A variable of a frame."""
    shown = name or HIDDEN
    return EdgeLabel(f"local {shown}", f".{shown}", f"local {shown}")


def closure_variable(name: str | None) -> EdgeLabel:
    """A variable that a function, or a frame, has from the function around it."""
    shown = name or "?"
    return EdgeLabel(f"cell {shown}", f".__closure__[{shown}]", f"closure variable {shown}")


def context_variable(name: str | None) -> EdgeLabel:
    """A value in a context (contextvars)."""
    shown = name or HIDDEN
    return EdgeLabel(f"[{shown}]", f"[{shown}]", f"context variable {shown}")


def item(what: str, place: str | None) -> EdgeLabel:
    """An item of a container, with its place where that may be shown."""
    shown = place or HIDDEN
    return EdgeLabel(f"[{shown}]", f"[{shown}]", what)


def length(entries: int) -> str:
    """What is written on the node of a container."""
    return f"{entries} item" if entries == 1 else f"{entries} items"
