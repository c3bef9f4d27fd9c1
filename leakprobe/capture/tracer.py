"""Who records allocations: one interface, and the choice among its implementations.

A tracer is started once, read many times and stopped once. What it returns are live
bytes by stack, already aggregated: raw traces never leave this package.
"""

from typing import Protocol

from leakprobe.capture.auto_tracer import AutoTracer, sampled_tracer, tracemalloc_tracer
from leakprobe.capture.native import HOW_TO_BUILD, sampler_missing
from leakprobe.capture.no_tracer import NoTracer
from leakprobe.capture.pointers import SampledPointers
from leakprobe.capture.route_tags import RouteTags
from leakprobe.errors import SettingsError
from leakprobe.model import LiveStack, Price
from leakprobe.settings import Settings

__all__ = ["Tracer", "choose_tracer"]

WHERE_SET = "it was set"


class Tracer(Protocol):
    """Records live allocations by stack."""

    @property
    def name(self) -> str:
        """`sampled`, `tracemalloc` or `off`."""

    @property
    def reason(self) -> str:
        """Why it is this one, for the overview."""

    @property
    def frames(self) -> int:
        """Depth of a recorded stack."""

    @property
    def sample_bytes(self) -> int:
        """Mean bytes between two samples; 0: every allocation is recorded, or none is."""

    @property
    def seconds_per_trace(self) -> float:
        """For how long copying one trace or sample holds every other thread."""

    def start(self) -> None:
        """Begin to record; what lived before is not known.

        Raises:
            SettingsError: what was demanded cannot be had in this process.
        """

    def stop(self) -> None:
        """Forget everything and cost nothing."""

    def after_fork(self) -> None:
        """In a forked child: go on with what was known."""

    def set_sample_bytes(self, sample_bytes: int) -> None:
        """Sample more or less often from now on; nothing where every allocation is recorded."""

    def follow_recycled(self, *, wanted: bool) -> None:
        """Charge objects from free lists to who makes them, or no more; nothing where it cannot."""

    def trouble(self) -> str | None:
        """What makes that wrong which is read, in words; None: nothing."""

    def self_bytes(self) -> int:
        """Size of the tables that are ours."""

    def traced_bytes(self) -> int | None:
        """Live bytes on record; None where nothing records."""

    def expected_traces(self) -> int:
        """At most how many live blocks `read` will have to copy."""

    def read(
        self, available_bytes: int | None = None, uptime_s: float = 0.0
    ) -> tuple[tuple[LiveStack, ...], Price]:
        """Live bytes by stack, and by route and age where they are known.

        Args:
            available_bytes: memory to spare; reading is refused where it would take more.
            uptime_s: now, on the clock that rows tell their age by.

        Raises:
            NotAvailable: nothing records.
            NotEnoughMemory: the copy would not fit.
        """

    def pointers(self) -> SampledPointers:
        """Where sampled blocks are now.

        Raises:
            NotAvailable: nothing samples.
        """


def choose_tracer(settings: Settings, route_tags: RouteTags) -> Tracer:
    """The tracer for the settings, not yet started.

    Args:
        settings: which, how deep, and how often it samples.
        route_tags: what a sampled tracer learns the routes from.

    Raises:
        SettingsError: `sampled` was demanded and the native core is not there.
    """
    if settings.tracer == "off":
        return NoTracer(WHERE_SET)
    if settings.tracer == "tracemalloc":
        reason = f"{WHERE_SET}; allocating is several times slower"
        return tracemalloc_tracer(settings, reason)
    if settings.tracer == "auto":
        return AutoTracer(settings, route_tags)
    missing = sampler_missing()
    if missing is not None:
        refused = f"the native core cannot be used, {missing}; {HOW_TO_BUILD}"
        raise SettingsError("tracer", settings.tracer, refused)
    return sampled_tracer(settings, route_tags, WHERE_SET)
