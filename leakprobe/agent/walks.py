"""Walks of the heap: who makes them, when one is due, and what the latest have cost.

Where the native core is built a walk works on a copy of the process, and the application
waits for the clone only; else Python walks in the running process
(`leakprobe.capture.listed` says why that is never done unasked).
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from leakprobe.analysis.cadence import MOST_CREDIT_S, credit_left, walk_due, walks_postponed
from leakprobe.capture.heap.census import take_census
from leakprobe.capture.heap.close_look import look_closely
from leakprobe.capture.heap.kinds import is_ours
from leakprobe.capture.native import HOW_TO_BUILD, heap_walk_missing
from leakprobe.capture.pointers import SampledPointers
from leakprobe.model import Census, CloseLook, Price

__all__ = ["HeapWalks"]

PAUSES_KEPT = 5
UNSAFE = (
    "types: a heap walk in the running process can disturb a thread that is building a tuple "
    "from a generator, so none is made unasked; GET /types walks the heap now"
)
IN_A_COPY = "in a copy of the process, which holds the application for the clone only"


class HeapWalks:
    """Takes censuses of the heap. One at a time: whoever calls holds the gate.

    Args:
        own: roots of the agent's own objects, which no walk may count.
        budget: share of one core for walks that nobody asked for; 0: none.
        clock: seconds on a monotonic clock.
        missing: why walks cannot be made in a copy of the process; None: they are.
        least_length: containers with so many entries or more are listed; None: with 32.

    Attributes:
        native: whether a walk works on a copy of the process.
    """

    def __init__(
        self,
        own: tuple[object, ...],
        budget: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        missing: Callable[[], str | None] = heap_walk_missing,
        least_length: int | None = None,
    ) -> None:
        self._least_length = least_length
        self._own = own
        self._budget = budget
        self._clock = clock
        self._missing = missing()
        self.native = self._missing is None
        self.forget()

    def forget(self) -> None:
        """Begin anew, as in a forked child: no walk was made."""
        self._began: float | None = None
        self._cpu_s: float | None = None
        self._credit_s = MOST_CREDIT_S
        self._pauses_s: deque[float] = deque(maxlen=PAUSES_KEPT)

    @property
    def kind(self) -> str:
        """`native` or `python`."""
        return "native" if self.native else "python"

    @property
    def reason(self) -> str:
        """Why walks are made as they are."""
        if self._missing is None:
            return IN_A_COPY
        return f"in the process itself, without the native core: {self._missing}; {HOW_TO_BUILD}"

    @property
    def scheduled(self) -> bool:
        """Whether walks are made that nobody asked for."""
        return self._budget > 0 and self.postponed is None

    @property
    def postponed(self) -> str | None:
        """Why no walk is made on schedule; None: they are, or are not wanted."""
        if self._budget == 0:
            return None
        return walks_postponed(tuple(self._pauses_s)) if self.native else UNSAFE

    @property
    def unscheduled(self) -> str | None:
        """Why no walk is made unasked, in a few words; None: they are made."""
        if self.scheduled:
            return None
        if not self.native:
            return f"there is no native core: {self._missing}"
        return "heap_budget=0" if self._budget == 0 else "each held the application for too long"

    def due(self, *, busy: bool = True) -> bool:
        """Whether a walk that nobody asked for may be made now.

        Args:
            busy: whether there is something new to see.
        """
        since_s = None if self._began is None else self._clock() - self._began
        return self.scheduled and walk_due(
            since_s, self._cpu_s, self._budget, credit_s=self._credit_s, busy=busy
        )

    def walk(self, available_bytes: int | None, *, asked: bool) -> Census:
        """Live objects by type, and the long containers, without what is leakprobe's.

        Args:
            available_bytes: memory to spare, where that is known.
            asked: somebody asked for it: the budget is not charged.

        Raises:
            NotEnoughMemory: the walk would take too much of it.
            WalkFailed: the copy of the process was late or died.
        """
        with self._noted(asked=asked) as note:
            census = take_census(
                own=self._own, available_bytes=available_bytes, least_length=self._least_length
            )
            note(census.price)
        self._cpu_s = (census.price.cpu_ms + census.price.child_cpu_ms) / 1e3
        types = tuple(count for count in census.types if not is_ours(count.type))
        return replace(census, types=types)

    def look(
        self,
        containers: Sequence[int],
        types: Sequence[str],
        pointers: SampledPointers | None,
        *,
        reveal: bool,
        available_bytes: int | None,
        asked: bool,
        entries: int | None = None,
    ) -> CloseLook:
        """What one walk finds out about what grows; see `look_closely` and `walk`.

        Raises:
            NotEnoughMemory: the walk would take too much memory.
            WalkFailed: the copy of the process was late or died.
        """
        with self._noted(asked=asked) as note:
            look = look_closely(
                containers=containers,
                types=types,
                pointers=pointers,
                own=self._own,
                reveal=reveal,
                available_bytes=available_bytes,
                entries=entries,
            )
            note(look.price)
        return look

    @contextmanager
    def _noted(self, *, asked: bool) -> Iterator[Callable[[Price], None]]:
        """Charge a walk to the account, unless somebody asked for it.

        A walk that fails is charged what the latest cost.
        """
        now, prices = self._clock(), list[Price]()
        try:
            yield prices.append
        finally:
            cost_s = self._cpu_s or 0.0
            for price in prices:
                cost_s = (price.cpu_ms + price.child_cpu_ms) / 1e3
                self._pauses_s.append(price.pause_ms / 1e3)
            if not asked:
                since_s = 0.0 if self._began is None else now - self._began
                self._began = now
                self._credit_s = credit_left(self._credit_s, since_s, cost_s, self._budget)
