"""The verdict with its evidence: which memory grows, and whose fault it is."""

from collections.abc import Iterator, Sequence

from leakprobe.codec import to_json
from leakprobe.model import (
    Report,
    Suspect,
    SuspectHolder,
    SuspectRoute,
    SuspectType,
)
from leakprobe.model.calls import CallSuspect
from leakprobe.render.growth import hidden_note
from leakprobe.render.json import Document, document
from leakprobe.render.page import Action, Fact, Facts, Hint, Lines, Page, Section
from leakprobe.render.table import Cell, Column, Row, Source, Table, stack_lines
from leakprobe.render.units import (
    UNKNOWN,
    bytes_text,
    count_text,
    duration_text,
    number_text,
    share_text,
    source_text,
)
from leakprobe.render.verdict import RESOURCES, memory_table, verdict_sentence

__all__ = [
    "counted",
    "growth_parts",
    "suspect_section",
    "suspects_document",
    "suspects_page",
    "suspects_table",
]

ACTIONS = (Action("/gc", "Run the collector"), Action("/trim", "Hand free memory back"))
HINTS = (
    Hint("/diff?by=line", "what grew, by line of code"),
    Hint("/retained", "what would be freed if one object went"),
    Hint("/gc", "run the collector: does it go away?", "POST"),
    Hint("/trim", "hand free memory back: does it go away?", "POST"),
)
PROVEN, NOT_PROVEN = "Leak", "Growth, not yet proven"
# What is counted where it is not objects.
COUNTED = {"threads": "thread", "tasks": "task", "fds": "descriptor", "children": "child"}
MANY = {"child": "children"}
# What C code takes from malloc itself passes by every sampler.
NO_SITE = {
    "native": "C code, whose lines no sampler of Python's allocators sees",
    "allocator": "nobody: it was freed",
}
TYPES_SHOWN = 4
HOLDERS_SHOWN = 3
ROUTES_SHOWN = 4
COLUMNS = (
    Column("rank", "rank", "number"),
    Column("bytes_per_request", "per request", "bytes_growth"),
    Column("bytes", "growth", "bytes_growth"),
    Column("objects", "objects", "growth", in_text=False),
    Column("state", "state"),
    Column("type", "what"),
    Column("holder", "held by"),
    Column("site", "allocated by"),
)


def suspects_page(report: Report, *, hidden: int = 0) -> Page:
    """The verdict, the parts of memory, and each suspect with all that is known of it.

    Args:
        report: what was found.
        hidden: how many suspects there are that are not shown.
    """
    sections: list[Section] = [memory_table(report.memory)]
    sections += [suspect_section(suspect, _growth(suspect)) for suspect in report.suspects]
    sections += [Lines("", note) for note in [hidden_note(hidden, len(report.suspects))] if note]
    asked = f"up {duration_text(report.uptime_s)}, {count_text(report.requests, 'request')}"
    headline = f"{verdict_sentence(report.verdict)} Process {report.pid}, {asked}."
    drawn = Hint("/referrers?suspect=1", "who holds the first suspect, drawn")
    holders = [drawn for suspect in report.suspects[:1] if suspect.types]
    return Page(
        "Suspects",
        headline,
        tuple(sections),
        path="/suspects",
        hints=(*holders, *HINTS),
        actions=ACTIONS,
    )


def suspects_document(report: Report, *, hidden: int = 0) -> Document:
    """The verdict with its evidence, as data."""
    return document(
        report.pid,
        uptime_s=report.uptime_s,
        requests=report.requests,
        verdict=to_json(report.verdict),
        memory=to_json(report.memory),
        suspects=to_json(report.suspects),
        hidden_suspects=hidden,
        price=to_json(report.price),
    )


def suspects_table(suspects: Sequence[Suspect], *, title: str = "Suspects") -> Table:
    """The suspects in a line each."""
    rows = tuple(_table_row(suspect) for suspect in suspects)
    notes = ("GET /suspects has the evidence, and what to do",) if rows else ()
    return Table(title, COLUMNS, rows, notes=notes, empty="nothing is suspected")


def _table_row(suspect: Suspect) -> Row:
    growth, site = suspect.growth, suspect.site
    what = suspect.types[0].type if suspect.types else RESOURCES[suspect.resource]
    held: Cell = suspect.holders[0].text if suspect.holders else None
    place: Cell = None if site is None else Source(site.file, site.line, site.function)
    numbers = (suspect.rank, growth.bytes_per_request, growth.bytes, growth.objects)
    return Row((*numbers, suspect.state, what, held, place), detail=(suspect.advice,), brief=())


