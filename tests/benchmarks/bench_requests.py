"""CPU per request of a real service: bare, and with the agent.

One uvicorn serves the same FastAPI service bare, bare again, with the middleware
disabled, and with the agent at `tracer="off"`. They are asked in turn, ten requests each,
hundreds of times, so that a machine whose speed wanders is equally fast for all of them.
What is compared is the CPU time of the event loop's thread. A turn's figure is its ratio
to the bare service of the same turn; the median over all turns is printed, and the
middle half beside it. "bare again" shows what is noise.

tracemalloc slows down a whole process, so it has a second one; that figure is coarse.
What the agent's own thread takes does not depend on the requests: it is printed as a
share of one core.

    python -m tests.benchmarks.bench_requests [TURNS]
"""

import http.client
import json
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests.benchmarks.services import SUBTITLES
from tests.services import serve

APP = "tests.benchmarks.services:app"
TOKEN = {"Authorization": "Bearer x"}
VARIANTS = {
    "bare": "bare",
    "again": "bare again",
    "disabled": "enabled=false",
    "agent": "tracer=off",
}
TRACED = "tracemalloc, 1 frame"
LOADS = {
    "trivial route": ("GET", "/trivial", None),
    "JSON of 300 objects through pydantic": ("POST", "/parse", SUBTITLES.model_dump_json()),
}
TURNS = 300
REQUESTS_IN_A_TURN = 10

Connection = http.client.HTTPConnection


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured.

    Attributes:
        ratios: to the bare service, by load and variant, one for each turn.
        bare_us: CPU of a request to the bare service, in microseconds, by load.
        sampler_share: share of one core that the sampler thread takes.
    """

    ratios: dict[str, dict[str, list[float]]]
    bare_us: dict[str, float]
    sampler_share: float


def measure(turns: int) -> Figures:
    """Serve all variants and ask them in turn."""
    ratios: dict[str, dict[str, list[float]]] = {}
    bare_us: dict[str, float] = {}
    with _client("off") as plain, _client("tracemalloc") as traced:
        for load in LOADS:
            found = [_turn(plain, traced, load, number) for number in range(turns + 20)][20:]
            names = [*VARIANTS, TRACED]
            ratios[load] = {name: [t[name] / t["bare"] for t in found] for name in names}
            bare_us[load] = statistics.median(t["bare"] for t in found) * 1e6
        plain.request("GET", "/agent/debug/memory/?format=json", headers=TOKEN)
        overview = json.loads(plain.getresponse().read())
    return Figures(ratios, bare_us, overview["agent"]["cpu_share"])


@contextmanager
def _client(tracer: str) -> Iterator[Connection]:
    with serve(APP, {"LEAKPROBE_TOKEN": "x", "LEAKPROBE_TRACER": tracer}) as service:
        connection = Connection(urlsplit(service.url).netloc, timeout=60)
        try:
            yield connection
        finally:
            connection.close()


def _turn(plain: Connection, traced: Connection, load: str, number: int) -> dict[str, float]:
    """CPU seconds per request of every variant; each turn begins with another one."""
    names = list(VARIANTS)
    first = number % len(names)
    cpu = {name: _cpu_s(plain, name, load) for name in names[first:] + names[:first]}
    return {**cpu, TRACED: _cpu_s(traced, "agent", load)}


def _cpu_s(connection: Connection, variant: str, load: str) -> float:
    method, path, body = LOADS[load]
    before = float(_ask(connection, "GET", f"/{variant}/cpu", None))
    for _ in range(REQUESTS_IN_A_TURN):
        _ask(connection, method, f"/{variant}{path}", body)
    after = float(_ask(connection, "GET", f"/{variant}/cpu", None))
    # The second question about the CPU is a request, too.
    return (after - before) / (REQUESTS_IN_A_TURN + 1)


def _ask(connection: Connection, method: str, path: str, body: str | None) -> bytes:
    headers = {"content-type": "application/json"} if body else {}
    connection.request(method, path, body=body, headers=headers)
    return connection.getresponse().read()


def report(figures: Figures) -> str:
    """The table: median ratio, and the middle half of the turns."""
    lines = ["CPU per request, as a ratio to the bare service: median (middle half of the turns)"]
    for load, variants in figures.ratios.items():
        lines.append(f"\n{load}: {figures.bare_us[load]:.0f} us bare")
        for name, ratios in variants.items():
            low, middle, high = statistics.quantiles(ratios, n=4)
            label = VARIANTS.get(name, name)
            lines.append(f"  {label:<22} {middle:6.3f}  ({low:.3f} to {high:.3f})")
    lines.append(f"\nsampler thread, tracer=off: {figures.sampler_share:.2%} of one core")
    return "\n".join(lines)


@pytest.mark.benchmark
@pytest.mark.timeout(600)
def test_cpu_per_request(capsys: pytest.CaptureFixture[str]) -> None:
    figures = measure(turns=100)
    with capsys.disabled():
        print(f"\n{report(figures)}")  # noqa: T201 - the figures are what it is for
    assert all(len(turns) == 100 for load in figures.ratios.values() for turns in load.values())


if __name__ == "__main__":
    print(report(measure(int(sys.argv[1]) if len(sys.argv) > 1 else TURNS)))  # noqa: T201 - as above
