"""How much of what objects hold is new, by the record that tracemalloc has of it.

An object that was allocated while tracemalloc traced has a record, an older one has none.
A container is older than what was put into it: of such a one, some of the content is asked.
"""

import gc
import sys
import tracemalloc
from collections.abc import Iterable, Mapping, Sequence
from types import BuiltinFunctionType, FunctionType, ModuleType

__all__ = ["new_shares"]

# How much of the content is looked at, of that content's content, and so on.
LOOKED_AT = (200, 20, 4)
NOT_CONTENT = (type, ModuleType, FunctionType, BuiltinFunctionType)

get_values = dict.values


def new_shares(ways: Sequence[Sequence[int]]) -> list[float]:
    """For each way the share of new content, 0 to 1; 0 where the object is not found.

    Args:
        ways: addresses of objects, each held by the one before, down to the one that is
            asked about.
    """
    known = {id(module): module for module in list(sys.modules.values())}
    if not all(any(address in known for address in way) for way in ways):
        wanted = {address for way in ways for address in way}
        known |= {id(o): o for o in gc.get_objects() if id(o) in wanted}
    return [_share_at_the_end(way, known) for way in ways]


def _share_at_the_end(way: Sequence[int], known: Mapping[int, object]) -> float:
    """Down from the last object that is known: the collector does not know all of them."""
    start = next((i for i in reversed(range(len(way))) if way[i] in known), None)
    if start is None:
        return 0.0
    o = known[way[start]]
    for address in way[start + 1 :]:
        held = [one for one in gc.get_referents(o) if id(one) == address]
        if not held:
            return 0.0
        o = held[0]
    return _new_share(o, LOOKED_AT)


def _new_share(o: object, looked_at: Sequence[int]) -> float:
    if tracemalloc.get_object_traceback(o) is not None:
        return 1.0
    if not looked_at:
        return 0.0
    content = _content(o)
    some = content[:: -(-len(content) // looked_at[0]) or 1]
    return sum(_new_share(one, looked_at[1:]) for one in some) / len(some) if some else 0.0


def _content(o: object) -> list[object]:
    """What an object refers to: of a dict the values, of others not what they are made of."""
    held: Iterable[object] = get_values(o) if issubclass(type(o), dict) else gc.get_referents(o)  # type: ignore[arg-type]  # mypy does not follow issubclass
    return [one for one in held if not issubclass(type(one), NOT_CONTENT)]
