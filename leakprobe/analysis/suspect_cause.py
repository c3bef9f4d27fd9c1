"""A cause of growth in the making: candidates that belong together, and how that is told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.holder_paths import Way, goes_through, shared_steps, way
from leakprobe.analysis.type_kinds import is_plumbing
from leakprobe.model import ContainerHolder, TypeHolder

__all__ = ["Cause", "amount", "counts_fit", "same_route", "top_route"]

# Growth of one cause keeps its proportions: so many objects of this type for each of
# that. Both counts are exact, but the walks that saw them are not at the same moments.
TOLERANCE = 0.05
SLACK_OBJECTS = 2
# With more of one for each of the other, any number is near a whole one.
MOST_PER_OBJECT = 8
TOP_SHARE = 0.5
# The root and what it holds.
SHARED_STEPS = 2


@dataclass(slots=True, eq=False)
class Cause:
    """Candidates with one cause.

    Attributes:
        head: the one that names it: the container that grows, else what tells most.
        members: all of them, the head first.
        containers: those that grow and hold it, the most important first.
        type_holders: ways to objects of its types.
        state: what it hangs on: `module`, `frame`, `c_held` or `garbage`; empty: not known.
    """

    head: Candidate
    members: list[Candidate]
    containers: list[ContainerHolder] = field(default_factory=list)
    type_holders: list[TypeHolder] = field(default_factory=list)
    state: str = ""

    def absorb(self, other: "Cause") -> None:
        """Take in what belongs to another that has the same cause."""
        self.members += other.members
        self.containers += other.containers
        self.type_holders += other.type_holders
        self.state = self.state or other.state

    def of_kind(self, *kinds: str) -> list[Candidate]:
        """Members that were found by watching one of these."""
        return [member for member in self.members if member.kind in kinds]

    @property
    def types(self) -> list[Candidate]:
        """Members that count objects of a type, each type once: where its bytes are known."""
        found: dict[str, Candidate] = {}
        for member in self.of_kind("type", "c_held", "garbage"):
            known = found.get(member.name)
            if known is None or (member.bytes or 0) > (known.bytes or 0):
                found[member.name] = member
        return list(found.values())

    @property
    def own_types(self) -> list[Candidate]:
        """Those of them that say something about the cause."""
        return [member for member in self.types if not is_plumbing(member.name)]

    @property
    def ways(self) -> list[Way]:
        """What hangs on one of these belongs to the cause.

        Objects of a chain hang each on a way of its own: then it is what these share.
        """
        types = [way(held.path) for held in self.type_holders if held.path is not None]
        paths = [path for held in self.containers for path in _entries(way(held.path), types)]
        for one, other in pairwise(types):
            shared = shared_steps(one, other)
            if shared >= SHARED_STEPS and not self.containers:
                paths.append(one[:shared])
        return [path for path in dict.fromkeys((*paths, *types)) if path]

    @property
    def bytes(self) -> int:
        """Growth of its types together, as far as it is known."""
        return sum(member.bytes or 0 for member in self.types)


def _entries(container: Way, types: Sequence[Way]) -> list[Way]:
    """The container, or where the way says of what kind its entries are, those of this kind.

    All threads hang on one table, and with them all that they do: only those that
    become more belong to the cause.
    """
    depth = len(container) + 1
    entries = {path for path in types if len(path) == depth and goes_through(path, [container])}
    told = [path for path in entries if path[-1].endswith(")")]
    return told if told and len(told) == len(entries) else [container]


def top_route(candidate: Candidate) -> str | None:
    """The route that most of the growth comes from; None: not known, or there is none."""
    tagged = sum(size for _, size in candidate.tags)
    known = [(size, route) for route, size in candidate.tags if route is not None]
    if known:
        size, tag = max(known)
        return tag if size >= TOP_SHARE * tagged else None
    rows = () if candidate.rates is None else candidate.rates.rows
    return rows[0].route if rows and rows[0].share >= TOP_SHARE else None


def same_route(one: Candidate, others: Iterable[Candidate]) -> bool:
    """Whether nothing says that the growth comes from different routes."""
    mine = top_route(one)
    theirs = {route for route in map(top_route, others) if route is not None}
    return mine is None or not theirs or mine in theirs


def amount(candidate: Candidate) -> float:
    """How many objects more, for each request where there are some, else each second."""
    count = candidate.objects or 0
    return count / (candidate.requests or candidate.seconds or 1.0)


def counts_fit(one: Candidate, others: Sequence[Candidate]) -> bool:
    """Whether one grows in proportion to one of the others: k of it for each, or the reverse."""
    return any(_in_proportion(one, other) for other in others)


def _in_proportion(one: Candidate, other: Candidate) -> bool:
    if not one.objects or not other.objects or bool(one.requests) != bool(other.requests):
        return False
    small, large = sorted((one, other), key=amount)
    times = amount(large) / amount(small)
    if times > MOST_PER_OBJECT:
        return one is large
    slack = TOLERANCE + SLACK_OBJECTS / (small.objects or 1)
    return abs(times - round(times)) <= slack * round(times)
