"""The judge at work: sees every snapshot, and says on request what they prove.

The verdict itself is made by pure functions (`leakprobe.analysis`). Here is what they
cannot have: the evidence that piles up, the close looks at the heap that name holders
and lines, and what is done unasked.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from leakprobe.agent.attention import Attention
from leakprobe.agent.gate import Gate
from leakprobe.agent.looks import CloseLooks
from leakprobe.agent.reader import SnapshotReader
from leakprobe.analysis.benign import Benign
from leakprobe.analysis.cadence import cost_due
from leakprobe.analysis.candidate import Candidate
from leakprobe.analysis.candidates import charge, find_grown
from leakprobe.analysis.evidence import Evidence
from leakprobe.analysis.judged import Found
from leakprobe.analysis.memory_split import memory_split
from leakprobe.analysis.suspects import find_suspects
from leakprobe.analysis.verdict import decide
from leakprobe.capture.tracer import Tracer
from leakprobe.history import History
from leakprobe.model import CloseLook, MemorySplit, Price, Report, Snapshot, Suspect
from leakprobe.model.application import is_library
from leakprobe.settings import Settings

__all__ = ["Judge"]

NOW = "now"
# What judging in the background may take of a core; a look at the heap is paid by its budget.
JUDGING_SHARE = 0.01
# Fine gauges of the latest past; the album, which is thinned, has the rest.
RECENT = 64
RECENT_BYTES = 2048
WITHOUT_WALKS = "; GET /types and /referrers look for types and holders ({})"
# A walk in the process itself takes seconds, in which it is slower: not each time that
# somebody asks.
ASKED_WALKS_SHARE = 0.1


class Judge:
    """Keeps the evidence and answers with reports. Its methods may be called from any thread.

    Args:
        settings: what memory ends at, and whether data may be revealed.
        reader: takes the snapshots; its walks make the close looks.
        gate: lets one heavy capture in at a time.
        tracer: says where sampled memory is.
        history: the gauges over time.
        benign: growth that is known to end.
        clock: seconds on a monotonic clock.
    """

    def __init__(
        self,
        settings: Settings,
        reader: SnapshotReader,
        gate: Gate,
        tracer: Tracer,
        history: History,
        *,
        benign: tuple[Benign, ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader = reader
        self._gate = gate
        self._history = history
        self._benign = benign
        self._clock = clock
        self._tracer = tracer
        self._looks = CloseLooks(settings, reader, gate, tracer, clock=clock)
        self._attention = Attention(tracer, clock)
        self.after_fork()

    def after_fork(self) -> None:
        """Begin anew: what the parent saw is no evidence about this process."""
        # Snapshots wait for the first; whoever asks for rates waits for the second, which is
        # held for longer, and takes the first while it holds it.
        self._lock = threading.Lock()
        self._charging = threading.Lock()
        self._evidence = Evidence()
        self._recent: deque[Snapshot] = deque(maxlen=RECENT)
        self._version = 0
        self._grown: tuple[int, tuple[Found, ...]] = (-1, ())
        self._charged: tuple[int, tuple[Candidate, ...]] = (-1, ())
        self._light: tuple[int, CloseLook | None, Report] | None = None
        self._told: tuple[Suspect, ...] = ()
        self._lacks_lines = False
        self._thought_at: float | None = None
        self._thinking_s: float | None = None
        self._walked_at: float | None = None
        self._walk_s: float | None = None
        self._looks.forget()
        self._attention.end()

    def stop(self) -> None:
        """Leave nothing changed behind."""
        self._attention.end()

    @property
    def self_bytes(self) -> int:
        """Size of the evidence and of the latest look."""
        with self._lock:
            recent = len(self._recent) * RECENT_BYTES
            return self._evidence.size_bytes + recent + self._looks.size_bytes

    @property
    def suspicious(self) -> bool:
        """Whether something seemed to grow, when that was last thought about."""
        return bool(self._grown[1])

    def observe(self, snapshot: Snapshot) -> None:
        """Take a snapshot into evidence."""
        with self._lock:
            self._evidence.observe(snapshot)
            self._recent.append(_outline(snapshot))
            self._version += 1

    def think(self) -> float:
        """What is done about the evidence unasked, as far as it may cost something.

        Where something grows that no look has explained, one look is made within the
        budget for heap walks; where no sample has named its line, sampling is tightened.
        While Python objects grow, those from free lists are charged to who makes them.

        Returns:
            seconds of CPU that copies of the process have used for it.
        """
        self._attention.look_at_the_clock()
        child_cpu_s = self._look_unasked()
        if self._lacks_lines:
            self._attention.tighten()
        return child_cpu_s

    def _look_unasked(self) -> float:
        since_s = None if self._thought_at is None else self._clock() - self._thought_at
        if not cost_due(since_s, self._thinking_s, JUDGING_SHARE):
            return 0.0
        self._thought_at, began = self._clock(), time.thread_time()
        version, candidates = self._candidates()
        self._thinking_s = time.thread_time() - began
        if any(candidate.resource == "python" for candidate in candidates):
            self._attention.follow_recycled()
        look = self._looks.explain_unasked(candidates, version)
        if look is None:
            return 0.0
        self._lacks_lines = _lack_lines(self._suspects(candidates, look))
        return look.price.child_cpu_ms / 1e3

    def report(self, limit: int | None = None) -> Report:
        """The verdict with its evidence, from a close look where one helps.

        Args:
            limit: at most so many suspects.

        Raises:
            CaptureBusy: another heavy capture runs, and nothing was looked at before.
            NotEnoughMemory: there is no room for the walk, and nothing was looked at before.
            WalkFailed: the same, and the copy of the process was late or died.
        """
        price = self._walk_if_due()
        version, candidates = self._charged_candidates()
        look = self._looks.explain(candidates, version)
        if look is not None and look.price.wall_ms:
            price = look.price
        report = self._report(candidates, look, price)
        self._told = report.suspects
        self._lacks_lines = _lack_lines(report.suspects)
        return replace(report, suspects=report.suspects[:limit])

    def latest(self) -> Report:
        """The verdict from what is known already: no heavy capture is made for it."""
        light, look = self._light, self._looks.latest
        if light is None or light[0] != self._version or light[1] is not look:
            version, candidates = self._candidates()
            report = self._report(candidates, look, Price())
            light = self._light = (version, look, report)
        memory = self._memory(self._reader.bare(NOW, None))
        return replace(light[2], uptime_s=self._reader.uptime_s, memory=memory)

    def told(self) -> tuple[Suspect, ...]:
        """The suspects of the latest report, whose ranks somebody knows; else of what is known."""
        return self._told or self.latest().suspects

    def _report(
        self, candidates: tuple[Candidate, ...], look: CloseLook | None, price: Price
    ) -> Report:
        bare = self._reader.bare(NOW, None)
        memory, suspects = self._memory(bare), self._suspects(candidates, look)
        with self._lock:
            verdict = decide(
                self._evidence,
                candidates,
                suspects,
                memory,
                limit_bytes=bare.gauges.memory_limit_bytes,
            )
        unscheduled = self._reader.walks.unscheduled
        if unscheduled is not None:
            verdict = replace(verdict, reason=verdict.reason + WITHOUT_WALKS.format(unscheduled))
        return Report(
            pid=os.getpid(),
            uptime_s=bare.uptime_s,
            requests=sum(bare.requests.values()),
            verdict=verdict,
            memory=memory,
            suspects=suspects,
            price=price,
        )

    def _memory(self, now: Snapshot) -> MemorySplit:
        with self._lock:
            recent = sorted(self._recent, key=lambda kept: kept.uptime_s)
        since_s = recent[0].uptime_s if recent else now.uptime_s
        older = [kept for kept in self._history.gauge_series() if kept.uptime_s < since_s]
        return memory_split((*older, *recent, now))

    def _suspects(
        self, candidates: tuple[Candidate, ...], look: CloseLook | None
    ) -> tuple[Suspect, ...]:
        return find_suspects(candidates, look, benign=self._benign)

    def _found(self) -> tuple[int, tuple[Found, ...]]:
        """What grows by the evidence so far, and the number of the latest observation."""
        with self._lock:
            if self._grown[0] != self._version:
                self._grown = self._version, find_grown(self._evidence)
            return self._grown

    def _candidates(self) -> tuple[int, tuple[Candidate, ...]]:
        """The same without what takes a while to compute: who causes it, unless that is known."""
        version, found = self._found()
        known, charged = self._charged
        return version, charged if known == version else tuple(one.candidate for one in found)

    def _charged_candidates(self) -> tuple[int, tuple[Candidate, ...]]:
        """The same, charged to routes. Snapshots do not wait for it."""
        with self._charging:
            version, found = self._found()
            if self._charged[0] != version:
                self._charged = version, charge(found)
            return self._charged

    def _walk_if_due(self) -> Price:
        """An observation of types, where none is made unasked; not too often.

        One alone proves nothing. In the process itself it takes seconds, the more so while
        each allocation is traced, and a tracer has seen what grows.
        """
        now, walks = self._clock(), self._reader.walks
        since_s = None if self._walked_at is None else now - self._walked_at
        helps = not walks.scheduled and (walks.native or self._tracer.name == "off")
        if not helps or not cost_due(since_s, self._walk_s, ASKED_WALKS_SHARE):
            return Price()
        with self._gate.hold("a search for suspects"):
            snapshot = self._reader.with_types(self._reader.bare(NOW, None), asked=True)
        self._walked_at, self._walk_s = now, snapshot.price.wall_ms / 1e3
        self.observe(snapshot)
        return snapshot.price


def _lack_lines(suspects: Sequence[Suspect]) -> bool:
    """Whether more samples may tell a line of the application's: of objects, whatever they own."""
    lacking = [one for one in suspects if one.site is None or is_library(one.site.file)]
    return any(suspect.types or suspect.resource == "python" for suspect in lacking)


def _outline(snapshot: Snapshot) -> Snapshot:
    """What the split of memory needs of a snapshot; requests of all routes together."""
    requests = {"": sum(snapshot.requests.values())}
    return replace(
        snapshot, requests=requests, stacks=None, types=None, containers=None, groups=None
    )
