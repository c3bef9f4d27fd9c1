"""Answers that are no list: what was done, and what was refused."""

from leakprobe.codec import SCHEMA, JsonValue, to_json
from leakprobe.errors import BadParameter, Refusal
from leakprobe.model import Freed
from leakprobe.render.json import Document, document
from leakprobe.render.page import Fact, Facts, Page
from leakprobe.render.units import bytes_text, duration_text, number_text

__all__ = [
    "done_document",
    "done_page",
    "freed_document",
    "freed_page",
    "refusal_document",
    "refusal_page",
]

MUCH_OF_RSS = 0.03
LITTLE = "Hardly anything could go back: the rest is in use, or lies between blocks that are."
MUCH = "So much was free, and kept by the allocator: that part was no leak."
FREED_TITLES = {"gc": "Garbage collection", "trim": "Trim"}


def freed_page(freed: Freed) -> Page:
    """What was freed, and what that cost."""
    rss_diff = bytes_text(freed.rss_after_bytes - freed.rss_before_bytes, sign=True)
    pause = duration_text(freed.price.pause_ms / 1000)
    found = "" if freed.objects is None else f"{number_text(freed.objects)} objects freed, "
    facts = [
        Fact("RSS before", bytes_text(freed.rss_before_bytes)),
        Fact("RSS after", bytes_text(freed.rss_after_bytes), rss_diff),
        Fact("pause", pause, "no other thread could run"),
    ]
    if freed.uncollectable is not None:
        facts.append(Fact("uncollectable", number_text(freed.uncollectable), "found, not freed"))
    headline = f"{found}RSS {rss_diff}, in {pause}. {_meaning(freed)}".rstrip()
    title = FREED_TITLES.get(freed.action, freed.action)
    return Page(title, headline, (Facts("", tuple(facts)),))


def _meaning(freed: Freed) -> str:
    """What a trim that did little, or much, says about where the memory is."""
    if freed.action != "trim":
        return ""
    gone = freed.rss_before_bytes - freed.rss_after_bytes
    return LITTLE if gone < MUCH_OF_RSS * freed.rss_before_bytes else MUCH


def freed_document(freed: Freed, *, pid: int) -> Document:
    """What was freed, as data."""
    return document(
        pid,
        action=freed.action,
        objects=freed.objects,
        uncollectable=freed.uncollectable,
        rss_before_bytes=freed.rss_before_bytes,
        rss_after_bytes=freed.rss_after_bytes,
        freed_bytes=freed.rss_before_bytes - freed.rss_after_bytes,
        pause_ms=freed.price.pause_ms,
        price=to_json(freed.price),
    )


def done_page(title: str, message: str) -> Page:
    """A sentence that says what was done."""
    return Page(title, message)


def done_document(message: str, *, pid: int, **more: JsonValue) -> Document:
    """What was done, as data; `more` are further fields."""
    return document(pid, message=message, **more)


def refusal_page(refusal: Refusal) -> Page:
    """Why not, and when to ask again."""
    again = f" Try again in {refusal.retry_after_s} s." if refusal.retry_after_s is not None else ""
    message = str(refusal).rstrip(".")
    return Page(f"{refusal.status}: no", f"Refused with {refusal.status}: {message}.{again}")


def refusal_document(refusal: Refusal) -> Document:
    """Why not, as data: nothing about the process stands in it."""
    return {
        "schema": SCHEMA,
        "error": {
            "status": refusal.status,
            "message": str(refusal),
            "parameter": refusal.name if isinstance(refusal, BadParameter) else None,
            "retry_after_s": refusal.retry_after_s,
        },
    }
