"""What becomes of memory when one unit of work is called again and again."""

from dataclasses import dataclass

from leakprobe.model.verdict import Resource, Site, State, SuspectHolder, SuspectType

__all__ = ["BYTES_PER_MB", "CallGrowth", "CallSuspect", "CallsReport", "CallsVerdict"]

# What tests and comparisons call a megabyte, as in `max_growth_mb`.
BYTES_PER_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class CallsVerdict:
    """Whether the work leaks.

    Attributes:
        state: as in `Verdict`; only `leak` says that growth repeated from call to call.
        resource: of the worst that was found; None: nothing grows.
        confidence: 0 to 1, in the state.
        reason: one sentence.
        smallest_detectable_bytes_per_call: a leak of Python memory that is larger would
            have been seen; None: not known.
    """

    state: State
    resource: Resource | None
    confidence: float
    reason: str
    smallest_detectable_bytes_per_call: int | None


@dataclass(frozen=True, slots=True)
class CallGrowth:
    """Growth per call, over the calls that were judged; all are medians of slopes.

    Attributes:
        bytes: of memory in use after a collection, of Python and of C code; negative
            where it shrank.
        measured_by: `allocators`, or `resident set` where those do not say.
        threads: more threads.
        tasks: more asyncio tasks.
        fds: more file descriptors; None where the system does not say.
        children: more child processes; None where the system does not say.
    """

    bytes: float
    measured_by: str
    threads: float
    tasks: float
    fds: float | None
    children: float | None


@dataclass(frozen=True, slots=True)
class CallSuspect:
    """One cause of growth; fields as in `Suspect`, amounts per call.

    `bytes` and `objects` are the growth over the calls that were judged.
    """

    rank: int
    fingerprint: str
    resource: Resource
    state: State
    confidence: float
    bytes: int | None
    objects: int | None
    bytes_per_call: float | None
    objects_per_call: float | None
    site: Site | None
    types: tuple[SuspectType, ...]
    holders: tuple[SuspectHolder, ...]
    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class CallsReport:
    """The answer about one unit of work.

    Attributes:
        name: what was called.
        verdict: whether it leaks.
        calls: how many calls were judged.
        warmup: how many were made before, and not counted.
        calls_in_all: how often it was called in all.
        seconds: wall time of everything.
        growth: per call.
        suspects: the causes, the worst first.
    """

    name: str
    verdict: CallsVerdict
    calls: int
    warmup: int
    calls_in_all: int
    seconds: float
    growth: CallGrowth
    suspects: tuple[CallSuspect, ...]
