"""`tracer="off"`: nothing is recorded, and whoever asks is told how it would be."""

from leakprobe.capture.pointers import SampledPointers
from leakprobe.errors import NotAvailable
from leakprobe.model import LiveStack, Price

__all__ = ["NoTracer"]


class NoTracer:
    """`tracer="off"`: records nothing, and says so when it is asked."""

    name = "off"
    frames = 0
    sample_bytes = 0
    seconds_per_trace = 0.0

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def start(self) -> None:
        """Nothing to begin."""

    def stop(self) -> None:
        """Nothing to leave behind."""

    def after_fork(self) -> None:
        """Nothing to go on with."""

    def set_sample_bytes(self, sample_bytes: int) -> None:
        """Nothing samples."""

    def follow_recycled(self, *, wanted: bool) -> None:
        """Nothing is charged."""

    def trouble(self) -> str | None:
        """Nothing that could be wrong."""
        return None

    def self_bytes(self) -> int:
        """There are no tables."""
        return 0

    def traced_bytes(self) -> int | None:
        """Nothing records."""
        return None

    def expected_traces(self) -> int:
        """There are none."""
        return 0

    def read(
        self, available_bytes: int | None = None, uptime_s: float = 0.0
    ) -> tuple[tuple[LiveStack, ...], Price]:
        """Always refuses.

        Raises:
            NotAvailable: always.
        """
        del available_bytes, uptime_s
        raise NotAvailable(
            "tracer=off records no allocations; POST trace opens a window for some seconds, "
            "LEAKPROBE_TRACER=auto records from the start"
        )

    def pointers(self) -> SampledPointers:
        """Always refuses.

        Raises:
            NotAvailable: always.
        """
        raise NotAvailable("tracer=off samples nothing; LEAKPROBE_TRACER=sampled does")
