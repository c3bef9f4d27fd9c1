"""The first page, put together from what is known already."""

import os
from collections.abc import Callable

from leakprobe.agent.sampler import Sampler
from leakprobe.analysis.type_growth import type_rows
from leakprobe.capture.requests import RequestCounters
from leakprobe.capture.tracer import Tracer
from leakprobe.errors import NotAvailable, UnknownName
from leakprobe.history import History, Needs
from leakprobe.model import Diff, DiffRow, Overview, SelfReport, Snapshot, TypeRow

__all__ = ["growing_lines", "make_overview"]

ROWS = 5
SUSPECTS = 3
SHORTEST_TREND_S = 60.0


def make_overview(
    history: History,
    sampler: Sampler,
    tracer: Tracer,
    requests: RequestCounters,
    diff: Callable[[Snapshot, Snapshot], Diff],
    endpoints: dict[str, str],
) -> Overview:
    """What the process is, what grows most between kept snapshots, and how the agent is.

    Args:
        history: the kept snapshots; nothing else is compared.
        sampler: who took them.
        tracer: who records allocations.
        requests: counts of finished requests.
        diff: compares two snapshots by line.
        endpoints: what else can be asked, by method and path.
    """
    gauges = sampler.reader.gauges()
    report = sampler.judge.latest()
    return Overview(
        pid=os.getpid(),
        started_at=sampler.reader.started_at,
        uptime_s=sampler.uptime_s,
        requests=requests.total,
        verdict=report.verdict,
        memory=report.memory,
        suspects=report.suspects[:SUSPECTS],
        gauges=gauges,
        growth_bytes_per_hour=_growth_per_hour(history, gauges.rss_bytes, sampler.uptime_s),
        lines=growing_lines(history, sampler.uptime_s, diff),
        types=_types(history, sampler.uptime_s),
        agent=_self_report(history, sampler, tracer, requests),
        endpoints=endpoints,
    )


def _growth_per_hour(history: History, rss_bytes: int, uptime_s: float) -> float | None:
    series = history.gauge_series()
    if not series or uptime_s - series[0].uptime_s < SHORTEST_TREND_S:
        return None
    start = series[0]
    return (rss_bytes - start.gauges.rss_bytes) / (uptime_s - start.uptime_s) * 3600


def _ends(history: History, needs: Needs, now: float) -> tuple[Snapshot, Snapshot] | None:
    """The baseline and the latest snapshot that hold what is needed, if there are two."""
    try:
        first = history.resolve("baseline", needs=needs, uptime_s=now)
        last = history.resolve("previous", needs=needs, uptime_s=now)
    except (NotAvailable, UnknownName):
        return None
    return (first, last) if first.id != last.id else None


def growing_lines(
    history: History, now: float, diff: Callable[[Snapshot, Snapshot], Diff]
) -> tuple[DiffRow, ...]:
    """The lines that grew most from the baseline to the latest kept snapshot with stacks."""
    ends = _ends(history, "stacks", now)
    return diff(*ends).rows[:ROWS] if ends else ()


def _types(history: History, now: float) -> tuple[TypeRow, ...]:
    ends = _ends(history, "types", now)
    if ends is None:
        return ()
    rows, _ = type_rows(ends[1], ends[0], sort="growth", limit=ROWS, match=None)
    return rows


def _self_report(
    history: History, sampler: Sampler, tracer: Tracer, requests: RequestCounters
) -> SelfReport:
    return SelfReport(
        tracer=tracer.name,
        tracer_reason=tracer.reason,
        tracer_trouble=tracer.trouble(),
        frames=tracer.frames,
        sample_bytes=tracer.sample_bytes,
        heap_walk=sampler.walks.kind,
        heap_walk_reason=sampler.walks.reason,
        self_bytes=history.self_bytes
        + sampler.judge.self_bytes
        + requests.size_bytes
        + tracer.self_bytes(),
        snapshots=len(history),
        cpu_share=sampler.cpu_s / max(sampler.uptime_s, 1e-9),
        longest_pause_ms=sampler.reader.longest_pause_ms,
        errors=sampler.errors,
        last_error=sampler.last_error,
        postponed=sampler.postponed,
    )
