import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from leakprobe.analysis.route_rates import RouteRates, route_rates

Series = tuple[list[float], list[dict[str, int]], list[float]]

ASR, ITEMS, HEALTH = "POST /asr", "GET /items/{id}", "GET /health"


@dataclass
class Service:
    """A service under a random mix of load, and what its gauge does.

    Attributes:
        per_second: requests of each route.
        costs: what each request leaves behind.
        background: what a second leaves behind.
        walk: standard deviation of what comes and goes for good between observations.
        noise: standard deviation of each reading.
        garbage: what each request leaves until the next collection.
        collected_every: observations.
    """

    per_second: Mapping[str, float] = field(
        default_factory=lambda: {ASR: 10.0, ITEMS: 20.0, HEALTH: 5.0}
    )
    costs: Mapping[str, float] = field(default_factory=dict)
    background: float = 0
    walk: float = 0
    noise: float = 0
    garbage: float = 0
    collected_every: int = 3
    interval_s: float = 0.5
    mix: Callable[[random.Random, float], int] | None = None

    def watch(self, observations: int = 60, seed: int = 1) -> Series:
        drawn = random.Random(seed)
        served = dict.fromkeys(self.per_second, 0)
        times: list[float] = []
        requests: list[dict[str, int]] = []
        values: list[float] = []
        held = garbage = 0.0
        for k in range(observations):
            times.append(k * self.interval_s)
            requests.append(dict(served))
            values.append(1e8 + held + garbage + drawn.gauss(0, self.noise))
            garbage *= k % self.collected_every != 0
            for route, per_second in self.per_second.items():
                count = self.requests(drawn, per_second * self.interval_s)
                served[route] += count
                held += count * self.costs.get(route, 0)
                garbage += count * self.garbage
            held += self.background * self.interval_s + drawn.gauss(0, self.walk)
        return times, requests, values

    def requests(self, drawn: random.Random, expected: float) -> int:
        """At random, about as many as expected."""
        if self.mix is not None:
            return self.mix(drawn, expected)
        return sum(drawn.random() < 0.25 for _ in range(round(4 * expected)))


def charged(rates: RouteRates) -> dict[str, int]:
    return {row.route: round(row.per_request) for row in rates.rows}


def test_an_exact_gauge_gives_the_exact_rate() -> None:
    rates = route_rates(*Service(costs={ASR: 10_499}).watch())
    assert charged(rates) == {ASR: 10_499}
    assert rates.told_apart
    row = rates.rows[0]
    assert (row.low, row.high) == pytest.approx((10_499, 10_499))
    assert row.share == pytest.approx(1)
    assert rates.background_per_s == pytest.approx(0)


@pytest.mark.parametrize("seed", range(8))
def test_noise_widens_the_interval_and_names_nobody_else(seed: int) -> None:
    rates = route_rates(*Service(costs={ASR: 108_605}, walk=100_000, noise=50_000).watch(seed=seed))
    assert rates.told_apart
    assert rates.rows[0].route == ASR
    assert rates.rows[0].per_request == pytest.approx(108_605, rel=0.15)
    assert rates.rows[0].low < rates.rows[0].per_request < rates.rows[0].high
    assert rates.rows[0].share > 0.8


def test_the_interval_holds_the_truth() -> None:
    found = [
        route_rates(*Service(costs={ASR: 10_000}, walk=10_000).watch(seed=seed)).rows[0]
        for seed in range(30)
    ]
    assert all(row.route == ASR for row in found)
    assert sum(row.low <= 10_000 <= row.high for row in found) >= 0.8 * 30
    assert all(row.per_request == pytest.approx(10_000, rel=0.25) for row in found)


@pytest.mark.parametrize(
    "service",
    [Service(noise=10_000), Service(walk=10_000), Service(garbage=500), Service()],
    ids=["noise", "drift", "saw-tooth", "nothing"],
)
def test_an_innocent_service_charges_nobody(service: Service) -> None:
    guilty = sum(bool(route_rates(*service.watch(seed=seed)).rows) for seed in range(20))
    assert guilty <= 1


def test_two_leaks_are_told_apart() -> None:
    rates = route_rates(*Service(costs={ASR: 3_000, ITEMS: 1_000}).watch())
    assert charged(rates) == {ASR: 3_000, ITEMS: 1_000}
    assert [row.route for row in rates.rows] == sorted(
        (ASR, ITEMS), key=lambda route: -next(r.share for r in rates.rows if r.route == route)
    )
    assert sum(row.share for row in rates.rows) == pytest.approx(1)


def test_what_grows_with_time_is_no_routes() -> None:
    rates = route_rates(*Service(background=10_000, walk=500).watch())
    assert rates.background_per_s == pytest.approx(10_000, rel=0.1)
    assert sum(row.share for row in rates.rows) < 0.1
    assert rates.told_apart


def test_the_saw_tooth_of_the_collector_hides_no_leak() -> None:
    rates = route_rates(*Service(costs={ASR: 10_000}, garbage=1_000).watch())
    assert rates.rows[0].route == ASR
    assert rates.rows[0].per_request == pytest.approx(10_000, rel=0.25)


def steady(_drawn: random.Random, expected: float) -> int:
    return round(expected)


