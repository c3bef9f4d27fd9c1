"""The sampled tracer: live bytes by stack, route and age, from the native sampler.

What is always on has to be cheap, so what is known is an estimate, and each row says its
standard error. A reading copies some thousand samples in one short hold of the GIL; what
is done with them here works in short stretches.
"""

import threading
import tracemalloc
from array import array
from collections.abc import Callable
from math import sqrt
from typing import TypeVar

from leakprobe.capture._native import _sampler
from leakprobe.capture.age_bands import AgeBand, with_band
from leakprobe.capture.pace import Pace
from leakprobe.capture.pointers import SampledPointers
from leakprobe.capture.route_tags import ROUTE_TAG, RouteTags
from leakprobe.capture.sampled_rows import SampledRows, add_up
from leakprobe.capture.sampled_stacks import SampledStacks
from leakprobe.errors import NotAvailable, SettingsError
from leakprobe.model import LiveStack, Price

__all__ = ["SampledTracer"]

# Measured on CPython 3.11 to 3.13: 70 to 150 microseconds for 6,000 samples.
SECONDS_PER_SAMPLE = 25e-9
ROWS_PER_STRETCH = 500

Result = TypeVar("Result")


class SampledTracer:
    """Live bytes by stack, route and age, estimated from one sample in so many bytes.

    Its methods may be called from any thread.

    Args:
        frames: depth of a recorded stack.
        sample_bytes: mean bytes between two samples.
        reason: why this tracer was chosen.
        route_tags: what tells it the routes.
        make_pace: measures a reading and sets its stretches.
    """

    name = "sampled"
    seconds_per_trace = SECONDS_PER_SAMPLE

    def __init__(
        self,
        frames: int,
        sample_bytes: int,
        reason: str,
        route_tags: RouteTags,
        make_pace: Callable[[], Pace] = Pace,
    ) -> None:
        self.frames = frames
        self.sample_bytes = sample_bytes
        self.reason = reason
        self._route_tags = route_tags
        self._make_pace = make_pace
        self._stacks = SampledStacks(_sampler.stack)
        self._bands: tuple[AgeBand, ...] = ()
        self._live_bytes = 0
        self._reading = threading.Lock()

    def start(self) -> None:
        """Begin to sample.

        Raises:
            SettingsError: it cannot be done in this process, as it is now.
        """
        refusal = self.refusal()
        if refusal is not None:
            raise SettingsError("tracer", self.name, refusal)
        _sampler.start(self.sample_bytes, self.frames, ROUTE_TAG)
        self._route_tags.start(_sampler.Tag)

    def stop(self) -> None:
        """Forget all samples; the hooks stay, and only hand on (see `_sampler.stop`)."""
        self._route_tags.stop()
        _sampler.stop()
        with self._reading:
            self._stacks.clear()
            self._bands = ()
            self._live_bytes = 0

    def after_fork(self) -> None:
        """In a forked child: a lock of its own; what it was born with counts as old."""
        _sampler.after_fork()
        self._reading = threading.Lock()
        self._bands = ()

    @staticmethod
    def refusal() -> str | None:
        """Why sampling cannot start now; None: it can."""
        return _sampler.refusal()

    def set_sample_bytes(self, sample_bytes: int) -> None:
        """Sample more or less often from now on; what has been sampled keeps its weight."""
        _sampler.set_sample_bytes(sample_bytes)
        self.sample_bytes = sample_bytes

    def follow_recycled(self, *, wanted: bool) -> None:
        """Charge objects from free lists to who makes them, or no more; from CPython 3.13 on."""
        _sampler.follow_recycled(wanted)

    def trouble(self) -> str | None:
        """What makes the estimates wrong, in words; None: nothing."""
        if not _sampler.is_sampling():
            return None
        if not _sampler.is_hooked() and not tracemalloc.is_tracing():
            # tracemalloc hands every request on to us, and puts us back when it stops.
            return (
                "somebody put other allocators above ours (PyMem_SetAllocator); unless they "
                "hand every request on, live bytes are wrong"
            )
        lost = _sampler.counters().lost
        return f"{lost:,} samples were lost for want of memory" if lost else None

    def self_bytes(self) -> int:
        """Size of the sampler's tables, and what sampled blocks take beyond their size."""
        return _sampler.counters().self_bytes if _sampler.is_sampling() else 0

    def traced_bytes(self) -> int | None:
        """Live bytes at the latest reading; None where nothing samples."""
        return self._live_bytes if _sampler.is_sampling() else None

    def expected_traces(self) -> int:
        """How many samples there are."""
        return _sampler.counters().live if _sampler.is_sampling() else 0

    def read(
        self, available_bytes: int | None = None, uptime_s: float = 0.0
    ) -> tuple[tuple[LiveStack, ...], Price]:
        """Live bytes by stack, route and age; the epoch ends that the reading falls in.

        Args:
            available_bytes: not needed: samples are few.
            uptime_s: now, on the clock that rows tell their age by.

        Raises:
            NotAvailable: nothing samples.
        """
        del available_bytes
        with self._reading:
            pace = self._make_pace()
            rows = _copied(_sampler.read)
            pace.held(rows.hold_ns / 1e9)
            self._bands = with_band(self._bands, AgeBand(rows.epoch, uptime_s))
            stacks = self._live_stacks(add_up(rows, self._bands, pace), pace)
            self._live_bytes = sum(live.bytes for live in stacks)
            return stacks, pace.price()

    def pointers(self) -> SampledPointers:
        """Where the sampled blocks are now.

        Raises:
            NotAvailable: nothing samples.
        """
        with self._reading:
            found = _copied(_sampler.pointers)
            numbers = array("I", found.stacks)
            stacks = self._stacks.of(numbers, self._make_pace())
            return SampledPointers(
                addresses=array("Q", found.addresses),
                stacks=tuple(stacks[number] for number in numbers),
                routes=tuple(map(self._route_tags.label, array("i", found.routes))),
                weights=array("d", found.weights),
                sizes=array("Q", found.sizes),
            )

    def _live_stacks(self, rows: SampledRows, pace: Pace) -> tuple[LiveStack, ...]:
        stacks = self._stacks.of(rows.stacks(), pace)
        label, bands = self._route_tags.label, self._bands
        live = []
        for number, (stack, route, band, size, blocks, variance) in enumerate(rows):
            live.append(
                LiveStack(
                    stack=stacks[stack],
                    bytes=round(size),
                    objects=round(blocks),
                    bytes_error=round(sqrt(variance)),
                    route=label(route),
                    born_by_s=bands[band].ended_s,
                )
            )
            if number % ROWS_PER_STRETCH == 0:
                pace.rest()
        return tuple(live)


def _copied(read: Callable[[], Result]) -> Result:
    try:
        return read()
    except RuntimeError as error:
        raise NotAvailable("allocations are not sampled now: the agent was stopped") from error
