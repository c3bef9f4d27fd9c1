"""For which routes a cause grew."""

from collections import Counter
from collections.abc import Iterable, Mapping

from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.route_rates import RouteRate
from leakprobe.analysis.suspect_cause import Cause
from leakprobe.analysis.suspect_growth import counted_of, growth_of
from leakprobe.analysis.type_kinds import is_plumbing
from leakprobe.model import Owner, SuspectRoute
from leakprobe.model.live import UNTAGGED

__all__ = ["routes_of"]

# Tags of fewer samples say nothing about shares.
FEWEST_SAMPLES = 5
LEAST_SHARE = 0.01
LEAST_OF_TOP = 0.2
MOSTLY_CHARGED = 0.75
TYPE_KINDS = ("type", "c_held", "garbage")

Shares = Mapping[str | None, float]


def routes_of(cause: Cause, owners: Iterable[Owner]) -> tuple[SuspectRoute, ...]:
    """Who causes it: by regression of exact counts where that tells routes apart, else by tags.

    Tags of samples name a route where the mix of requests hardly varied, but memory that is
    used again keeps the tag of its first use: where both name the same route, it is that one
    alone. What a route's requests cost is the route's part of the growth over its requests.
    """
    rated, tags = _rated(cause), _tags(cause, owners)
    if rated is None or rated.rates is None:
        return () if tags is None else _tagged(cause, tags)
    if tags is None:
        return _regressed(cause, rated, all_of_it=_is_sure(rated))
    agreed = rated.rates.rows[0].route == max(tags, key=tags.__getitem__)
    if _is_sure(rated, untagged=tags.keys() == {None}) or (agreed and rated.kind != "site"):
        return _regressed(cause, rated, all_of_it=True)
    return _tagged(cause, tags)


def _is_sure(rated: Candidate, *, untagged: bool = False) -> bool:
    """Whether the regression knows better than samples.

    One route alone, asked at an even rate, goes with the time: what was allocated outside of
    requests is then not charged to it.
    """
    rows = () if rated.rates is None else rated.rates.rows
    charged = sum(row.share for row in rows) >= MOSTLY_CHARGED
    return charged and rated.kind != "site" and not (untagged and len(rated.routes) <= 1)


def _rated(cause: Cause) -> Candidate | None:
    """The member that knows rates of routes: what is counted first, estimates last."""
    telling = [m for m in cause.members if m.kind != "site" and not _is_plumbing(m)]
    ordered = (counted_of(cause), cause.head, *telling, *cause.of_kind("site"))
    return next((m for m in ordered if m.rates is not None and m.rates.rows), None)


def _is_plumbing(member: Candidate) -> bool:
    return member.kind in TYPE_KINDS and is_plumbing(member.name)


def _regressed(cause: Cause, rated: Candidate, *, all_of_it: bool) -> tuple[SuspectRoute, ...]:
    """Rows of the regression; with all of the growth what is not charged is theirs too."""
    rates = rated.rates
    assert rates is not None
    charged = sum(row.share for row in rates.rows)
    scale = 1 / charged if all_of_it and rates.background_per_s <= 0 else 1.0
    found = [
        _route(cause, row.route, row.share * scale, _interval(row), "regression")
        for row in rates.rows
    ]
    return tuple(route for route in found if route.share >= LEAST_SHARE)


def _tagged(cause: Cause, tags: Shares) -> tuple[SuspectRoute, ...]:
    """Shares of the samples; a small one is memory that is used again, by another route."""
    order = sorted(tags.items(), key=lambda item: -item[1])
    least = max(LEAST_SHARE, LEAST_OF_TOP * max(tags.values()))
    found = [_route(cause, route or UNTAGGED, share, None, "tags") for route, share in order]
    return tuple(route for route in found if route.share >= least)


def _interval(rate: RouteRate) -> tuple[float, float]:
    """The ends of the interval as multiples of the rate."""
    return rate.low / rate.per_request, rate.high / rate.per_request


def _route(
    cause: Cause, route: str, share: float, interval: tuple[float, float] | None, by: str
) -> SuspectRoute:
    growth, requests = growth_of(cause), dict(counted_of(cause).routes).get(route)
    part = share / requests if requests else None
    size = _times(growth.bytes, part)
    low, high = (None, None) if interval is None else interval
    return SuspectRoute(
        route=route,
        share=min(share, 1.0),
        bytes_per_request=size,
        bytes_per_request_low=_times(size, low),
        bytes_per_request_high=_times(size, high),
        objects_per_request=_times(growth.objects, part),
        by=by,
    )


def _tags(cause: Cause, owners: Iterable[Owner]) -> Shares | None:
    """Shares of sampled memory by the route that allocated it; None: too few samples tell.

    Without a tag is what no request allocated, or a thread that does not know for whom.
    """
    rows = [(owner.route, owner.bytes, owner.samples) for owner in owners]
    shares = _shares(rows)
    if shares is not None:
        return shares
    sites = [site for site in cause.of_kind("site") if (site.samples or 0) >= FEWEST_SAMPLES]
    return _shares([(route, size, FEWEST_SAMPLES) for s in sites for route, size in s.tags])


def _shares(rows: Iterable[tuple[str | None, int, int]]) -> Shares | None:
    sizes: Counter[str | None] = Counter()
    samples: Counter[bool] = Counter()
    for route, size, count in rows:
        sizes[route] += size
        samples[route is not None] += count
    telling = samples[True] or samples[False]
    if telling < FEWEST_SAMPLES or sizes.total() <= 0:
        return None
    return {route: size / sizes.total() for route, size in sizes.items()}


def _times(value: float | None, scale: float | None) -> float | None:
    return None if value is None or scale is None else value * scale
