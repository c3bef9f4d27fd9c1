"""For which routes a cause grew."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.route_rates import RouteRate
from leakprobe.analysis.suspect_cause import Cause
from leakprobe.analysis.suspect_growth import counted_of, growth_of, scaled
from leakprobe.model import Owner, SuspectRoute
from leakprobe.model.live import UNTAGGED

__all__ = ["routes_of"]

# Tags of fewer samples say nothing about shares.
FEWEST_SAMPLES = 5
LEAST_SHARE = 0.01
# A regression is sure where intervals of this part of the rate explain so much.
NARROW = 0.2
NEARLY_ALL = 0.9

Shares = Mapping[str | None, float]


def routes_of(cause: Cause, owners: Iterable[Owner]) -> tuple[SuspectRoute, ...]:
    """Who causes it: by regression of exact counts where that is sure, else by tags.

    Tags of samples name a route where the mix of requests stayed the same, but memory that is
    used again keeps the tag of its first use. What a route's requests cost is then the
    route's part of the growth over its requests.
    """
    rated = _rated(cause)
    regressed = () if rated is None else _regressed(cause, rated)
    if rated is not None and rated.kind != "site" and _is_sure(_rates(rated)):
        return regressed
    tags = _tags(cause, owners)
    return regressed if tags is None else _tagged(cause, tags)


def _is_sure(rates: Sequence[RouteRate]) -> bool:
    """Whether narrow intervals explain nearly all of the growth."""
    narrow = [row for row in rates if row.high - row.low <= NARROW * row.per_request]
    return sum(row.share for row in narrow) >= NEARLY_ALL


def _regressed(cause: Cause, rated: Candidate) -> tuple[SuspectRoute, ...]:
    size, count = _scales(cause, rated)
    return tuple(
        SuspectRoute(
            route=row.route,
            share=min(row.share, 1.0),
            bytes_per_request=_times(row.per_request, size),
            bytes_per_request_low=_times(row.low, size),
            bytes_per_request_high=_times(row.high, size),
            objects_per_request=_times(row.per_request, count),
            by="regression",
        )
        for row in _rates(rated)
        if row.share >= LEAST_SHARE
    )


def _tagged(cause: Cause, tags: Shares) -> tuple[SuspectRoute, ...]:
    growth, requests = growth_of(cause), dict(counted_of(cause).routes)
    routes = []
    for route, share in sorted(tags.items(), key=lambda item: -item[1]):
        finished = requests.get(route or UNTAGGED)
        part = share / finished if finished else None
        found = SuspectRoute(
            route=route or UNTAGGED,
            share=min(share, 1.0),
            bytes_per_request=_times(growth.bytes, part),
            bytes_per_request_low=None,
            bytes_per_request_high=None,
            objects_per_request=_times(growth.objects, part),
            by="tags",
        )
        routes.append(found)
    return tuple(route for route in routes if route.share >= LEAST_SHARE)


def _rated(cause: Cause) -> Candidate | None:
    """The member that knows rates of routes: the one that is counted, else any."""
    counted = counted_of(cause)
    exact = [member for member in cause.members if member.kind != "site"]
    ordered = (counted, cause.head, *exact)
    return next((m for m in ordered if m.rates is not None and m.rates.rows), None)


def _rates(rated: Candidate | None) -> tuple[RouteRate, ...]:
    return () if rated is None or rated.rates is None else rated.rates.rows


def _tags(cause: Cause, owners: Iterable[Owner]) -> Shares | None:
    """Shares of sampled memory by the route that allocated it; None: too little is tagged."""
    sizes: Counter[str | None] = Counter()
    samples = 0
    for owner in owners:
        sizes[owner.route] += owner.bytes
        samples += owner.samples if owner.route is not None else 0
    if samples < FEWEST_SAMPLES:
        sites = cause.of_kind("site")
        sizes = Counter()
        for site in sites:
            sizes.update(dict(site.tags))
        samples = sum(site.samples or 0 for site in sites if site.tags)
    total = sizes.total()
    if samples < FEWEST_SAMPLES or total <= 0 or not sizes.keys() - {None}:
        return None
    return {route: size / total for route, size in sizes.items()}


def _scales(cause: Cause, rated: Candidate) -> tuple[float | None, float | None]:
    """What one unit of the rates is in bytes, and in objects."""
    counted, growth = counted_of(cause), growth_of(cause)
    unit = rated.objects if rated.counts == "objects" else rated.bytes
    total = scaled(unit, rated, counted)
    if total <= 0:
        return None, None
    size = None if growth.bytes is None else growth.bytes / total
    count = None if growth.objects is None else growth.objects / total
    return size, count


def _times(value: float | None, scale: float | None) -> float | None:
    return None if value is None or scale is None else value * scale
