"""CPU per request of a real service: bare, and with the agent in several settings.

All services run at the same time, each in a process of its own; rounds go A B C D
A B C D, and what is compared is the CPU time of the serving process, as it reports it
itself. The figure of a round is its ratio to the bare service of the same round; the
median over the rounds is printed.

    python -m tests.benchmarks.bench_requests [ROUNDS]
"""

import http.client
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest

from tests.benchmarks.services import SUBTITLES
from tests.services import serve

APP = "tests.benchmarks.services:app"
AGENT = {"BENCH_AGENT": "yes", "LEAKPROBE_TOKEN": "x"}
VARIANTS: dict[str, dict[str, str]] = {
    "bare": {},
    "bare again": {},
    "enabled=false": {**AGENT, "LEAKPROBE_ENABLED": "false"},
    "tracer=off": {**AGENT, "LEAKPROBE_TRACER": "off"},
    "tracemalloc, 1 frame": {**AGENT, "LEAKPROBE_TRACER": "tracemalloc"},
}
LOADS = {
    "trivial route": ("GET", "/trivial", None, 1500),
    "200 small objects through pydantic": ("POST", "/parse", SUBTITLES.model_dump_json(), 300),
}
ROUNDS = 7

Ratios = dict[str, dict[str, list[float]]]


def measure(rounds: int) -> Ratios:
    """Ratios to the bare service, by load and variant, one for each round."""
    found: Ratios = {load: {name: [] for name in VARIANTS} for load in LOADS}
    with ExitStack() as stack:
        clients = {
            name: stack.enter_context(_client(environment))
            for name, environment in VARIANTS.items()
        }
        for number in range(rounds + 1):
            for load in LOADS:
                cpu = {name: _cpu_s(client, load) for name, client in clients.items()}
                if number > 0:  # the first round warms everything up
                    for name in VARIANTS:
                        found[load][name].append(cpu[name] / cpu["bare"])
    return found


@contextmanager
def _client(environment: dict[str, str]) -> Iterator[http.client.HTTPConnection]:
    with serve(APP, environment) as service:
        connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=60)
        try:
            yield connection
        finally:
            connection.close()


def _cpu_s(connection: http.client.HTTPConnection, load: str) -> float:
    method, path, body, count = LOADS[load]
    before = float(_ask(connection, "GET", "/cpu", None))
    for _ in range(count):
        _ask(connection, method, path, body)
    return float(_ask(connection, "GET", "/cpu", None)) - before


def _ask(connection: http.client.HTTPConnection, method: str, path: str, body: str | None) -> bytes:
    headers = {"content-type": "application/json"} if body else {}
    connection.request(method, path, body=body, headers=headers)
    return connection.getresponse().read()


def report(ratios: Ratios) -> str:
    """The table: median ratio, and the lowest and highest of the rounds."""
    lines = ["CPU per request, as a ratio to the bare service: median (lowest to highest)"]
    for load, variants in ratios.items():
        lines.append(f"\n{load}")
        lines += [
            f"  {name:<22} {statistics.median(r):6.3f}  ({min(r):.3f} to {max(r):.3f})"
            for name, r in variants.items()
        ]
    return "\n".join(lines)


@pytest.mark.benchmark
@pytest.mark.timeout(600)
def test_cpu_per_request(capsys: pytest.CaptureFixture[str]) -> None:
    ratios = measure(rounds=3)
    with capsys.disabled():
        print(f"\n{report(ratios)}")  # noqa: T201 - the figures are what it is for
    assert all(len(rounds) == 3 for load in ratios.values() for rounds in load.values())


if __name__ == "__main__":
    print(report(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)))  # noqa: T201 - as above
