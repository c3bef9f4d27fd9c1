"""A sampler, a judge and their parts with a clock, a tracer and walks that a test holds."""

import array
from collections.abc import Callable
from dataclasses import dataclass, field

from leakprobe.agent.sampler import Sampler
from leakprobe.agent.walks import HeapWalks
from leakprobe.capture.pointers import SampledPointers
from leakprobe.capture.requests import RequestCounters
from leakprobe.history import History
from leakprobe.model import Census, Container, Frame, LiveStack, Price, Stack, TypeCount
from leakprobe.settings import Settings

__all__ = ["APPLICATION", "CENSUS", "Bench", "FakeTracer", "Walked", "opened"]

APPLICATION = LiveStack(Stack((Frame("/srv/app.py", 42, "asr"),)), 1000, 2)
CENSUS = Census(
    (TypeCount("app.Thing", 3, 300, 400, 500), TypeCount("leakprobe.history.History", 1, 1, 1, 1)),
    (Container(4096, "builtins.dict", 1000),),
    None,
    Price(4.0, 120.0, 1.0, 99.0, 1 << 20),
)


@dataclass
class FakeTracer:
    name: str = "tracemalloc"
    reason: str = "a test"
    frames: int = 1
    sample_bytes: int = 0
    seconds_per_trace: float = 1e-6
    traces: int = 100
    failure: Exception | None = None
    stacks: tuple[LiveStack, ...] = (APPLICATION,)
    reads: int = field(default=0)
    follows: bool = False

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def after_fork(self) -> None: ...
    def set_sample_bytes(self, sample_bytes: int) -> None:
        self.sample_bytes = sample_bytes

    def follow_recycled(self, *, wanted: bool) -> None:
        self.follows = wanted

    def trouble(self) -> str | None:
        return None

    def self_bytes(self) -> int:
        return 0

    def pointers(self) -> SampledPointers:
        empty = array.array("Q")
        return SampledPointers(empty, (), (), array.array("d"), empty)

    def traced_bytes(self) -> int | None:
        return None if self.name == "off" else 1000

    def expected_traces(self) -> int:
        return self.traces

    def read(
        self, available_bytes: int | None = None, uptime_s: float = 0.0
    ) -> tuple[tuple[LiveStack, ...], Price]:
        if self.failure is not None:
            raise self.failure
        self.reads += 1
        return self.stacks, Price(7.0, 8.0, 9.0)


class Bench:
    """A sampler whose ticks the test calls; it walks in a copy of the process, or says not."""

    def __init__(
        self,
        tracer: FakeTracer,
        step_s: float = 0.0,
        *,
        heap_budget: float = 0.0,
        native: bool = True,
        **settings: object,
    ) -> None:
        self.tracer = tracer
        self.now = 1000.0
        self.step_s = step_s
        self.settings = Settings(heap_budget=heap_budget, **settings)  # type: ignore[arg-type]
        self.history = History(self.settings.retention_rules, self.settings.max_self_bytes)
        self.requests = RequestCounters()
        self.sampler = Sampler(
            self.settings,
            tracer,
            self.history,
            self.requests,
            own=(),
            clock=self.clock,
        )
        missing = None if native else "a test says so"
        walks = HeapWalks((), heap_budget, clock=self.clock, missing=lambda: missing)
        self.sampler.walks = self.sampler.reader.walks = walks

    def clock(self) -> float:
        self.now += self.step_s
        return self.now

    def tick(self, after_s: float = 10.0) -> None:
        self.now += after_s
        self.sampler._tick()


@dataclass
class Walked:
    """What `take_census` is replaced by: how often it was called, and what it does."""

    answer: Callable[[], Census] = lambda: CENSUS
    calls: int = 0

    def __call__(
        self, *, own: object, available_bytes: int | None, least_length: int | None
    ) -> Census:
        self.calls += 1
        return self.answer()


def opened(bench: Bench, *, walk: bool = True) -> None:
    """Start the sampler and end its thread after its first acts."""
    bench.sampler.open(bench.tracer.start, walk=walk)
    assert bench.sampler._opened.wait(30)
    bench.sampler.stop()
