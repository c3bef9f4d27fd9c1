"""How sure a cause is."""

from typing import Literal

from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.suspect_cause import Cause

__all__ = ["deciding", "state_of"]

# An entry of the list that a bounded lru_cache keeps (Modules/_functoolsmodule.c): such a
# cache fills up to its bound.
BOUNDED_CACHE_ENTRY = "functools._lru_list_elem"


def state_of(cause: Cause) -> tuple[Literal["leak", "suspect"], float]:
    """Whether it is a leak, by the members that say most, and how sure that is.

    A cache with a bound is none before it has reached it: growth below is what it is for.
    """
    members = deciding(cause)
    sure = [member for member in members if member.state == "leak"]
    if sure and not _is_bounded(cause):
        return "leak", max(member.confidence for member in sure)
    return "suspect", max(member.confidence for member in members) / (2 if sure else 1)


def deciding(cause: Cause) -> list[Candidate]:
    """The head, and what else tells a cause: there is always some growth of builtin types."""
    telling = [cause.head]
    telling += [m for m in cause.own_types if m is not cause.head]
    telling += [m for m in cause.members if m.kind in ("container", "group", "gauge")]
    return list(dict.fromkeys(telling))


def _is_bounded(cause: Cause) -> bool:
    entries = [entry.type for held in cause.containers[:1] for entry in held.entries]
    return BOUNDED_CACHE_ENTRY in entries
