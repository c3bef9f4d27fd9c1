"""Lines of the application whose memory piles up, given to the causes that they belong to."""

from collections.abc import Iterable, Iterator, Sequence

from leakprobe.analysis.application import application_frame
from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.holder_paths import goes_through, way
from leakprobe.analysis.suspect_cause import Cause, same_route, top_route
from leakprobe.model import CloseLook, Frame, Owner

__all__ = ["add_sites", "owners_of"]

# Of a line's memory that was found to belong to objects, what must be the cause's.
SHARE_OF_SITE = 0.25


def add_sites(causes: list[Cause], sites: Iterable[Candidate], look: CloseLook | None) -> None:
    """Give each line to the cause that its memory belongs to, or make one of it.

    A line whose memory nobody could place belongs to a cause on the same route; without
    any walk of the heap, lines of one function or one route have one cause.
    """
    owners = () if look is None else look.owners
    for site in sorted(sites, key=lambda c: -(c.bytes or 0)):
        home = _owning(site, causes, owners) or _likely(site, causes)
        if home is None:
            causes.append(Cause(site, [site]))
        else:
            home.members.append(site)


def owners_of(cause: Cause, owners: Iterable[Owner]) -> Iterator[Owner]:
    """The sampled memory that belongs to a cause.

    The tables of its containers are left out: they grow with each entry, but the entries
    are what leaks.
    """
    ways = cause.ways
    tables = {(held.type, way(held.path)) for held in cause.containers}
    names = {member.name for member in cause.own_types}
    for owner in owners:
        path = way(owner.path)
        if (owner.type, path) in tables:
            continue
        if goes_through(path, ways) or (owner.type in names and (not path or not ways)):
            yield owner


def _owning(site: Candidate, causes: Sequence[Cause], owners: Sequence[Owner]) -> Cause | None:
    """The cause of which most of the line's memory is."""
    mine = [owner for owner in owners if _is_of(owner, site.site)]
    total = sum(owner.bytes for owner in mine)
    shares = [(sum(o.bytes for o in owners_of(cause, mine)), cause) for cause in causes]
    size, best = max(shares, key=lambda one: one[0], default=(0, None))
    return best if size and size >= SHARE_OF_SITE * total else None


def _likely(site: Candidate, causes: Sequence[Cause]) -> Cause | None:
    """A cause on the same route; of those that consist of lines alone one of a known route."""
    for cause in causes:
        if cause.head.kind == "site":
            if _same_function(site, cause.head) or _surely_same_route(site, cause.head):
                return cause
        elif same_route(site, cause.members):
            return cause
    return None


def _is_of(owner: Owner, site: Frame | None) -> bool:
    frame = application_frame(owner.stack) if owner.stack else owner.site
    return frame is not None and site is not None and _place(frame) == _place(site)


def _place(frame: Frame) -> tuple[str, int]:
    return frame.file, frame.line


def _same_function(one: Candidate, other: Candidate) -> bool:
    mine, theirs = one.site, other.site
    if mine is None or theirs is None:
        return False
    return (mine.file, mine.function) == (theirs.file, theirs.function)


def _surely_same_route(one: Candidate, other: Candidate) -> bool:
    return top_route(one) is not None and top_route(one) == top_route(other)
