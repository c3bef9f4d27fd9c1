"""Lines of the application whose memory piles up, given to the causes that they belong to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.holder_paths import Way, goes_through, way
from leakprobe.analysis.suspect_cause import Cause, same_route, top_route
from leakprobe.model import CloseLook, Frame, Owner
from leakprobe.model.application import application_frame

__all__ = ["Placed", "add_sites", "owners_of", "placed"]

# Of a line's memory that was found to belong to objects, what must be the cause's.
SHARE_OF_SITE = 0.25


@dataclass(frozen=True, slots=True)
class Placed:
    """Sampled memory with the way to it, and the line of the application that allocated it."""

    owner: Owner
    path: Way
    site: Frame | None


def placed(look: CloseLook | None) -> tuple[Placed, ...]:
    """The sampled memory of a look."""
    return tuple(_placed(owner) for owner in (() if look is None else look.owners))


def add_sites(causes: list[Cause], sites: Iterable[Candidate], samples: Sequence[Placed]) -> None:
    """Give each line to the cause that its memory belongs to, or make one of it.

    A line whose memory nobody could place belongs to a cause on the same route; without
    any walk of the heap, lines of one function or one route have one cause.
    """
    by_line: dict[tuple[str, int], list[Placed]] = {}
    for sample in samples:
        if sample.site is not None:
            by_line.setdefault((sample.site.file, sample.site.line), []).append(sample)
    for site in sorted(sites, key=lambda c: -(c.bytes or 0)):
        line = ("", 0) if site.site is None else (site.site.file, site.site.line)
        home = _owning(by_line.get(line, ()), causes) or _likely(site, causes)
        if home is None:
            causes.append(Cause(site, [site]))
        else:
            home.members.append(site)


def owners_of(cause: Cause, samples: Iterable[Placed]) -> tuple[Owner, ...]:
    """The sampled memory that belongs to a cause.

    The tables of its containers grow with each entry, but the entries are what leaks: the
    tables count only where no sample of an entry is known.
    """
    ways = cause.ways
    tables = {(held.type, way(held.path)) for held in cause.containers if held.path is not None}
    names = {member.name for member in cause.own_types}
    entries: list[Owner] = []
    of_tables: list[Owner] = []
    for sample in samples:
        owner, path = sample.owner, sample.path
        if (owner.type, path) in tables:
            of_tables.append(owner)
        elif goes_through(path, ways) or (owner.type in names and not (path and ways)):
            entries.append(owner)
    return tuple(entries or of_tables)


def _placed(owner: Owner) -> Placed:
    frame = application_frame(owner.stack) if owner.stack else owner.site
    return Placed(owner, way(owner.path), frame)


def _owning(samples: Sequence[Placed], causes: Sequence[Cause]) -> Cause | None:
    """The cause of which most of a line's memory is."""
    total = sum(sample.owner.bytes for sample in samples)
    if not total:
        return None
    shares = [(sum(o.bytes for o in owners_of(cause, samples)), cause) for cause in causes]
    size, best = max(shares, key=lambda one: one[0], default=(0, None))
    return best if size >= SHARE_OF_SITE * total else None


def _likely(site: Candidate, causes: Sequence[Cause]) -> Cause | None:
    """A cause on the same route; of those that consist of lines alone one of a known route."""
    for cause in causes:
        if cause.head.kind == "site":
            if _same_function(site, cause.head) or _surely_same_route(site, cause.head):
                return cause
        elif same_route(site, cause.members):
            return cause
    return None


def _same_function(one: Candidate, other: Candidate) -> bool:
    return _function(one.site) == _function(other.site)


def _function(frame: Frame | None) -> tuple[str, str | None] | None:
    return None if frame is None else (frame.file, frame.function)


def _surely_same_route(one: Candidate, other: Candidate) -> bool:
    return top_route(one) is not None and top_route(one) == top_route(other)
