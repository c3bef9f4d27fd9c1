"""The live objects of one type: how many there are, and some of them."""

from collections.abc import Collection, Iterable

from leakprobe.capture.heap.kinds import Kind, KindBook
from leakprobe.errors import UnknownName

__all__ = ["Instances", "fits", "full_name"]

Objects = list[object]

KEPT_AT_LEAST = 64


class Instances:
    """Watches the objects of a walk for those of one type.

    Args:
        wanted: the name of the type, with or without its module.
        limit: how many objects are wanted at most.
    """

    def __init__(self, wanted: str, limit: int) -> None:
        self._wanted = wanted
        self._limit = limit
        self._found: dict[str, _Spread] = {}

    def watch(self, kind: Kind, objects: Objects) -> None:
        """Take note of objects of one type."""
        if fits(kind.name, self._wanted):
            spread = self._found.get(kind.name)
            if spread is None:
                spread = self._found[kind.name] = _Spread(max(KEPT_AT_LEAST, 2 * self._limit))
            spread.add(objects)

    def choose(self, book: KindBook) -> tuple[str, int, Objects]:
        """The full name of the type, how many objects of it there are, and some of them.

        Raises:
            UnknownName: there is none, or the name fits several types.
        """
        name = full_name(self._wanted, self._found, (kind.name for kind in book.kinds()))
        spread = self._found[name]
        return name, spread.count, spread.choose(self._limit)


def fits(name: str, wanted: str) -> bool:
    """Whether a type's name is the wanted one, with or without its module."""
    return name == wanted or name.endswith(f".{wanted}")


def full_name(wanted: str, fitting: Collection[str], known: Iterable[str]) -> str:
    """The one type that is meant.

    Args:
        wanted: the name that was asked for.
        fitting: the names that fit it, of types that have objects.
        known: the names of all types.

    Raises:
        UnknownName: there is none, or the name fits several types.
    """
    names = [wanted] if wanted in fitting else list(fitting)
    if len(names) != 1:
        # What could have been meant: full names for a full one, bare for a bare one.
        near = known if "." in wanted else {name.rpartition(".")[2] for name in known}
        raise UnknownName("type", wanted, names or near, "see /types")
    return names[0]


class _Spread:
    """Some of many objects, evenly spread over the order in which they came."""

    def __init__(self, room: int) -> None:
        self.count = 0
        self._room = room
        self._stride = 1
        self._kept: Objects = []

    def add(self, objects: Objects) -> None:
        first = -self.count % self._stride
        self._kept += objects[first :: self._stride]
        self.count += len(objects)
        while len(self._kept) > self._room:
            self._kept = self._kept[::2]
            self._stride *= 2

    def choose(self, limit: int) -> Objects:
        last = len(self._kept) - 1
        if last < limit:
            return self._kept[:]
        places = [round(i * last / (limit - 1)) for i in range(limit)] if limit > 1 else [last // 2]
        return [self._kept[place] for place in places]
