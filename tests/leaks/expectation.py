"""What an answer of `/suspects` says, against what was planted."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.leaks.truth import Case, Leak

__all__ = ["Answer", "wrong_about"]

# What `GET /suspects?format=json` answers; its shape is what is tested here.
Answer = dict[str, Any]

TOLERANCE = 0.25
SHARE_OF_OTHERS = 0.1  # of the growth, what estimates may charge to routes that are innocent
HOLDERS_READ = 2


def wrong_about(case: Case, leak: Leak, answer: Answer) -> tuple[str, ...]:
    """Everything that is wrong in an answer about the leaky service; empty: all is right."""
    verdict = answer["verdict"]
    if verdict["state"] != "leak":
        return (f"verdict {verdict['state']}: {verdict['reason']}",)
    first, *others = (s for s in answer["suspects"] if s["state"] == "leak")
    found = [*_wrong_words(case, leak, first), *_wrong_numbers(leak, first)]
    found += [f"another leak is claimed: {named(other)}" for other in others]
    if verdict["resource"] not in (leak.resource, *leak.also):
        found.append(f"the verdict's resource is {verdict['resource']}, not {leak.resource}")
    return tuple(found)


def named(suspect: Answer) -> str:
    """A suspect in a few words."""
    site, types, holders = suspect["site"], suspect["types"], suspect["holders"]
    where = f"{Path(site['file']).name}:{site['line']}" if site else "no line"
    what = types[0]["type"] if types else "no type"
    holder = holders[0]["text"] if holders else "no holder"
    return f"{suspect['resource']}, {where}, {what}, {holder}"


def _wrong_words(case: Case, leak: Leak, suspect: Answer) -> Iterator[str]:
    resource = suspect["resource"]
    if resource not in (leak.resource, *leak.also):
        yield f"resource {resource}, not {leak.resource}"
    if leak.sited and not _is_site(case, suspect["site"]):
        yield f"site {suspect['site'] and _line(suspect['site'])}, not one of {sorted(case.lines)}"
    types = [row["type"] for row in suspect["types"]]
    for wanted in leak.types:
        if wanted not in types:
            yield f"types {types}, without {wanted}"
    holders = suspect["holders"][:HOLDERS_READ]
    held = [h for h in holders if leak.holder and re.search(leak.holder, h["text"])]
    if leak.holder and not held:
        yield f"holders {[h['text'] for h in holders]}, not {leak.holder}"
    elif held and leak.kind not in (None, held[0]["kind"]):
        yield f"kind of holder {held[0]['kind']}, not {leak.kind}"
    if not suspect["advice"] or not suspect["reason"]:
        yield "no advice or no reason"


def _wrong_numbers(leak: Leak, suspect: Answer) -> Iterator[str]:
    routes = suspect["routes"]
    if not routes or routes[0]["route"] != leak.route:
        yield f"routes {[row['route'] for row in routes]}, not {leak.route}"
        return
    for other in routes[1:]:
        if other["share"] > SHARE_OF_OTHERS:
            yield f"{other['route']} is charged with {other['share']:.0%}"
    for unit in ("bytes", "objects"):
        truth: float | None = getattr(leak, f"{unit}_per_request")
        said: float | None = routes[0][f"{unit}_per_request"]
        if truth is not None and (said is None or abs(said - truth) > TOLERANCE * truth):
            yield f"{said and round(said, 3)} {unit} per request, not {truth}"


def _is_site(case: Case, site: Answer | None) -> bool:
    if site is None:
        return False
    return Path(site["file"]).name == case.file.name and site["line"] in case.lines


def _line(site: Answer) -> str:
    return f"{Path(site['file']).name}:{site['line']}"
