"""The first page: what the process is, what grows most, and how the agent is."""

from collections.abc import Sequence

from leakprobe.codec import to_json
from leakprobe.model import Overview, SelfReport, Snapshot
from leakprobe.render.album import gauge_chart
from leakprobe.render.growth import lines_table, types_table
from leakprobe.render.json import Document, document, json_moment
from leakprobe.render.page import Action, Fact, Facts, Hint, Page, Section
from leakprobe.render.suspects import suspects_table
from leakprobe.render.units import (
    bytes_text,
    count_text,
    duration_text,
    number_text,
    share_text,
)
from leakprobe.render.verdict import memory_table, verdict_sentence

__all__ = ["overview_document", "overview_page"]

REFRESH_S = 10
NO_TYPES = "only one heap walk is kept yet; GET /types walks the heap now"
ACTIONS = (
    Action("/snapshots", "Take a snapshot"),
    Action("/baseline", "Mark a baseline"),
    Action("/gc", "Run the collector"),
    Action("/trim", "Hand free memory back"),
)


def overview_page(overview: Overview, history: Sequence[Snapshot] = ()) -> Page:
    """The dashboard.

    Args:
        overview: what is known.
        history: the gauges over time, oldest first, for the chart.
    """
    sections: list[Section] = [Facts("", _process_facts(overview))]
    if overview.suspects:
        sections.append(suspects_table(overview.suspects))
    sections.append(memory_table(overview.memory))
    if len(history) > 1:
        sections.append(gauge_chart(history, title="RSS over time"))
    sections += [
        lines_table(overview.lines, by="line", title="Growth by line, since the baseline"),
        types_table(overview.types, title="Growth by type, since the baseline", empty=NO_TYPES),
        Facts("The agent", _agent_facts(overview.agent)),
    ]
    return Page(
        "Overview",
        _headline(overview),
        tuple(sections),
        path="/",
        hints=tuple(_hint(name, meaning) for name, meaning in overview.endpoints.items()),
        actions=ACTIONS,
        refresh_s=REFRESH_S,
    )


def overview_document(overview: Overview) -> Document:
    """What is known, as data."""
    return document(
        overview.pid,
        started_at=json_moment(overview.started_at),
        uptime_s=overview.uptime_s,
        requests=overview.requests,
        verdict=to_json(overview.verdict),
        memory=to_json(overview.memory),
        suspects=to_json(overview.suspects),
        gauges=to_json(overview.gauges),
        growth_bytes_per_hour=overview.growth_bytes_per_hour,
        lines=to_json(overview.lines),
        types=to_json(overview.types),
        agent=to_json(overview.agent),
        endpoints=to_json(overview.endpoints),
    )


def _headline(overview: Overview) -> str:
    growth = (
        "too early to say how fast it grows"
        if overview.growth_bytes_per_hour is None
        else f"{bytes_text(overview.growth_bytes_per_hour, sign=True)} per hour"
    )
    return (
        f"{verdict_sentence(overview.verdict)}"
        f" Process {overview.pid}, up {duration_text(overview.uptime_s)},"
        f" {count_text(overview.requests, 'request')}:"
        f" RSS {bytes_text(overview.gauges.rss_bytes)}{_of_limit(overview)}, {growth}."
    )


def _of_limit(overview: Overview) -> str:
    limit = overview.gauges.memory_limit_bytes
    if not limit:
        return ""
    return f" ({share_text(overview.gauges.rss_bytes / limit)} of {bytes_text(limit)})"


def _process_facts(overview: Overview) -> tuple[Fact, ...]:
    gauges, growth = overview.gauges, overview.growth_bytes_per_hour
    return (
        Fact("RSS", bytes_text(gauges.rss_bytes), f"{bytes_text(gauges.traced_bytes)} traced"),
        Fact(
            "Memory limit",
            bytes_text(gauges.memory_limit_bytes),
            f"{bytes_text(gauges.memory_available_bytes)} available",
        ),
        Fact(
            "Growth per hour",
            bytes_text(growth, sign=True),
            "since the start" if growth is not None else "known after a minute",
            grows=growth is not None and growth > 0,
        ),
        Fact(
            "Requests",
            number_text(overview.requests),
            f"{duration_text(gauges.cpu_s)} of CPU in {duration_text(overview.uptime_s)}",
        ),
        Fact("Threads", number_text(gauges.threads), f"{number_text(gauges.fds)} descriptors"),
        Fact(
            "Agent cost",
            share_text(overview.agent.cpu_share),
            f"of one core for snapshots, {bytes_text(overview.agent.self_bytes)} of memory",
        ),
    )


def _agent_facts(agent: SelfReport) -> tuple[Fact, ...]:
    facts = [
        Fact("Tracer", agent.tracer, f"{agent.tracer_reason}; {_precision(agent)}"),
        Fact("Heap walk", agent.heap_walk, agent.heap_walk_reason),
        Fact("Snapshots", number_text(agent.snapshots), "kept"),
        Fact("Longest pause", duration_text(agent.longest_pause_ms / 1000), "of the application"),
        Fact("Errors", number_text(agent.errors), agent.last_error or "none so far"),
    ]
    if agent.tracer_trouble is not None:
        facts.insert(1, Fact("Tracer trouble", "yes", agent.tracer_trouble, grows=True))
    if agent.postponed is not None:
        facts.append(Fact("Postponed", "yes", agent.postponed))
    return tuple(facts)


def _precision(agent: SelfReport) -> str:
    frames = count_text(agent.frames, "frame")
    if not agent.sample_bytes:
        return frames
    return f"{frames}, a sample every {bytes_text(agent.sample_bytes)} or so"


def _hint(name: str, meaning: str) -> Hint:
    """An endpoint as a hint: `GET /diff`, or only `/diff`."""
    method, _, path = name.rpartition(" ")
    path += "?type=…" if path == "/referrers" else ""
    return Hint(path, meaning, method or "GET")
