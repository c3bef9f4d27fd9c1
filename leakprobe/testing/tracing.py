"""Who records the allocations of calls that are watched closely.

Sampling as tight as here would be dear in a service, and is nothing in a test: a leak of
some hundred bytes a call is sampled often enough to name its line. tracemalloc, where
somebody has started it, and where the native core is missing, records every block.
"""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from leakprobe.agent.lifecycle import Lifecycle
from leakprobe.agent.registry import running_agent
from leakprobe.capture.native import sampler_missing
from leakprobe.capture.route_tags import RouteTags
from leakprobe.capture.tracemalloc_tracer import TracemallocTracer
from leakprobe.capture.tracer import Tracer

if TYPE_CHECKING:
    from leakprobe.capture.sampled_tracer import SampledTracer

__all__ = ["tight_tracer"]

SAMPLE_BYTES = 64
FRAMES = 32
# Deep enough to get from a library's line to the application's.
FRAMES_TRACEMALLOC = 12
REASON = "for the calls that are watched"


@contextmanager
def tight_tracer() -> Iterator[Tracer]:
    """A tracer that runs; afterwards all is as it was.

    Where an agent samples in this process already, its sampler is shared, and tightened
    meanwhile.
    """
    sampled = _sampled()
    if sampled is None:
        exact = TracemallocTracer(FRAMES_TRACEMALLOC, REASON)
        with _running(exact):
            yield exact
    elif sampled.traced_bytes() is None:
        with _running(sampled):
            sampled.follow_recycled(wanted=True)
            yield sampled
    else:
        with _tightened():
            yield sampled


def _sampled() -> "SampledTracer | None":
    """The sampled tracer, where it runs already or can be started."""
    if sampler_missing() is not None or tracemalloc.is_tracing():
        return None
    from leakprobe.capture.sampled_tracer import SampledTracer  # needs the core

    tracer = SampledTracer(FRAMES, SAMPLE_BYTES, REASON, RouteTags())
    runs = tracer.traced_bytes() is not None
    return tracer if runs or tracer.refusal() is None else None


@contextmanager
def _running(tracer: Tracer) -> Iterator[None]:
    tracer.start()
    try:
        yield
    finally:
        tracer.stop()


@contextmanager
def _tightened() -> Iterator[None]:
    agent = running_agent()
    tracer = agent.tracer if isinstance(agent, Lifecycle) else None
    usual_bytes = 0 if tracer is None else tracer.sample_bytes
    if tracer is not None and usual_bytes:
        tracer.set_sample_bytes(SAMPLE_BYTES)
    try:
        yield
    finally:
        if tracer is not None and usual_bytes:
            tracer.set_sample_bytes(usual_bytes)
