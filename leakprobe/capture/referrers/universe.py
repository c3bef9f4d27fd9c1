"""All objects that can hold others, laid out so that they can be searched again and again.

`gc.get_referrers` holds the GIL for as long as it takes to look at every object, once
per question. Here the objects are listed once and asked batch by batch which of them
refers to one of many wanted ones.
"""

import gc
from collections.abc import Callable, Iterable, Iterator

from leakprobe.capture.heap.addresses import AddressMap
from leakprobe.capture.heap.kinds import Kind, KindBook
from leakprobe.capture.heap.listing import Lister, batches, mark_own, tracked_objects
from leakprobe.capture.heap.references import (
    REFERENCES_AT_ONCE,
    dict_keys,
    pieces,
    references,
)
from leakprobe.capture.heap.unseen import unseen
from leakprobe.capture.pace import Pace
from leakprobe.capture.referrers.frames import RunningFrame, running_frames

__all__ = ["Universe", "collect"]

Objects = list[object]
Watch = Callable[[Kind, Objects], None]

REFERENCES_OF_AN_OBJECT = 10


class Universe:
    """Every object that refers to others, and the frames that run."""

    def __init__(self, frames: list[RunningFrame], book: KindBook, pace: Pace) -> None:
        self.frames = frames
        self._book = book
        self._pace = pace
        self._batches: list[Objects] = [unseen([])]
        self._room = REFERENCES_AT_ONCE
        self._large: list[tuple[Kind, object]] = []

    def add(self, kind: Kind, objects: Objects) -> None:
        """Take in objects of one type."""
        for piece, large in pieces(kind, objects):
            if large:
                self._large.append((kind, piece[0]))
            else:
                weight = sum(map(kind.length, piece)) if kind.length else 0
                self._append(piece, weight + REFERENCES_OF_AN_OBJECT * len(piece))

    def holders(self, wanted: set[int], *, keys: bool) -> Iterator[tuple[object, int]]:
        """Who refers to the objects at these addresses, as (holder, address of the held).

        With `keys` also through string keys of dicts, which costs more.
        """
        for running in self.frames:
            for _, value in running.variables:
                if id(value) in wanted:
                    yield running.frame, id(value)
        for batch in self._batches:
            if not wanted.isdisjoint(map(id, gc.get_referents(*batch))):
                yield from _hits(batch, wanted, gc.get_referents)
            if keys:
                yield from self._key_holders(batch, wanted)
            self._pace.rest()
        for kind, o in self._large:
            for held in references(kind, [o]):
                yield from ((o, address) for address in wanted.intersection(map(id, held)))
                self._pace.rest()

    def release(self) -> None:
        """Let go of all objects, some at a time: at once it would hold the application."""
        self.frames.clear()
        while self._batches:
            self._batches.pop()
            self._pace.rest()

    def _key_holders(self, batch: Objects, wanted: set[int]) -> Iterator[tuple[object, int]]:
        dicts = [o for o in batch if self._book.of(type(o)).base is dict]
        if dicts and not wanted.isdisjoint(map(id, dict_keys(dicts))):
            yield from _hits(dicts, wanted, lambda o: dict_keys([o]))

    def _append(self, piece: Objects, weight: int) -> None:
        self._room -= weight
        if self._room < 0:
            self._batches.append(unseen([]))
            self._room = REFERENCES_AT_ONCE - weight
        self._batches[-1] += piece


def collect(
    list_objects: Lister, own: Iterable[object], book: KindBook, pace: Pace, watch: Watch
) -> Universe:
    """List all objects, ours left out; `watch` is shown each of them once, by type."""
    listing = tracked_objects(list_objects, book, pace)
    seen = AddressMap()
    mark_own(own, seen, book)
    # Only now: what a frame's variables refer to must not pass for ours.
    universe = Universe(running_frames(), book, pace)
    for batch in batches(listing):
        todo = book.grouped(seen.add_new(batch))
        while todo:
            kind, objects = todo.pop()
            watch(kind, objects)
            if not kind.traversed:
                continue
            universe.add(kind, objects)
            for held in references(kind, objects):
                todo += book.grouped(seen.add_new([o for o in held if not gc.is_tracked(o)]))
                pace.rest()
    return universe


def _hits(
    batch: Objects, wanted: set[int], held_by: Callable[[object], Objects]
) -> Iterator[tuple[object, int]]:
    for o in batch:
        for address in wanted.intersection(map(id, held_by(o))):
            yield o, address
