"""The live objects of one type: how many there are, and some of them."""

from leakprobe.capture.heap.kinds import Kind, KindBook
from leakprobe.errors import UnknownName

__all__ = ["Instances"]

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
        if kind.name == self._wanted or kind.name.endswith(f".{self._wanted}"):
            spread = self._found.get(kind.name)
            if spread is None:
                spread = self._found[kind.name] = _Spread(max(KEPT_AT_LEAST, 2 * self._limit))
            spread.add(objects)

    def choose(self, book: KindBook) -> tuple[str, int, Objects]:
        """The full name of the type, how many objects of it there are, and some of them.

        Raises:
            UnknownName: there is none, or the name fits several types.
        """
        names = [self._wanted] if self._wanted in self._found else list(self._found)
        if len(names) != 1:
            raise UnknownName("type", self._wanted, names or self._known(book), "see /types")
        spread = self._found[names[0]]
        return names[0], spread.count, spread.choose(self._limit)

    def _known(self, book: KindBook) -> set[str]:
        """What could have been meant: full names for a full one, bare for a bare one."""
        names = {kind.name for kind in book.kinds()}
        return names if "." in self._wanted else {name.rpartition(".")[2] for name in names}


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
