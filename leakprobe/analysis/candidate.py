"""What a series that grows says of itself."""

from dataclasses import dataclass
from typing import Literal

from leakprobe.analysis.route_rates import RouteRates
from leakprobe.model import Frame
from leakprobe.model.verdict import Resource

__all__ = ["Candidate", "Counts", "Kind"]

Kind = Literal["gauge", "type", "container", "site", "group", "garbage", "c_held"]
Counts = Literal["objects", "bytes"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A series that grows. Its growth is what it grew by after the warm-up.

    Attributes:
        resource: what it is memory of, or which resource it counts.
        kind: what was watched: a `gauge` of the process, live objects of a `type` (without
            what waits for the collector), entries of a `container`, surviving bytes of a
            `site` (a line of the application), a `group` of threads, tasks, descriptors or
            children that are alike, `garbage` that the collector does not get, objects of
            a type that are `c_held`: only C code keeps them.
        name: of the type (also that of a container), group or gauge; `file:line function`
            of a site.
        state: `leak`, or `suspect` where the evidence does not suffice.
        confidence: 0 to 1, in the state.
        objects: growth in what is counted: objects, entries, threads; None: only bytes.
        bytes: growth in bytes, where known: estimated for sites, owned ones for types.
        seconds: of the span that was judged.
        requests: finished in it, of all routes.
        routes: how many of those each route had, the most first.
        windows: into how many the span was cut.
        grown: how many of them lay above the one before: `windows - 1` is all.
        ended: growth slows down as if it came to an end; such a one is never a `leak`.
        counts: unit of `rates`: `objects` or `bytes`.
        rates: growth per request of each route, by regression; None: not computed, or
            there are no requests.
        address: of a container.
        weak: of a container that holds weak references: a symptom, never the holder.
        site: of a site, the line; of a group, the line that its members run.
        stack: of a site: the stack that most of the growth came from.
        tags: of a site: surviving bytes that are new, by the route that allocated them.
        samples: of a site: on how many samples about its growth rests.
    """

    resource: Resource
    kind: Kind
    name: str
    state: Literal["leak", "suspect"]
    confidence: float
    objects: int | None
    bytes: int | None
    seconds: float
    requests: int
    windows: int
    grown: int
    ended: bool = False
    counts: Counts = "objects"
    rates: RouteRates | None = None
    address: int | None = None
    weak: bool = False
    site: Frame | None = None
    stack: tuple[Frame, ...] = ()
    tags: tuple[tuple[str | None, int], ...] = ()
    samples: int | None = None
    routes: tuple[tuple[str, int], ...] = ()

    @property
    def per_second(self) -> float:
        """Objects a second where they are counted, else bytes."""
        return self._amount / self.seconds if self.seconds > 0 else 0.0

    @property
    def per_request(self) -> float | None:
        """Objects for each request of any route where they are counted, else bytes."""
        return self._amount / self.requests if self.requests else None

    @property
    def bytes_per_second(self) -> float | None:
        """None where bytes are not known."""
        if self.bytes is None or self.seconds <= 0:
            return None
        return self.bytes / self.seconds

    @property
    def bytes_per_request(self) -> float | None:
        """For each request of any route; None where bytes are not known, or none came."""
        return self.bytes / self.requests if self.bytes is not None and self.requests else None

    @property
    def group_site(self) -> Frame | None:
        """Of a group, the line that its members run."""
        return self.site if self.kind == "group" else None

    @property
    def _amount(self) -> float:
        return float(self.objects if self.objects is not None else self.bytes or 0)
