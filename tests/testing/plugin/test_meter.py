"""Growth is measured right though garbage waits, and collections are made where they decide."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakprobe.testing.plugin.meter import GrowthMeter

MB = 1_000_000
THRESHOLD = 5.0 * MB


@dataclass
class Memory:
    """A process with live bytes and garbage; each collection takes a while."""

    live: int = 0
    garbage: int = 0
    seconds: float = 0.0
    collection_s: float = 0.001
    collections: list[int] = field(default_factory=list)

    def read(self) -> int:
        return self.live + self.garbage

    def collect(self, generation: int) -> int:
        self.collections.append(generation)
        if generation < 2:
            return 0
        freed, self.garbage = self.garbage, 0
        self.seconds += self.collection_s
        return freed

    def clock(self) -> float:
        return self.seconds

    def meter(self) -> GrowthMeter:
        return GrowthMeter(self.read, self.collect, self.clock)


@pytest.fixture
def memory() -> Memory:
    return Memory(live=50 * MB, garbage=3 * MB)


@pytest.fixture
def meter(memory: Memory) -> GrowthMeter:
    meter = memory.meter()
    meter.begin(THRESHOLD)
    return meter


def test_what_waited_before_the_first_test_hides_nothing(
    memory: Memory, meter: GrowthMeter
) -> None:
    assert memory.garbage == 0
    memory.live += 6 * MB
    meter.collect()
    assert meter.growth_bytes() == 6 * MB


def test_a_test_that_leaves_little_costs_no_collection_of_everything(
    memory: Memory, meter: GrowthMeter
) -> None:
    memory.collections.clear()
    for _ in range(500):
        memory.live += 5000
        meter.end(meter.growth_bytes())
        memory.seconds += 0.001
        meter.begin(THRESHOLD)
    assert memory.collections == [1] * 500


def test_garbage_of_one_test_hides_no_leak_of_the_next(memory: Memory, meter: GrowthMeter) -> None:
    memory.seconds += 1
    memory.garbage += 4 * MB
    meter.end(meter.growth_bytes())
    meter.begin(THRESHOLD)
    memory.live += 6 * MB
    memory.garbage = 0  # the collector ran by itself
    assert meter.growth_bytes() == 6 * MB


@given(st.lists(st.integers(0, 3 * MB), max_size=30))
def test_garbage_hides_at_most_half_of_the_threshold(garbage: list[int]) -> None:
    memory = Memory(collection_s=1.0)  # far too slow to be made often
    meter = memory.meter()
    for size in garbage:
        meter.begin(THRESHOLD)
        memory.garbage += size
        meter.end(meter.growth_bytes())
    meter.begin(THRESHOLD)
    assert memory.garbage <= THRESHOLD / 2 + 8192 * len(garbage)


def test_what_another_answers_for_is_not_counted(memory: Memory, meter: GrowthMeter) -> None:
    memory.live += MB
    meter.leave_out()
    memory.live += 20 * MB
    meter.leave_out()
    memory.live += 30 * MB
    assert meter.take_in() == 0
    assert meter.take_in() == 50 * MB
    memory.live += MB
    assert meter.growth_bytes() == 2 * MB


def test_what_another_gives_back_hides_nothing(memory: Memory, meter: GrowthMeter) -> None:
    memory.live += 8 * MB
    meter.leave_out(collected=True)
    memory.live -= 20 * MB
    assert meter.take_in(collected=True) == -20 * MB
    assert meter.growth_bytes() == 8 * MB


def test_garbage_on_both_sides_goes_to_whoever_made_it(memory: Memory, meter: GrowthMeter) -> None:
    memory.garbage += 10 * MB
    meter.leave_out(collected=True)
    memory.live += 20 * MB
    memory.garbage += 7 * MB
    assert meter.take_in(collected=True) == 20 * MB
    assert meter.growth_bytes() == 0


def test_between_tests_nothing_is_left_out(memory: Memory, meter: GrowthMeter) -> None:
    meter.end(0)
    meter.leave_out()
    memory.live += MB
    assert meter.take_in() == 0
    meter.begin(THRESHOLD)
    assert meter.growth_bytes() == 0


def test_what_may_be_garbage_soon_is_collected_before_the_next_test(
    memory: Memory, meter: GrowthMeter
) -> None:
    meter.collect_before_next()
    meter.collect()  # a moment too early
    meter.end(0)
    memory.garbage += 20 * MB
    meter.begin(THRESHOLD)
    assert memory.garbage == 0


@dataclass
class Tables:
    """What grows with each block, as those of tracemalloc."""

    memory: Memory
    blocks: int = 0

    def grow(self, blocks: int) -> None:
        self.blocks += blocks
        self.memory.live += blocks * 100

    def drop(self) -> None:
        self.memory.live -= self.blocks * 100


def test_dropped_tables_were_the_tests_as_far_as_its_blocks_were(memory: Memory) -> None:
    tables = Tables(memory)
    meter = GrowthMeter(memory.read, memory.collect, memory.clock, lambda: tables.blocks)
    meter.begin(THRESHOLD)
    memory.live += 6 * MB
    tables.grow(10_000)
    meter.leave_out()
    memory.live += 20 * MB
    tables.grow(30_000)
    meter.take_in()
    assert meter.growth_bytes() == 7 * MB
    meter.drop(tables.drop)
    assert meter.growth_bytes() == 6 * MB
