"""An HTTP client for each request: each has its own TLS settings, and all are remembered."""

from itertools import count

import httpx

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

CASE = Case(
    __name__,
    "an HTTP client per request",
    Load({"POST /quotes": 1, INNOCENT: 7}),  # each client takes 0.85 MB of OpenSSL's
    Leak(
        resource="native",
        types=("httpx.AsyncClient",),
        holder=r"\bclients\b",
        kind="module global",
        route="POST /quotes",
        bytes_per_request=858_000,  # of OpenSSL's certificates; the Python objects are 3 kB
        objects_per_request=1,
    ),
)

tenants = count()
clients: dict[int, httpx.AsyncClient] = {}


def client_of(tenant: int) -> httpx.AsyncClient:
    if tenant not in clients:
        clients[tenant] = httpx.AsyncClient(base_url="http://127.0.0.1:9")  # leaks
    return clients[tenant]


leaky, fixed = make_service(), make_service()


@leaky.post("/quotes")
async def quote() -> str:
    return str(client_of(next(tenants)).base_url)


@fixed.post("/quotes")
async def quote_with_one_client() -> str:
    return str(client_of(0).base_url)
