"""Who keeps objects of one type alive: the search from some of them back to roots.

The search goes backwards level by level. A level is one pass over all objects, in
batches, which asks who refers to any of those that the level before has found. It ends
two levels after each followed object hangs on a module, class or thread (a frame that
runs holds things too, but not for long), or when there is nobody left to ask.
"""

import gc
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from leakprobe.capture.heap.kinds import KindBook
from leakprobe.capture.heap.listing import Lister, check_headroom
from leakprobe.capture.pace import Pace
from leakprobe.capture.referrers.found import Found, draw
from leakprobe.capture.referrers.graph import make_graph
from leakprobe.capture.referrers.instances import Instances
from leakprobe.capture.referrers.roots import Roots
from leakprobe.capture.referrers.universe import Universe, collect
from leakprobe.model.graph import ReferrerGraph

__all__ = ["find_referrers"]

FOLLOWED_PER_LEVEL = 30
CANDIDATES_PER_LEVEL = 1000
NODES_AT_MOST = 200
LEVELS_PAST_ROOTS = 2


def find_referrers(
    type_name: str,
    *,
    depth: int = 12,
    limit: int = 3,
    reveal: bool = False,
    own: Iterable[object] = (),
    available_bytes: int | None = None,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.perf_counter,
    list_objects: Lister = gc.get_objects,
) -> ReferrerGraph:
    """What keeps objects of a type alive, up to a module, class, thread or running frame.

    Args:
        type_name: as `type_name` writes it; a bare class name if it is unambiguous.
        depth: how many references to go back at most.
        limit: how many objects to follow. They are spread evenly over the order in which
            the collector lists them, so that young and old ones are among them.
        reveal: show keys, indexes and reprs of builtin atoms.
        own: the agent's tables; they and what they hold are left out.
        available_bytes: memory that is left, where that is known.
        pause: lets other threads run.
        clock: wall time, in seconds.
        list_objects: lists the tracked objects.

    Raises:
        UnknownName: no live object is of that type.
        NotEnoughMemory: the search would take more than half of what is left.
    """
    check_headroom(available_bytes)
    pace = Pace(pause, clock)
    book = KindBook()
    instances = Instances(type_name, limit)
    tables = [own, *own, pace, book, instances]
    universe = collect(list_objects, [tables, *tables], book, pace, instances.watch)
    try:
        name, count, samples = instances.choose(book)
        search = _Search(universe, book, samples)
        truncated = search.run(depth)
        drawn, rooted = draw(search.found, book, reveal=reveal)
    finally:
        universe.release()
    truncated = truncated if rooted else search.no_root(depth)
    return make_graph(drawn, name, count, len(samples), truncated, pace.price())


class _Search:
    """The objects found so far, by address. It keeps them alive, so addresses stay theirs."""

    def __init__(self, universe: Universe, book: KindBook, samples: list[object]) -> None:
        self.found = {id(o): Found(o, 0) for o in samples}
        self._universe = universe
        self._book = book
        self._roots = Roots(universe.frames)
        self._ended = False

    def run(self, depth: int) -> str | None:
        """Search; why it ended early, None where it did not."""
        truncated = None
        frontier = set(self.found)
        levels_left = LEVELS_PAST_ROOTS
        for level in range(1, depth + 1):
            candidates = self._holders(frontier, keys=level == 1)
            followed = self._follow(candidates, level)
            if len(followed) < len(candidates):
                truncated = truncated or f"more holders than can be shown, from step {level} on"
            frontier = {address for address in followed if self.found[address].root is None}
            self._ended = not frontier
            levels_left -= self._settled()
            if self._ended or levels_left < 0:
                return truncated
        return truncated or f"ways longer than depth {depth} were not followed"

    def no_root(self, depth: int) -> str:
        """What to say where no root was found."""
        if self._ended:
            return (
                "no root found: nothing in Python refers to these; they are held by C code,"
                " or are garbage that waits for the collector"
            )
        return f"no root found within depth {depth}"

    def _holders(self, frontier: set[int], *, keys: bool) -> list["_Candidate"]:
        """New holders of the frontier. Those known already get their edges."""
        new: dict[int, _Candidate] = {}
        for holder, held in self._universe.holders(frontier, keys=keys):
            if id(holder) in self.found:
                self.found[held].holders.add(id(holder))
            elif id(holder) in new:
                new[id(holder)].held.add(held)
            elif len(new) < CANDIDATES_PER_LEVEL:
                root = self._roots.of(holder, self._book.of(type(holder)))
                new[id(holder)] = _Candidate(holder, root, {held})
        return list(new.values())

    def _follow(self, candidates: list["_Candidate"], level: int) -> list[int]:
        """Take in the best candidates: roots first, then as many different types as can be."""
        nth: dict[tuple[int, int], int] = {}
        ranks: dict[int, tuple[bool, int]] = {}
        for candidate in candidates:
            alike = (min(candidate.held), id(type(candidate.o)))
            nth[alike] = nth.get(alike, 0) + 1
            ranks[id(candidate)] = (candidate.root is None, nth[alike])
        best = sorted(candidates, key=lambda candidate: ranks[id(candidate)])
        room = min(FOLLOWED_PER_LEVEL, NODES_AT_MOST - len(self.found))
        for candidate in best[:room]:
            self.found[id(candidate.o)] = Found(candidate.o, level, *(candidate.root or ()))
            for held in candidate.held:
                self.found[held].holders.add(id(candidate.o))
        return [id(candidate.o) for candidate in best[:room]]

    def _settled(self) -> bool:
        """Whether each followed object hangs on a root that lasts."""
        return all(self._hangs(a) for a, node in self.found.items() if node.level == 0)

    def _hangs(self, address: int) -> bool:
        seen: set[int] = set()
        todo = [address]
        while todo:
            node = self.found[todo.pop()]
            if node.root not in {None, "frame"}:
                return True
            todo += node.holders - seen
            seen |= node.holders
        return False


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    o: object
    root: tuple[str, str] | None
    held: set[int]
