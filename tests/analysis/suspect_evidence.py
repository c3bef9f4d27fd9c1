"""What grows, and what a close look found: values as real leaking services gave them."""

from typing import Any

from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.route_rates import RouteRate, RouteRates
from leakprobe.model import (
    CloseLook,
    ContainerHolder,
    Frame,
    HolderPath,
    Owner,
    Price,
    TypeCount,
    TypeHolder,
)

APP = "/srv/shop/app.py"
LIBRARY = "/usr/lib/python3.12/threading.py"
ROUTE = "POST /asr"
INNOCENT = "GET /innocent"
REQUESTS = 800


def rates(per_request: float, route: str = ROUTE, share: float = 1.0) -> RouteRates:
    row = RouteRate(route, per_request, per_request * 0.98, per_request * 1.02, share)
    return RouteRates((row,), 0.0, told_apart=True)


def candidate(kind: str, name: str, objects: int | None = 400, **given: Any) -> Candidate:
    """A series that grew in 7 of 7 steps; half of 800 requests were for `ROUTE`."""
    fields: dict[str, Any] = {
        "resource": "python",
        "kind": kind,
        "name": name,
        "state": "leak",
        "confidence": 0.99,
        "objects": objects,
        "bytes": None,
        "seconds": 20.0,
        "requests": REQUESTS,
        "windows": 8,
        "grown": 7,
        "counts": "bytes" if objects is None else "objects",
        "routes": ((ROUTE, REQUESTS // 2), (INNOCENT, REQUESTS // 2)),
    }
    grown = objects if objects is not None else given.get("bytes", 0)
    return Candidate(**{**fields, "rates": rates((grown or 0) / (REQUESTS / 2)), **given})


def container(address: int, objects: int = 400, kind: str = "dict", **given: Any) -> Candidate:
    return candidate("container", kind, objects, address=address, **given)


def path(*steps: str, text: str | None = None, objects: int = 100) -> HolderPath:
    """A way; its text is made of the last words of the steps where none is given."""
    words = [step.rpartition(" ")[2] for step in steps]
    return HolderPath(text or ".".join(words), steps, objects)


def held(
    address: int,
    way: HolderPath | None,
    *,
    length: int = 500,
    retained_bytes: int | None = 50_000_000,
    entries: dict[str, int] | None = None,
    entry_bytes: int = 0,
    state: str = "module",
    type_name: str = "dict",
) -> ContainerHolder:
    return ContainerHolder(
        address=address,
        type=type_name,
        length=length,
        bytes=length * 100,
        retained_bytes=retained_bytes,
        state=state,
        path=way,
        entries=tuple(
            TypeCount(name, count, 0, 0, retained_bytes=count * entry_bytes)
            for name, count in (entries or {}).items()
        ),
    )


def type_holder(
    name: str, way: HolderPath | None, objects: int = 100, state: str = "module", each: int = 0
) -> TypeHolder:
    return TypeHolder(name, way, objects, objects * each, state)


def owner(
    name: str | None,
    way: HolderPath | None,
    *,
    size: int = 10_000_000,
    line: int = 40,
    file: str = APP,
    function: str = "transcribe",
    route: str | None = ROUTE,
    samples: int = 50,
) -> Owner:
    frames = (Frame(file, line, function), Frame(APP, 90, "handler"))
    return Owner(frames[0], frames, route, name, way, samples, size, size // 10, samples)


def looked(
    containers: tuple[ContainerHolder, ...] = (),
    types: tuple[TypeHolder, ...] = (),
    owners: tuple[Owner, ...] = (),
) -> CloseLook:
    return CloseLook(owners, containers, types, None, Price())
