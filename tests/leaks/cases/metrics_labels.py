"""A metric with a label that never repeats: one more child for each request."""

from prometheus_client import CollectorRegistry, Counter

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

CASE = Case(
    __name__,
    "unbounded metrics labels",
    Load({"GET /items/{number}": 1, INNOCENT: 1}),
    Leak(
        resource="python",
        types=("prometheus_client.metrics.Counter",),
        holder=r"\bREQUESTS\._metrics\b",
        route="GET /items/{number}",
        bytes_per_request=620,  # the counter, its value, its lock, its label
        objects_per_request=1,
    ),
)

registry = CollectorRegistry()
REQUESTS = Counter("requests", "Requests by path.", ["path"], registry=registry)


def count_request(path: str) -> None:
    REQUESTS.labels(path=path).inc()  # leaks


leaky, fixed = make_service(), make_service()


@leaky.get("/items/{number}")
def item(number: int) -> int:
    count_request(f"/items/{number}")
    return number


@fixed.get("/items/{number}")
def item_by_template(number: int) -> int:
    count_request("/items/{number}")
    return number
