"""Growth of one test after the other, to the byte, though garbage waits between them.

A collection of everything takes as long as many fast tests. So before a test only young
objects are collected, which the test before it has made, and everything only where it
decides something: after a test that seems to have grown, and before a test as soon as what
earlier ones left uncollected could hide a growth worth knowing.
"""

import gc
import sys
import time
from collections.abc import Callable
from threading import get_ident

from leakprobe.testing.plugin.reading import hand_back, read_bytes

__all__ = ["GrowthMeter"]

SHARE_OF_TIME = 0.2
ENOUGH_COLLECTIONS = 3
ALL = 2
YOUNG = 1
LARGE_SHARE = 0.02
# About what pytest keeps of each test; garbage below that is mostly young, and cheap to collect.
REPORTS_BYTES = 8192
LEAST_LARGE_BYTES = 4096


class GrowthMeter:
    """How much memory is in use now, beyond what was when the test began.

    Between `leave_out` and `take_in` growth is not counted: somebody else answers for it.

    Args:
        read: bytes in use.
        collect: collects a generation and the younger ones, and says how many objects it
            has freed.
        clock: seconds, never going back.
        blocks: number of blocks in use.
        hand_back: called before readings that decide.
    """

    def __init__(
        self,
        read: Callable[[], int] = read_bytes,
        collect: Callable[[int], int] = gc.collect,
        clock: Callable[[], float] = time.perf_counter,
        blocks: Callable[[], int] = sys.getallocatedblocks,
        hand_back: Callable[[], None] = hand_back,
    ) -> None:
        self._read = read
        self._collect = collect
        self._clock = clock
        self._blocks = blocks
        self._hand_back = hand_back
        self._first_s = clock()
        self._collecting_s = 0.0
        self._began_bytes = 0
        self._left_out_bytes = 0
        self._thread: int | None = None
        self._depth = 0
        self._out_since_bytes = 0
        self._began_blocks = 0
        self._left_out_blocks = 0
        self._out_since_blocks = 0
        self._must_collect = True  # what was collected before the first test is unknown
        self.large_bytes = LEAST_LARGE_BYTES
        self.uncollected_bytes = 0
        self.active = False

    @property
    def may_collect(self) -> bool:
        """Whether collections have taken little time yet, compared with all else."""
        return self._collecting_s <= SHARE_OF_TIME * (self._clock() - self._first_s)

    def begin(self, threshold_bytes: float) -> None:
        """A test begins.

        Args:
            threshold_bytes: growth that would be a leak. A fiftieth of it is large: as much
                garbage may wait, whose going could hide as much growth.
        """
        self.large_bytes = max(LEAST_LARGE_BYTES, int(threshold_bytes * LARGE_SHARE))
        waiting = self.uncollected_bytes
        worthwhile = waiting > self.large_bytes and self.may_collect
        if self._must_collect or worthwhile or waiting > threshold_bytes / 2:
            self.collect()
        else:
            self._collect(YOUNG)
        self._must_collect = False
        self._hand_back()
        self._left_out_bytes = self._left_out_blocks = self._depth = 0
        self._thread = None
        self.active = True
        self._began_blocks = self._blocks()
        self._began_bytes = self._read()

    def collect_before_next(self) -> None:
        """What may be garbage soon must not go while the next test is measured."""
        self._must_collect = True

    def growth_bytes(self) -> int:
        """Growth since the test began, garbage that waits included."""
        return self._read() - self._began_bytes - self._left_out_bytes

    def end(self, growth_bytes: int) -> None:
        """The test is over, and has grown by so much."""
        self.active = False
        self.uncollected_bytes += max(0, growth_bytes - REPORTS_BYTES)

    def drop(self, tables: Callable[[], None]) -> None:
        """Drop tables that have grown with each block, what was left out not excepted.

        So their share of blocks that were left out is growth that was left out no more.
        """
        before_bytes, blocks = self._read(), self._blocks() - self._began_blocks
        tables()
        share = min(1.0, max(0.0, self._left_out_blocks / blocks)) if blocks > 0 else 0.0
        self._left_out_bytes -= int((before_bytes - self._read()) * share)

    def collect(self) -> None:
        """Collect everything, again where finalizers have freed more."""
        began = self._clock()
        for _ in range(ENOUGH_COLLECTIONS):
            if not self._collect(ALL):
                break
        self._hand_back()
        self.uncollected_bytes = 0
        self._collecting_s += self._clock() - began

    def leave_out(self, *, collected: bool = False) -> None:
        """From here on another answers for growth; nests.

        Only in the thread that came first: another thread's goes on being counted.

        Args:
            collected: first collect what the test itself has left, where that is much.
        """
        thread = get_ident()
        if not self.active or self._thread not in {None, thread}:
            return
        self._depth += 1
        if self._depth == 1:
            self._thread = thread
            if collected and self.growth_bytes() > self.large_bytes:
                self.collect()
            self._out_since_blocks = self._blocks()
            self._out_since_bytes = self._read()

    def take_in(self, *, collected: bool = False) -> int:
        """From here on growth is the test's again.

        Args:
            collected: first collect, where the other's growth was large.

        Returns:
            How much it grew meanwhile; 0 where something around this still goes on.
        """
        if not self.active or self._thread != get_ident():
            return 0
        self._depth -= 1
        if self._depth:
            return 0
        growth = self._read() - self._out_since_bytes
        if collected and abs(growth) > self.large_bytes:
            self.collect()
            growth = self._read() - self._out_since_bytes
        self._left_out_bytes += growth
        self._left_out_blocks += self._blocks() - self._out_since_blocks
        self._thread = None
        return growth
