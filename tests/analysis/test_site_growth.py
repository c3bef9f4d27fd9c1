"""Lines whose memory piles up, of simulated services whose truth is known."""

import math
from dataclasses import replace

import pytest

from leakprobe.analysis.candidates import Candidate, find_candidates
from leakprobe.analysis.evidence import Evidence
from leakprobe.model import Frame, LiveStack, TypeCount
from tests.analysis.watching import LEAKY, Load, Moment, Seen, a_type, watched
from tests.making import a_stack

KEEP = Frame("/srv/app/main.py", 42, "keep")
STACK = a_stack(
    ("/usr/lib/python3.11/json/decoder.py", 353, "decode"),
    ("/srv/app/main.py", 42, "keep"),
    ("/srv/app/main.py", 10, "handler"),
)
OTHER = a_stack(("/srv/app/other.py", 7, "work"))
EVERY_SECOND = (0.9, 1.1)
LIBRARY = "/usr/lib/python3.11/site-packages/psutil/_pslinux.py"
SAMPLE = 65_536
STABLE = LiveStack(OTHER, 40_000_000, 600, round(SAMPLE * math.sqrt(600)), None, 1.0)


class Sampled:
    """The samples of one line: of the leaked bytes one for each 64 KiB, by age."""

    def __init__(self, per_request: int) -> None:
        self.per_request = per_request
        self.rows: list[LiveStack] = []
        self.leaked = 0

    def stacks(self, moment: Moment) -> list[LiveStack]:
        """All that is alive, and requests that still run."""
        new = self.per_request * moment.leaky - self.leaked
        self.leaked += new
        samples = sum(moment.chance.random() < 0.1 for _ in range(round(10 * new / SAMPLE)))
        if samples:
            self.rows.append(self.row(samples, moment.uptime_s, LEAKY))
        running = self.row(3, moment.uptime_s, None)
        return [*self.rows, running, STABLE]

    def row(self, samples: int, born_by_s: float, route: str | None) -> LiveStack:
        size, error = samples * SAMPLE, round(SAMPLE * math.sqrt(samples))
        return LiveStack(STACK, size, 10 * samples, error, route, born_by_s)


def sites(evidence: Evidence) -> list[Candidate]:
    return [one for one in find_candidates(evidence) if one.kind == "site"]


@pytest.mark.parametrize("seed", range(5))
def test_a_line_that_leaks_is_found_with_its_stack_and_route(seed: int) -> None:
    sampled = Sampled(20_000)
    evidence = watched(
        lambda moment: Seen(stacks=sampled.stacks(moment)), gaps_s=EVERY_SECOND, seed=seed
    )
    (found,) = sites(evidence)
    assert found.state == "leak"
    assert found.site == KEEP
    assert found.name == "/srv/app/main.py:42 keep"
    assert found.stack == STACK.frames
    assert found.tags[0][0] == LEAKY
    assert found.samples is not None
    assert found.samples > 50
    assert found.bytes_per_request == pytest.approx(10_000, rel=0.35)
    assert found.rates is not None


def test_what_a_few_samples_say_is_suspected() -> None:
    sampled = Sampled(400)
    evidence = watched(lambda moment: Seen(stacks=sampled.stacks(moment)), gaps_s=EVERY_SECOND)
    assert {one.state for one in sites(evidence)} <= {"suspect"}


def test_a_line_that_comes_and_goes_is_innocent() -> None:
    def look(moment: Moment) -> Seen:
        count = 20 + moment.chance.randrange(20)
        rows = [Sampled(0).row(count, moment.uptime_s - 1.0, LEAKY), STABLE]
        return Seen(stacks=rows)

    assert sites(watched(look, gaps_s=EVERY_SECOND)) == []


def test_without_requests_and_with_an_exact_tracer() -> None:
    """Ages are not known then, and there are no errors."""

    def look(moment: Moment) -> Seen:
        return Seen(stacks=[LiveStack(STACK, int(5_000 * moment.uptime_s), 10)])

    (found,) = sites(watched(look, load=Load(begins_s=1e9), gaps_s=EVERY_SECOND))
    assert (found.state, found.samples) == ("leak", None)
    assert found.bytes_per_second == pytest.approx(5_000, rel=0.05)


def test_where_the_heap_is_walked_a_line_alone_is_suspected() -> None:
    sampled = Sampled(20_000)

    def look(moment: Moment) -> Seen:
        return Seen(stacks=sampled.stacks(moment), types=[TypeCount("a", 1, 1, 1)])

    (found,) = sites(watched(look, gaps_s=EVERY_SECOND))
    assert found.state == "suspect"


def test_what_waits_for_the_collector_is_not_charged_to_a_line() -> None:
    sampled = Sampled(20_000)

    def look(moment: Moment) -> Seen:
        count = 1 + moment.leaky
        waiting = a_type("app.Page", 1, count - 1, 20_000)
        return Seen(stacks=sampled.stacks(moment), types=[waiting], gauges={"gc_enabled": 1})

    assert sites(watched(look, gaps_s=EVERY_SECOND)) == []


def test_the_rise_of_a_saw_tooth_of_the_collector_is_not_charged_to_a_line() -> None:
    """Collected every 600 requests; the last tooth is high when it is asked."""
    sampled = Sampled(20_000)

    def look(moment: Moment) -> Seen:
        count = 1 + moment.leaky % 600
        waiting = a_type("app.Page", 1, count - 1, 20_000)
        rising = replace(moment, leaky=count + moment.leaky // 4)
        return Seen(stacks=sampled.stacks(rising), types=[waiting], gauges={"gc_enabled": 1})

    assert sites(watched(look, gaps_s=EVERY_SECOND)) == []


@pytest.mark.parametrize(("file", "found"), [("/srv/app/main.py", True), (LIBRARY, False)])
def test_a_little_in_a_library_may_be_what_the_agent_keeps(file: str, found: bool) -> None:
    """An exact tracer with one frame does not tell who called psutil."""
    stack = a_stack((file, 1880, "memory_info"))
    evidence = watched(
        lambda moment: Seen(stacks=[LiveStack(stack, 20 * moment.leaky, moment.leaky)]),
        gaps_s=EVERY_SECOND,
    )
    assert bool(sites(evidence)) is found
