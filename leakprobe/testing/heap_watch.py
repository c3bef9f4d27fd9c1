"""Calls that are watched as closely as it goes: every window ends with a walk of the heap.

The judge is the service's. Its rules are written in seconds, and calls of a test take
microseconds or minutes; so here a clock goes on with the calls, five seconds in a window,
however long that took.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from leakprobe.agent.benign import benign_patterns
from leakprobe.agent.looks import wanted_of
from leakprobe.agent.reader import SnapshotReader
from leakprobe.agent.walks import HeapWalks
from leakprobe.analysis.candidate import Candidate
from leakprobe.analysis.candidates import find_candidates
from leakprobe.analysis.evidence import Evidence
from leakprobe.analysis.suspects import find_suspects
from leakprobe.capture.pointers import SampledPointers
from leakprobe.capture.process import available_memory_bytes
from leakprobe.capture.requests import RequestCounters
from leakprobe.capture.tracer import Tracer
from leakprobe.errors import NotAvailable
from leakprobe.model import CloseLook, Suspect
from leakprobe.settings import Settings
from leakprobe.testing.readings import collect_all

__all__ = ["CALL", "HeapWatch"]

CALL = "call"
WINDOW_S = 5.0
# In a dozen calls a container that keeps one entry of each becomes no longer than that.
LEAST_LENGTH = 8


class HeapWatch:
    """Evidence of one series of calls. Nothing of it counts as the application's.

    Args:
        tracer: records allocations; it runs.
        calls: how many will be made in a window, on average.
    """

    def __init__(self, tracer: Tracer, calls: float) -> None:
        self._tracer = tracer
        self._evidence = Evidence()
        self._calls = 0
        self._walks = HeapWalks((self, tracer), budget=1.0, least_length=LEAST_LENGTH)
        self._reader = SnapshotReader(
            Settings(heap_budget=1.0),
            tracer,
            RequestCounters(),
            self._walks,
            clock=lambda: self._calls * WINDOW_S / calls,
            wall_clock=time.time,
        )

    @property
    def walks(self) -> bool:
        """Whether the heap is walked; a walk in this process, traced as it is, takes minutes."""
        return self._walks.native

    def observe(self, calls: int) -> None:
        """Take everything into evidence, after a collection.

        Args:
            calls: how many were made until now.

        Raises:
            NotEnoughMemory: there is no room for the walk.
            WalkFailed: the copy of the process came to nothing.
        """
        collect_all()
        self._calls = calls
        reader = self._reader
        snapshot = reader.with_stacks(reader.bare("window", None))
        if self.walks:
            snapshot = reader.with_types(snapshot, asked=True)
        self._evidence.observe(replace(reader.with_groups(snapshot), requests={CALL: calls}))

    def suspects(self) -> tuple[Suspect, ...]:
        """The causes of what grows, without what the process as a whole takes from malloc.

        Raises:
            NotEnoughMemory: there is no room for the walk that says who holds it.
            WalkFailed: its copy of the process came to nothing.
        """
        found = find_candidates(self._evidence, rates=False)
        candidates = [one for one in found if one.resource not in ("native", "allocator")]
        look = self._look(candidates)
        return find_suspects(candidates, look, benign=benign_patterns(None), per=CALL)

    def _look(self, candidates: Sequence[Candidate]) -> CloseLook | None:
        wanted = wanted_of(candidates)
        if not wanted.keys or not self.walks:
            return None
        return self._walks.look(
            wanted.containers,
            wanted.types,
            self._pointers(),
            reveal=False,
            available_bytes=available_memory_bytes(),
            asked=True,
            entries=self._calls,
        )

    def _pointers(self) -> SampledPointers | None:
        with suppress(NotAvailable):  # the exact tracer does not say
            return self._tracer.pointers()
        return None