def test_a_mix_that_never_varies_tells_nothing() -> None:
    rates = route_rates(*Service(costs={ASR: 10_000}, mix=steady, interval_s=2).watch())
    assert rates == RouteRates((), 0.0, told_apart=False)


@pytest.mark.parametrize(("cost", "background"), [(500, 0), (0, 5_000)])
def test_one_route_at_a_steady_rate_is_not_told_from_time(cost: int, background: int) -> None:
    service = Service({ASR: 10}, {ASR: cost}, background, walk=100, mix=steady, interval_s=2)
    assert route_rates(*service.watch()) == RouteRates((), 0.0, told_apart=False)


def test_one_route_alone_is_charged_where_its_rate_varies() -> None:
    assert charged(route_rates(*Service({ASR: 10}, costs={ASR: 500}).watch())) == {ASR: 500}


def test_one_route_alone_is_not_charged_with_what_goes_on_without_it() -> None:
    rates = route_rates(*Service({ASR: 10}, background=5_000, walk=100).watch())
    assert rates.rows == ()
    assert rates.background_per_s == pytest.approx(5_000, rel=0.1)


def test_routes_that_always_come_together_are_not_told_apart() -> None:
    times, requests, values = Service(costs={ASR: 10_000}).watch()
    paired = [{**counts, "GET /page": counts[ASR]} for counts in requests]
    assert route_rates(times, paired, values) == RouteRates((), 0.0, told_apart=False)


def test_a_pair_of_innocents_does_not_hide_the_guilty() -> None:
    times, requests, values = Service(costs={ASR: 10_000}).watch()
    paired = [{**counts, "GET /page": counts[HEALTH]} for counts in requests]
    assert charged(route_rates(times, paired, values)) == {ASR: 10_000}


@pytest.mark.parametrize("guilty", ["GET /0", "GET /19"])
def test_of_many_routes_the_guilty_is_among_those_fitted(guilty: str) -> None:
    per_second = {f"GET /{k}": 10.0 - 0.4 * k for k in range(20)}
    rates = route_rates(*Service(per_second, costs={guilty: 5_000}).watch())
    assert rates.rows[0].route == guilty
    assert rates.rows[0].per_request == pytest.approx(5_000, rel=0.01)


def test_a_route_that_appears_later_has_had_no_requests_before() -> None:
    times, requests, values = Service(costs={ASR: 10_000}).watch()
    late = [
        {route: count for route, count in counts.items() if count or route == HEALTH}
        for counts in requests
    ]
    assert ASR not in late[0]
    assert charged(route_rates(times, late, values)) == {ASR: 10_000}


def test_more_observations_than_steps_are_merged() -> None:
    service = Service(costs={ASR: 10_499}, interval_s=0.1)
    assert charged(route_rates(*service.watch(observations=1_000))) == {ASR: 10_499}


@pytest.mark.parametrize("observations", [0, 1, 2, 8])
def test_too_few_observations(observations: int) -> None:
    rates = route_rates(*Service(costs={ASR: 10_499}).watch(observations=observations))
    assert rates == RouteRates((), 0.0, told_apart=False)


def test_ten_exact_observations_are_enough() -> None:
    series = Service(costs={ASR: 10_499}, interval_s=2).watch(observations=10)
    assert charged(route_rates(*series)) == {ASR: 10_499}


def test_no_requests_at_all() -> None:
    assert not route_rates(range(20), [{}] * 20, range(20)).rows


def test_the_same_evidence_gives_the_same_answer() -> None:
    series = Service(costs={ASR: 10_000}, walk=10_000).watch()
    assert route_rates(*series) == route_rates(*series)


@pytest.mark.parametrize(
    ("unit", "origin", "second"), [(1024, 0, 1), (1, -1e8, 60), (0.5, 7, 0.25)]
)
def test_units_and_origins_change_nothing(unit: float, origin: float, second: float) -> None:
    times, requests, values = Service(costs={ASR: 10_000}, walk=5_000).watch()
    scaled: Sequence[float] = [origin + unit * value for value in values]
    one = route_rates(times, requests, values)
    other = route_rates([5 + second * time for time in times], requests, scaled)
    assert len(one.rows) == len(other.rows)
    for mine, theirs in zip(one.rows, other.rows, strict=True):
        assert theirs.per_request == pytest.approx(mine.per_request * unit)
        assert (theirs.low, theirs.high) == pytest.approx((mine.low * unit, mine.high * unit))
        assert theirs.share == pytest.approx(mine.share)


def test_of_hundreds_of_innocent_routes_none_is_charged_by_chance() -> None:
    routes = {f"GET /{n}": 0.2 for n in range(300)}
    wrong: set[str] = set()
    for seed in range(5):
        service = Service(per_second={ASR: 10.0, **routes}, costs={ASR: 1}, noise=1)
        rates = route_rates(*service.watch(seed=seed))
        assert max(rates.rows, key=lambda row: row.share).route == ASR
        wrong |= {row.route for row in rates.rows if row.share > 0.1} - {ASR}
    assert wrong == set()


def test_a_rare_guilty_route_of_hundreds_is_found() -> None:
    routes = {f"GET /{n}": 0.5 for n in range(300)}
    for seed in range(5):
        service = Service(per_second={**routes, ASR: 0.4}, costs={ASR: 1000})
        assert charged(route_rates(*service.watch(seed=seed))) == {ASR: 1000}
