"""What the edges and nodes of a referrer graph are called.

Without `reveal` only names that stand in code are shown: of modules, classes, functions,
attributes and variables. Keys, indexes and values are the application's data.
"""

from collections import deque
from collections.abc import Callable
from types import FrameType, FunctionType, ModuleType
from typing import cast

from leakprobe.capture.heap.kinds import LENGTHS, Kind
from leakprobe.capture.names import clean_name, function_name, type_mro, type_name
from leakprobe.capture.referrers import parts, words
from leakprobe.capture.referrers.frames import frame_title
from leakprobe.capture.referrers.words import EdgeLabel
from leakprobe.errors import shorten

__all__ = ["Chain", "edge_label", "node_kind", "node_label"]

# A holder and the parts of it that lead to what is held, each with its role.
Chain = list[tuple[object, str | None]]

LONGEST_DATA = 60
LARGEST_INT_BITS = 180
INDEXED: dict[type, str] = {list: "list", tuple: "tuple", deque: "deque"}


def edge_label(chain: Chain, held: object, *, in_module: bool, reveal: bool) -> EdgeLabel:
    """The label of the edge from the first object of a chain to what its last one holds.

    Args:
        chain: the holder and its parts.
        held: what is held.
        in_module: the holder is the namespace of a module.
        reveal: show keys and indexes.
    """
    holder, role = chain[-1]
    if in_module:
        namespace = parts.module_namespace(holder)
        return _named(_item_name(namespace, held), "global", reveal=reveal)
    if role == parts.NAMESPACE:
        return _named(_item_name(holder, held), "attribute", reveal=reveal)
    if role == parts.CLASS_NAMESPACE:
        return _named(_item_name(holder, held), "class attribute", reveal=reveal)
    if role == parts.THREAD_NAMESPACE:
        return _named(_item_name(holder, held), "thread-local", reveal=reveal)
    if role == parts.CELL:
        return _cell_label(chain)
    if role == parts.DEFAULTS:
        return words.DEFAULT
    return _plain_label(holder, held, reveal=reveal)


def node_label(o: object, kind: Kind, *, reveal: bool) -> str:
    """What is written on a node beside its type."""
    if kind.is_class:
        return type_name(cast("type", o))
    if type(o) is FunctionType:
        return function_name(o)
    if type(o) is FrameType:
        return frame_title(o)
    shown = revealed(o) if reveal else None
    if shown is not None:
        return shown
    if kind.length is not None:
        return words.length(kind.length(o))
    return ""


def node_kind(o: object, kind: Kind) -> str:
    """The kind of a node that is no target: see `GraphNode`."""
    if kind.is_class:
        return "type"
    if type(o) is ModuleType:
        return "module"
    if type(o) is FrameType:
        return "frame"
    if type(o) is FunctionType:
        return "function"
    return "other" if kind.plumbing else "object"


def revealed(o: object) -> str | None:
    """A short repr of an exact builtin atom; None of anything else."""
    for cls in (str, int, bytes, float, bool, type(None)):
        if type(o) is cls:
            start = cast("str", o)[:LONGEST_DATA] if cls in (str, bytes) else o
            digits = type(o) is int and int.bit_length(o) > LARGEST_INT_BITS
            return "a large int" if digits else shorten(clean_name(repr(start)), LONGEST_DATA)
    return None


def _item_name(namespace: object, held: object) -> object:
    found = parts.find_item(namespace, held)
    return found[1] if found is not None and not found[0] else None


def _named(name: object, what: str, *, reveal: bool) -> EdgeLabel:
    """An edge by name, if the name is one that code could use."""
    if type(name) is str and str.isidentifier(name):
        return words.named(what, clean_name(name))
    return words.named(what, None, revealed(name) if reveal and name is not None else None)


def _cell_label(chain: Chain) -> EdgeLabel:
    owner, cell = chain[0][0], chain[-1][0]
    find: Callable[[object, object], str | None] = (
        parts.cell_name if type(owner) is FunctionType else parts.find_local
    )
    return words.closure_variable(clean_name(find(owner, cell) or "?"))


def _plain_label(holder: object, held: object, *, reveal: bool) -> EdgeLabel:
    base = _base(holder)
    if id(type(holder)) in parts.FRAME_OF:
        name = parts.find_local(holder, held)
        return words.local(clean_name(name) if name else None)
    if _is_lru_cache(holder):
        return words.CACHED_RESULT
    if type(holder) is not base:
        name = parts.find_attribute(holder, held)
        if name is not None:
            return _named(name, "attribute", reveal=reveal)
    return words.REFERENCE if base is None else _item_label(base, holder, held, reveal=reveal)


def _item_label(base: type, holder: object, held: object, *, reveal: bool) -> EdgeLabel:
    if base is dict:
        return _dict_label(holder, held, reveal=reveal)
    if base is set or base is frozenset:
        return words.SET_ITEM
    return _index_label(base, holder, held, reveal=reveal)


def _dict_label(holder: object, held: object, *, reveal: bool) -> EdgeLabel:
    found = parts.find_item(holder, held)
    if found is None:
        return words.REFERENCE
    is_key, key = found
    if is_key:
        return words.DICT_KEY
    return words.item("dict value", revealed(key) if reveal else None)


def _index_label(base: type, holder: object, held: object, *, reveal: bool) -> EdgeLabel:
    place = None
    if reveal and base is not deque:
        items = base.__dict__["__iter__"](holder)
        place = next((str(i) for i, item in enumerate(items) if item is held), None)
    return words.item(f"{INDEXED[base]} item", place)


def _base(holder: object) -> type | None:
    """The builtin container that an object is or inherits from."""
    bases = [LENGTHS[id(b)][0] for b in type_mro(type(holder)) if id(b) in LENGTHS]
    return bases[0] if bases else None


def _is_lru_cache(holder: object) -> bool:
    return type_name(type(holder)) == "functools._lru_cache_wrapper"
