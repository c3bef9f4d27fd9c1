"""Suspects: what grows, joined into as few causes as there are, each with all that is known.

Statistics say what grows (`leakprobe.analysis.candidates`), one look at the heap who holds
it and where it came from. Here the two meet.
"""

from collections.abc import Sequence
from dataclasses import replace

from leakprobe.analysis.advice import advice_for
from leakprobe.analysis.benign import Benign, explanation
from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.fingerprint import fingerprint
from leakprobe.analysis.suspect_cause import Cause
from leakprobe.analysis.suspect_growth import growth_of, resource_of
from leakprobe.analysis.suspect_joining import python_causes
from leakprobe.analysis.suspect_places import holders_of, site_of, types_of
from leakprobe.analysis.suspect_reason import REQUEST, reason_for
from leakprobe.analysis.suspect_resources import add_gauges, add_resources
from leakprobe.analysis.suspect_routes import routes_of
from leakprobe.analysis.suspect_sites import Placed, add_sites, owners_of, placed
from leakprobe.analysis.suspect_state import is_bounded, state_of
from leakprobe.model import CloseLook, Suspect

__all__ = ["find_suspects"]

STATES = ("leak", "suspect")
# The interpreter makes an object of a running frame when somebody looks at it, this tool too,
# and keeps it as long as the frame runs (Python/frame.c, _PyFrame_MakeAndSetFrameObject).
FRAME = "frame"
RUNNING = ("threads", "tasks")


def find_suspects(
    candidates: Sequence[Candidate],
    look: CloseLook | None,
    *,
    benign: Sequence[Benign] = (),
    per: str = REQUEST,
) -> tuple[Suspect, ...]:
    """Join what grows into causes; leaks first, of these the largest growth.

    Args:
        candidates: what grows, by statistics.
        look: a close look at them; None: nobody could look, and holders are not known.
        benign: growth that is known to end; it explains what slows down or was not seen in
            every window, and never silences what repeats.
        per: what the load is counted in; only requests are charged to routes.
    """
    python = [c for c in candidates if c.resource == "python" and not _is_known(c, benign)]
    python = [c for c in python if not _is_looked_at(c, candidates)]
    causes = python_causes(python, look)
    samples = placed(look)
    add_sites(causes, [c for c in python if c.kind == "site"], samples)
    add_resources(causes, candidates)
    add_gauges(causes, candidates)
    found = [_suspect(cause, samples, per) for cause in causes if not _explained(cause, benign)]
    found.sort(key=_order)
    return tuple(replace(suspect, rank=rank) for rank, suspect in enumerate(found, 1))


def _suspect(cause: Cause, samples: Sequence[Placed], per: str) -> Suspect:
    owners = owners_of(cause, samples)
    resource, types, holders = resource_of(cause), types_of(cause, owners), holders_of(cause)
    growth, site = growth_of(cause), site_of(cause, owners)
    routes = routes_of(cause, owners) if per == REQUEST else ()
    holder = next(iter(holders), None)
    name = _name(cause, resource)
    state, confidence = state_of(cause)
    return Suspect(
        rank=0,
        fingerprint=fingerprint(resource, name, holder, site),
        resource=resource,
        state=state,
        confidence=confidence,
        growth=growth,
        site=site,
        types=types,
        holders=holders,
        routes=routes,
        reason=reason_for(cause, growth, routes, per=per),
        advice=advice_for(resource, holder, types, name, site, bounded=is_bounded(cause), per=per),
    )


def _name(cause: Cause, resource: str) -> str:
    """What grows most of a resource; of Python memory the type that says most."""
    groups = [m for m in cause.of_kind("group") if m.resource == resource]
    if groups:
        return max(groups, key=lambda m: m.objects or 0).name
    own = cause.own_types
    return own[0].name if own and cause.head.kind != "site" else cause.head.name


def _explained(cause: Cause, benign: Sequence[Benign]) -> bool:
    """Whether it is growth that is known to end, and did not repeat in every window."""
    if any(not _may_end(member) for member in cause.members):
        return False
    types = [cause.head.name] if cause.head.kind in ("type", "c_held", "garbage") else []
    holders = [held.path.text for held in cause.containers if held.path is not None]
    holders += [row.path.text for row in cause.type_holders if row.path is not None]
    files = [site.site.file for site in cause.of_kind("site") if site.site is not None]
    return explanation(benign, types=types, files=files, holders=holders) is not None


def _is_known(candidate: Candidate, benign: Sequence[Benign]) -> bool:
    """Whether these are objects of a type that is known to come to an end."""
    if candidate.kind != "type" or not _may_end(candidate):
        return False
    return explanation(benign, types=[candidate.name]) is not None


def _is_looked_at(candidate: Candidate, candidates: Sequence[Candidate]) -> bool:
    """Whether these are frames of threads or tasks that become more, which somebody looks at."""
    frames = candidate.kind == "type" and candidate.name == FRAME
    return frames and any(other.resource in RUNNING for other in candidates)


def _may_end(candidate: Candidate) -> bool:
    return candidate.ended or candidate.grown < candidate.windows - 1


def _order(suspect: Suspect) -> tuple[int, float, float, str]:
    growth = suspect.growth
    return (
        STATES.index(suspect.state),
        -(growth.bytes_per_second or 0),
        -(growth.objects or 0),
        suspect.fingerprint,
    )
