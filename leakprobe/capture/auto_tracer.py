"""`tracer="auto"`: the best tracer that can be had when the agent starts."""

import tracemalloc
from typing import TYPE_CHECKING

from leakprobe.capture.native import sampler_missing
from leakprobe.capture.pointers import SampledPointers
from leakprobe.capture.route_tags import RouteTags
from leakprobe.capture.tracemalloc_tracer import TracemallocTracer
from leakprobe.model import LiveStack, Price
from leakprobe.settings import Settings

if TYPE_CHECKING:
    from leakprobe.capture.sampled_tracer import SampledTracer
    from leakprobe.capture.tracer import Tracer

__all__ = ["AutoTracer", "sampled_tracer", "tracemalloc_tracer"]

DEFAULT_FRAMES_TRACEMALLOC = 1
DEFAULT_FRAMES_SAMPLED = 32


class AutoTracer:
    """`tracer="auto"`: the best that can be had, found out anew at each start.

    A tracemalloc that runs already is used, as somebody pays for it anyhow; else
    allocations are sampled; where that cannot be, tracemalloc is started.
    """

    def __init__(self, settings: Settings, route_tags: RouteTags) -> None:
        self._settings = settings
        self._route_tags = route_tags
        self._tracer: Tracer = self._best()

    @property
    def name(self) -> str:
        """That of the tracer that was chosen, as all that follows."""
        return self._tracer.name

    @property
    def reason(self) -> str:
        """Why it was chosen."""
        return self._tracer.reason

    @property
    def frames(self) -> int:
        """Its depth of stacks."""
        return self._tracer.frames

    @property
    def sample_bytes(self) -> int:
        """Its mean bytes between two samples."""
        return self._tracer.sample_bytes

    @property
    def seconds_per_trace(self) -> float:
        """For how long it holds the others."""
        return self._tracer.seconds_per_trace

    def start(self) -> None:
        """Choose, and start that."""
        self._tracer = self._best()
        self._tracer.start()

    def stop(self) -> None:
        """Stop it."""
        self._tracer.stop()

    def after_fork(self) -> None:
        """Let it go on in the child."""
        self._tracer.after_fork()

    def set_sample_bytes(self, sample_bytes: int) -> None:
        """Let it sample more or less often, where it samples."""
        self._tracer.set_sample_bytes(sample_bytes)

    def follow_recycled(self, *, wanted: bool) -> None:
        """Let it charge objects from free lists to who makes them, where it can."""
        self._tracer.follow_recycled(wanted=wanted)

    def trouble(self) -> str | None:
        """What is wrong with it."""
        return self._tracer.trouble()

    def self_bytes(self) -> int:
        """Size of its tables."""
        return self._tracer.self_bytes()

    def traced_bytes(self) -> int | None:
        """Live bytes that it has on record."""
        return self._tracer.traced_bytes()

    def expected_traces(self) -> int:
        """How many blocks it would copy."""
        return self._tracer.expected_traces()

    def read(
        self, available_bytes: int | None = None, uptime_s: float = 0.0
    ) -> tuple[tuple[LiveStack, ...], Price]:
        """Read it."""
        return self._tracer.read(available_bytes, uptime_s)

    def pointers(self) -> SampledPointers:
        """Its sampled blocks."""
        return self._tracer.pointers()

    def _best(self) -> "Tracer":
        if tracemalloc.is_tracing():
            return tracemalloc_tracer(self._settings, "tracemalloc was running already")
        missing = sampler_missing()
        if missing is not None:
            return self._instead(f"the native core cannot be used, {missing}")
        sampled = sampled_tracer(
            self._settings, self._route_tags, "the native core is there; it costs a few percent"
        )
        refusal = sampled.refusal()
        return self._instead(refusal) if refusal is not None else sampled

    def _instead(self, why: str) -> "Tracer":
        return tracemalloc_tracer(self._settings, f"{why}; allocating is several times slower")


def tracemalloc_tracer(settings: Settings, reason: str) -> TracemallocTracer:
    """The exact tracer with the depth that is set, or its own."""
    return TracemallocTracer(settings.frames or DEFAULT_FRAMES_TRACEMALLOC, reason)


def sampled_tracer(settings: Settings, route_tags: RouteTags, reason: str) -> "SampledTracer":
    """The sampled tracer as it is set; only where `sampler_missing` says that it is there."""
    from leakprobe.capture.sampled_tracer import SampledTracer  # needs the core

    frames = settings.frames or DEFAULT_FRAMES_SAMPLED
    return SampledTracer(frames, settings.sample_bytes, reason, route_tags)
