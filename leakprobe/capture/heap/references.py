"""What objects refer to, in pieces that hold the GIL for a few milliseconds at most.

`gc.get_referents` asks the types' `tp_traverse`. It goes through a container of a
million entries in one hold of 20 to 70 ms, so large containers are read in slices; and
it does not report the keys of a dict that has only strings for keys (CPython,
Objects/dictobject.c: dict_traverse), so those are read beside it.
"""

import gc
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

from leakprobe.capture.heap.kinds import Kind

__all__ = ["OBJECTS_AT_ONCE", "REFERENCES_AT_ONCE", "dict_keys", "pieces", "references"]

Objects = list[object]

OBJECTS_AT_ONCE = 1_000
REFERENCES_AT_ONCE = 10_000

ITERATORS: dict[int, tuple[Callable[[object], Iterable[object]], ...]] = {
    id(dict): (dict.__dict__["values"], dict.__dict__["keys"]),
    id(set): (set.__dict__["__iter__"],),
    id(frozenset): (frozenset.__dict__["__iter__"],),
    id(deque): (deque.__dict__["__iter__"],),
}
GETTERS: dict[int, Callable[[object, slice], Iterable[object]]] = {
    id(list): list.__dict__["__getitem__"],
    id(tuple): tuple.__dict__["__getitem__"],
}


def references(kind: Kind, objects: Objects) -> Iterator[Objects]:
    """What objects of one type refer to.

    Of a container of more than 10,000 entries only the entries: attributes of an instance
    of such a subclass are left out.
    """
    for piece, large in pieces(kind, objects):
        if large:
            yield from _slices(kind, piece[0])
        else:
            yield gc.get_referents(*piece)
            if kind.base is dict:
                yield dict_keys(piece)


def pieces(kind: Kind, objects: Objects) -> Iterator[tuple[Objects, bool]]:
    """Objects of one type, in pieces that can be looked at in one go.

    True stands beside a piece that is one container, too large for that.
    """
    if kind.length is None:
        for start in range(0, len(objects), OBJECTS_AT_ONCE):
            yield objects[start : start + OBJECTS_AT_ONCE], False
        return
    start = room = 0
    for i, length in enumerate(map(kind.length, objects)):
        room += length + 1
        if room > REFERENCES_AT_ONCE:
            if i > start:
                yield objects[start:i], False
            start, room = i, length + 1
            if room > REFERENCES_AT_ONCE:
                yield [objects[i]], True
                start, room = i + 1, 0
    if start < len(objects):
        yield objects[start:], False


def dict_keys(dicts: Objects) -> Objects:
    """The keys of dicts, or of instances of its subclasses, in one call."""
    return list(chain.from_iterable(map(dict.__dict__["keys"], dicts)))


def _slices(kind: Kind, o: object) -> Iterator[Objects]:
    """The entries of one large container, and of a dict its keys too."""
    get = GETTERS.get(id(kind.base))
    if get is not None and kind.length is not None:
        start = 0
        while start < kind.length(o):
            yield list(get(o, slice(start, start + REFERENCES_AT_ONCE)))
            start += REFERENCES_AT_ONCE
        return
    for entries in ITERATORS[id(kind.base)]:
        yield from _iterated(entries, o)


def _iterated(entries: Callable[[object], Iterable[object]], o: object) -> Iterator[Objects]:
    """Entries by an iterator, which ends when the application changes the container.

    Then it begins anew where it stood: at entries already read, which its caller knows
    from before, or past some new ones.
    """
    rest = iter(entries(o))
    read = 0
    while True:
        try:
            piece = list(islice(rest, REFERENCES_AT_ONCE))
        except RuntimeError:
            rest = islice(entries(o), read, None)
            piece = list(islice(rest, REFERENCES_AT_ONCE))
        if not piece:
            return
        read += len(piece)
        yield piece
