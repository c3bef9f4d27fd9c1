"""Who records allocations: one interface, and the choice among its implementations.

A tracer is started once, read many times and stopped once. What it returns are live
bytes by stack, already aggregated: raw traces never leave this package.
"""

import importlib.util
from typing import Protocol

from leakprobe.capture.tracemalloc_tracer import TracemallocTracer
from leakprobe.errors import NotAvailable, SettingsError
from leakprobe.model import LiveStack, Price
from leakprobe.settings import TracerName

__all__ = ["NoTracer", "Tracer", "choose_tracer", "native_core_built"]

DEFAULT_FRAMES_TRACEMALLOC = 1
BUILD_HINT = (
    "the native core is not built in this installation; use tracer=auto or tracer=tracemalloc, "
    "and run `leakprobe doctor` for what works here"
)


class Tracer(Protocol):
    """Records live allocations by stack.

    Attributes:
        name: `tracemalloc` or `off`.
        reason: why it is this one, for the overview.
        frames: depth of a recorded stack.
        seconds_per_trace: for how long copying one trace holds every other thread.
    """

    name: str
    reason: str
    frames: int
    seconds_per_trace: float

    def start(self) -> None:
        """Begin to record; what lived before is not known."""

    def stop(self) -> None:
        """Leave the interpreter as it was found."""

    def traced_bytes(self) -> int | None:
        """Live bytes on record; None where nothing records."""

    def expected_traces(self) -> int:
        """At most how many live blocks `read` will have to copy."""

    def read(self, available_bytes: int | None = None) -> tuple[tuple[LiveStack, ...], Price]:
        """Live bytes by stack.

        Args:
            available_bytes: memory to spare; reading is refused where it would take more.

        Raises:
            NotAvailable: nothing records.
            NotEnoughMemory: the copy would not fit.
        """


class NoTracer:
    """`tracer="off"`: records nothing, and says so when it is asked."""

    name = "off"
    frames = 0
    seconds_per_trace = 0.0

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def start(self) -> None:
        """Nothing to begin."""

    def stop(self) -> None:
        """Nothing to leave behind."""

    def traced_bytes(self) -> int | None:
        """Nothing records."""
        return None

    def expected_traces(self) -> int:
        """There are none."""
        return 0

    def read(self, available_bytes: int | None = None) -> tuple[tuple[LiveStack, ...], Price]:
        """Always refuses.

        Raises:
            NotAvailable: always.
        """
        del available_bytes
        raise NotAvailable(
            "tracer=off records no allocations; POST trace opens a window for some seconds, "
            "LEAKPROBE_TRACER=tracemalloc records from the start"
        )


def native_core_built() -> bool:
    """Whether this installation has the compiled core."""
    return importlib.util.find_spec("leakprobe.capture._native") is not None


def choose_tracer(name: TracerName, frames: int | None) -> Tracer:
    """The tracer for a setting, not yet started.

    Args:
        name: the setting `tracer`.
        frames: the setting `frames`; None takes the tracer's own default.

    Raises:
        SettingsError: `sampled` was demanded and the native core is not built.
    """
    if name == "off":
        return NoTracer("it was set")
    if name == "sampled":
        raise SettingsError("tracer", name, BUILD_HINT)
    depth = frames or DEFAULT_FRAMES_TRACEMALLOC
    if name == "tracemalloc":
        return TracemallocTracer(depth, "it was set; allocating is several times slower")
    return TracemallocTracer(
        depth, "the native core is not built; allocating is several times slower"
    )
