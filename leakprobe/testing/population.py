"""Which objects there were at one moment, without keeping any of them alive.

Where objects can be referred to weakly, that is exact: a weak reference says whether its
object still lives. Of others (`bytes`, `str`, `int`, `dict`, classes with slots) only the
address is known, and that of a freed one is given to the next. So an object that was born
at such an address passes for the old one; but no more of them than old ones have died.
"""

import weakref
from array import array
from collections.abc import Iterable

__all__ = ["Population"]

read_weak_offset = type.__dict__["__weakrefoffset__"].__get__


class Sighting(weakref.ref[object]):
    """A weak reference that is known as leakprobe's by its type."""

    __slots__ = ()


class Population:
    """Some objects, remembered.

    Args:
        objects: what there is; only addresses and weak references are kept.
    """

    __slots__ = ("_addresses", "_sightings")

    def __init__(self, objects: Iterable[object] = ()) -> None:
        self._sightings: list[Sighting] = []
        self._addresses = array("Q")
        for o in objects:
            if read_weak_offset(type(o)):
                self._sightings.append(Sighting(o))
            else:
                self._addresses.append(id(o))

    def among(self, objects: list[object]) -> list[object]:
        """Those of the objects that were there then."""
        addresses = self._living()
        return [o for o in objects if id(o) in addresses]

    def not_among(self, objects: list[object]) -> list[object]:
        """Those of the objects that were not there then."""
        addresses = self._living()
        return [o for o in objects if id(o) not in addresses]

    def _living(self) -> set[int]:
        """Where those of them are that live, and all those of which that is not known."""
        living = {id(o) for seen in self._sightings if (o := seen()) is not None}
        return living.union(self._addresses)
