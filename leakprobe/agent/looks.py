"""Close looks at what grows: what they are asked about, when one is worth its price, the latest.

A look is a walk of the heap of its own. One that somebody waits for is made at once,
unless one was made a moment ago; in the background it is paid by the budget for walks.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from leakprobe.agent.gate import PATIENCE_S, Gate
from leakprobe.agent.reader import SnapshotReader
from leakprobe.analysis.candidate import Candidate
from leakprobe.analysis.type_kinds import is_builtin
from leakprobe.capture.pointers import SampledPointers
from leakprobe.capture.process import available_memory_bytes
from leakprobe.capture.tracer import Tracer
from leakprobe.errors import CaptureBusy, NotAvailable, NotEnoughMemory, WalkFailed
from leakprobe.model import CloseLook, Price
from leakprobe.settings import Settings

__all__ = ["CloseLooks", "Wanted", "wanted_of"]

# An answer may rest on a look that was made a moment ago for the same things.
FRESH_S = 5.0
# In the background a look at the same things is repeated after so long, at others sooner.
STALE_S = 60.0
LOOK_EVERY_S = 10.0
MOST_TYPES = 12
MOST_CONTAINERS = 100
BACKGROUND_PATIENCE_S = 60.0
ROW_BYTES = 4096  # about what one row of a look takes, its stack and path included


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a close look shall explain: containers by address, types and lines by name."""

    containers: tuple[int, ...]
    types: tuple[str, ...]
    sites: tuple[str, ...]

    @property
    def keys(self) -> frozenset[int | str]:
        """All of it."""
        return frozenset((*self.containers, *self.types, *self.sites))


@dataclass(frozen=True, slots=True)
class Looked:
    """A close look, at what, when (on the clock of looks), and after which observation."""

    look: CloseLook
    wanted: Wanted
    at: float
    version: int


class CloseLooks:
    """Makes close looks and remembers the latest.

    Args:
        settings: what memory ends at, and whether data may be revealed.
        reader: its walks make the looks.
        gate: lets one heavy capture in at a time.
        tracer: says where sampled memory is.
        clock: seconds on a monotonic clock.
    """

    def __init__(
        self,
        settings: Settings,
        reader: SnapshotReader,
        gate: Gate,
        tracer: Tracer,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._gate = gate
        self._tracer = tracer
        self._clock = clock
        self._looked: Looked | None = None

    def forget(self) -> None:
        """Begin anew, as in a forked child."""
        self._looked = None

    @property
    def latest(self) -> CloseLook | None:
        """The latest look; None: there was none."""
        return None if self._looked is None else self._looked.look

    @property
    def size_bytes(self) -> int:
        """About what the latest look takes."""
        look = self.latest
        if look is None:
            return 0
        return (len(look.owners) + len(look.containers) + len(look.types)) * ROW_BYTES

    def explain(self, candidates: Sequence[Candidate], version: int) -> CloseLook | None:
        """A look at these candidates for somebody who waits; None: it would tell nothing.

        The price is nothing where the look had been made before. Where none can be made
        now, an older one has to do.

        Args:
            candidates: what grows.
            version: number of the latest observation.

        Raises:
            CaptureBusy: another heavy capture runs, and nothing was looked at before.
            NotEnoughMemory: there is no room for the walk, and nothing was looked at before.
            WalkFailed: the same, and the copy of the process was late or died.
        """
        wanted, looked = wanted_of(candidates), self._looked
        if not wanted.keys:
            return None
        if looked is None or looked.wanted != wanted or not self._is_fresh(looked, version):
            try:
                return self._look(wanted, version, "a search for suspects", asked=True)
            except (CaptureBusy, NotEnoughMemory, WalkFailed):
                if looked is None:
                    raise
        return replace(looked.look, price=Price())

    def explain_unasked(self, candidates: Sequence[Candidate], version: int) -> CloseLook | None:
        """A look at these candidates within the budget; None: none is due, or worth it.

        Raises:
            CaptureBusy: another heavy capture runs.
            NotEnoughMemory: there is no room for the walk.
            WalkFailed: the copy of the process was late or died.
        """
        wanted, looked, walks = wanted_of(candidates), self._looked, self._reader.walks
        if not wanted.keys or not walks.native or not walks.due():
            return None
        if looked is not None:
            known = wanted.keys <= looked.wanted.keys
            if self._clock() - looked.at < (STALE_S if known else LOOK_EVERY_S):
                return None
        return self._look(wanted, version, "a look at what grows", asked=False)

    def _look(self, wanted: Wanted, version: int, what: str, *, asked: bool) -> CloseLook:
        patience_s = PATIENCE_S if asked else BACKGROUND_PATIENCE_S
        with self._gate.hold(what, patience_s=patience_s):
            look = self._reader.walks.look(
                wanted.containers,
                wanted.types,
                self._pointers(),
                reveal=self._settings.reveal,
                available_bytes=available_memory_bytes(self._settings.memory_limit_bytes),
                asked=asked,
            )
        self._reader.note_pause(look.price)
        self._looked = Looked(look, wanted, self._clock(), version)
        return look

    def _pointers(self) -> SampledPointers | None:
        try:
            return self._tracer.pointers()
        except NotAvailable:
            return None

    def _is_fresh(self, looked: Looked, version: int) -> bool:
        return looked.version == version or self._clock() - looked.at < FRESH_S


def wanted_of(candidates: Sequence[Candidate]) -> Wanted:
    """What to look at: containers, those that hold what is in them first; types; lines.

    Builtin types grow beside everything else, and are worth a look where nothing else is
    found to leak.
    """
    python = [c for c in candidates if c.resource == "python"]
    holding = sorted((c for c in python if c.kind == "container"), key=lambda c: c.weak)
    containers = [c.address for c in holding if c.address is not None]
    typed = [c for c in python if c.kind in ("type", "garbage", "c_held")]
    telling = [c for c in typed if not is_builtin(c.name)]
    if not any(c.state == "leak" for c in (*holding, *telling)):
        telling += [c for c in typed if is_builtin(c.name)]
    return Wanted(
        tuple(containers[:MOST_CONTAINERS]),
        tuple(dict.fromkeys(c.name for c in telling))[:MOST_TYPES],
        tuple(c.name for c in python if c.kind == "site"),
    )
