"""The verdict in a sentence, and the resident set in the parts that it consists of."""

from leakprobe.model import MemorySplit, Verdict
from leakprobe.model.calls import CallsVerdict
from leakprobe.render.table import Column, Row, Table
from leakprobe.render.units import UNKNOWN, duration_text, share_text

__all__ = ["RESOURCES", "finding_sentence", "memory_table", "verdict_sentence"]

RESOURCES = {
    "python": "Python objects",
    "native": "native memory",
    "allocator": "free memory that the allocator keeps",
    "threads": "threads",
    "tasks": "asyncio tasks",
    "fds": "file descriptors",
    "children": "child processes",
}
STATES = {
    "leak": "Leak of {what}",
    "suspect": "Growth of {what}, not yet proven to be a leak",
    "no_leak": "No leak",
    "inconclusive": "Too early to say",
}
PARTS = (
    ("python", "Python objects"),
    ("native", "native memory in use"),
    ("allocator_free", "free, kept by the allocators"),
    ("file", "files and shared memory"),
    ("unassigned", "not assigned"),
)
COLUMNS = (
    Column("bytes", "now", "bytes"),
    Column("share", "share", "share"),
    Column("growth_bytes_per_hour", "growth per hour", "bytes_growth"),
    Column("part", "part"),
)
SURE = 0.995


def verdict_sentence(verdict: Verdict) -> str:
    """What a tired person has to know: is it a leak, of what, how sure, and for how long."""
    if verdict.seconds_to_limit is None:
        return finding_sentence(verdict)
    left = duration_text(verdict.seconds_to_limit)
    return f"{finding_sentence(verdict)} At this rate the memory limit is reached in {left}."


def finding_sentence(verdict: Verdict | CallsVerdict) -> str:
    """Whether it is a leak, of what, how sure, and why."""
    what = RESOURCES.get(verdict.resource or "", "memory")
    said = STATES[verdict.state].format(what=what)
    sure = f" ({_confidence(verdict.confidence)} sure)" if verdict.state == "leak" else ""
    return f"{said}{sure}: {verdict.reason.rstrip('.') or UNKNOWN}."


def memory_table(memory: MemorySplit, *, title: str = "Memory") -> Table:
    """The parts of the resident set, which add up to it, and what to do about those that grow."""
    growth = memory.growth_bytes_per_hour
    rows = tuple(
        _row(memory, getattr(memory, f"{part}_bytes"), getattr(growth, part), name)
        for part, name in PARTS
    )
    total = _row(memory, memory.rss_bytes, growth.rss, "RSS")
    return Table(title, COLUMNS, rows, total=total, notes=memory.advice)


def _row(memory: MemorySplit, size: int | None, growth: float | None, name: str) -> Row:
    share = None if size is None or not memory.rss_bytes else size / memory.rss_bytes
    return Row((size, share, growth, name))


def _confidence(confidence: float) -> str:
    """A share in percent; nothing is certain."""
    return "more than 99 %" if confidence >= SURE else share_text(confidence)
