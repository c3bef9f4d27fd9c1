"""The first page."""

from dataclasses import dataclass

from leakprobe.model.growth import DiffRow, TypeRow
from leakprobe.model.memory import Gauges
from leakprobe.model.verdict import MemorySplit, Suspect, Verdict

__all__ = ["Overview", "SelfReport"]


@dataclass(frozen=True, slots=True)
class SelfReport:
    """The agent's own health and cost.

    Attributes:
        tracer: what records allocations now; `tracer_reason` says why it is that one.
        tracer_trouble: what keeps it from recording all, and what to do; None: nothing.
        frames: depth of a recorded stack.
        sample_bytes: mean bytes between two samples; 0 where every allocation is recorded.
        heap_walk: who walks the heap: `native`, in a copy of the process, or `python`, in
            the process itself; `heap_walk_reason` says why.
        self_bytes: size of the agent's own tables, the tracer's included.
        snapshots: snapshots kept.
        cpu_share: CPU time of the sampler thread, and of the heap walks that it had done,
            over the time since the agent started.
        longest_pause_ms: the longest that a capture has held the application.
        errors: exceptions that background work survived.
        last_error: the latest of them, one line.
        postponed: what is not read on schedule because it would cost too much, and how
            to ask for it; None where everything is.
    """

    tracer: str
    tracer_reason: str
    tracer_trouble: str | None
    frames: int
    sample_bytes: int
    heap_walk: str
    heap_walk_reason: str
    self_bytes: int
    snapshots: int
    cpu_share: float
    longest_pause_ms: float
    errors: int
    last_error: str | None
    postponed: str | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The first page: what the process is, what grows most, and how the agent is.

    `growth_bytes_per_hour` is the growth of the RSS since the start, None in the first
    minute. `suspects` are the worst few.
    """

    pid: int
    started_at: float
    uptime_s: float
    requests: int
    verdict: Verdict
    memory: MemorySplit
    suspects: tuple[Suspect, ...]
    gauges: Gauges
    growth_bytes_per_hour: float | None
    lines: tuple[DiffRow, ...]
    types: tuple[TypeRow, ...]
    agent: SelfReport
    endpoints: dict[str, str]