def suspect_section(suspect: Suspect | CallSuspect, grows: str) -> Facts:
    """Everything that is known of a suspect.

    Args:
        suspect: of a service, or of calls in a test.
        grows: by how much.
    """
    said = PROVEN if suspect.state == "leak" else NOT_PROVEN
    title = f"{suspect.rank}. {said}: {RESOURCES[suspect.resource]}"
    return Facts(title, tuple(_facts(suspect, grows)), sentences=True)


def growth_parts(resource: str, size: int | None, objects: int | None) -> list[str]:
    """Growth of what is counted and in bytes, as far as it is known."""
    parts = []
    if size is not None:
        parts.append(bytes_text(size, sign=True))
    if objects is not None:
        parts.append(f"{number_text(objects, sign=True)} {counted(resource, objects)}")
    return parts


def _facts(suspect: Suspect | CallSuspect, grows: str) -> Iterator[Fact]:
    yield Fact("grows", grows, grows=True)
    yield _site_fact(suspect)
    if suspect.types:
        yield Fact("consists of", _listed([_type(t) for t in suspect.types], TYPES_SHOWN))
    for holder in suspect.holders[:HOLDERS_SHOWN]:
        yield _holder_fact(holder)
    if isinstance(suspect, Suspect) and suspect.routes:
        yield Fact("caused by", _listed([_route(r) for r in suspect.routes], ROUTES_SHOWN))
    yield Fact("evidence", suspect.reason, f"{share_text(suspect.confidence)} sure")
    yield Fact("what to do", suspect.advice)
    yield Fact("fingerprint", suspect.fingerprint)


def _growth(suspect: Suspect) -> str:
    """By how much, of all requests together; what one of a route costs stands with the route."""
    growth, resource = suspect.growth, suspect.resource
    of_any = " of any route" if suspect.routes else ""
    parts = growth_parts(resource, growth.bytes, growth.objects)
    if growth.bytes_per_second is not None:
        parts.append(f"{bytes_text(growth.bytes_per_second)} per second")
    if growth.bytes_per_request is not None:
        parts.append(f"{bytes_text(growth.bytes_per_request)} per request{of_any}")
    if growth.objects_per_request is not None:
        each = number_text(growth.objects_per_request)
        what = counted(resource, growth.objects_per_request)
        parts.append(f"{each} {what} per request{of_any}")
    return ", ".join(parts) or UNKNOWN


def counted(resource: str, count: float) -> str:
    """What a resource counts, for so many of it."""
    one = COUNTED.get(resource, "object")
    return one if number_text(count) == "1" else MANY.get(one, f"{one}s")


def _site_fact(suspect: Suspect | CallSuspect) -> Fact:
    site = suspect.site
    if site is None:
        return Fact("allocated by", NO_SITE.get(suspect.resource, "not known yet"))
    lines = stack_lines(site.stack)
    place = source_text(site.file, site.line, site.function)
    inside = f"inside {lines[0]}" if lines and lines[0] != place else ""
    return Fact("allocated by", place, inside, lines=lines)


def _type(found: SuspectType) -> str:
    size = "" if found.bytes is None else f" ({bytes_text(found.bytes, sign=True)})"
    more = number_text(found.objects, sign=True) if found.objects else "larger"
    return f"{more} {found.type}{size}"


def _holder_fact(holder: SuspectHolder) -> Fact:
    known = [holder.kind or "", count_text(holder.objects, "object") if holder.objects else ""]
    if holder.retained_bytes is not None:
        known.append(f"{bytes_text(holder.retained_bytes)} would be freed with it")
    detail = ", ".join(part for part in known if part)
    return Fact("held by", holder.text, detail, lines=holder.steps)


def _route(route: SuspectRoute) -> str:
    low, high = route.bytes_per_request_low, route.bytes_per_request_high
    between = "" if low is None or high is None else f" [{bytes_text(low)} to {bytes_text(high)}]"
    each = ""
    if route.bytes_per_request is not None:
        each = f", {bytes_text(route.bytes_per_request)} per request{between}"
    elif route.objects_per_request is not None:
        each = f", {number_text(route.objects_per_request)} per request"
    return f"{route.route} ({share_text(route.share)}{each}, by {route.by})"


def _listed(items: Sequence[str], most: int) -> str:
    more = len(items) - most
    return ", ".join([*items[:most], *([f"{more} more"] if more > 0 else [])])
