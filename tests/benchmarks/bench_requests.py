"""CPU per request of a real service: bare, and with the agent in several ways.

uvicorn serves the same FastAPI service, three times: with the agent at its defaults, at
`tracer="off"`, and at `tracer="tracemalloc"`. In each process the bare service stands
beside the one with the middleware, and the sampler's hooks can be taken away for a
while, so every ratio but tracemalloc's is to the bare service in the same process. All
variants are asked in turn, ten requests each, hundreds of times, so that a machine whose
speed wanders is equally fast for all of them; in random order, and after requests that do
not count, because whoever comes after another process finds the caches cold. A turn's
figure is the CPU time of the event loop's thread as a ratio to the bare service in the
same turn; the median over all turns is printed, and the middle half beside it. "bare
again" shows what is noise.

What the agent's own threads and the children that walk the heap take does not depend on
the requests: it is printed as a share of one core. "in all" adds it, as at full load.

    python -m tests.benchmarks.bench_requests [TURNS]
"""

import http.client
import json
import random
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests.benchmarks.services import SUBTITLES, CpuTimes
from tests.services import serve

APP = "tests.benchmarks.services:app"
HEADERS = {"Authorization": "Bearer x", "content-type": "application/json"}
BODY = SUBTITLES.model_dump_json()
LOADS = {
    "trivial route": ("GET", "/trivial", None),
    f"JSON of {len(BODY) // 1024} KB through pydantic, 1,600 objects more": (
        "POST",
        "/parse",
        BODY,
    ),
}
TURNS = 300
WARM_UP_TURNS = 10
REQUESTS_IN_A_TURN = 10
WARM_UP_REQUESTS = 3

Connection = http.client.HTTPConnection


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to serve: which process, which service in it, and whether with hooks."""

    tracer: str
    service: str
    base: str
    hooks: bool = True


VARIANTS = {
    "bare": Variant("off", "bare", base="bare"),
    "bare again": Variant("off", "again", base="bare"),
    "enabled=false": Variant("off", "disabled", base="bare"),
    "tracer=off": Variant("off", "agent", base="bare"),
    "bare, no hooks": Variant("auto", "bare", base="bare, no hooks", hooks=False),
    "bare, no hooks, again": Variant("auto", "again", base="bare, no hooks", hooks=False),
    "the hooks alone": Variant("auto", "bare", base="bare, no hooks"),
    "defaults": Variant("auto", "agent", base="bare, no hooks"),
    "tracemalloc, 1 frame": Variant("tracemalloc", "agent", base="bare"),
}
TRACERS = ("off", "auto", "tracemalloc")


@dataclass(frozen=True, slots=True)
class Shares:
    """What does not depend on the requests, as shares of one core; and which tracer it was."""

    tracer: str
    threads: float
    children: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured.

    Attributes:
        ratios: to the variant's base, by load and variant, one for each turn.
        bare_us: CPU of a request to the bare service, in microseconds, by load.
        shares: by setting of the tracer.
    """

    ratios: dict[str, dict[str, list[float]]]
    bare_us: dict[str, float]
    shares: dict[str, Shares]


def measure(turns: int) -> Figures:
    """Serve everything and ask in turn."""
    ratios: dict[str, dict[str, list[float]]] = {}
    bare_us: dict[str, float] = {}
    with ExitStack() as stack:
        clients = {tracer: stack.enter_context(_client(tracer)) for tracer in TRACERS}
        before = {tracer: _cpu(client, "bare") for tracer, client in clients.items()}
        for load in LOADS:
            found = [_turn(clients, load, number) for number in range(turns + WARM_UP_TURNS)]
            found = found[WARM_UP_TURNS:]
            ratios[load] = {
                name: [turn[name] / turn[variant.base] for turn in found]
                for name, variant in VARIANTS.items()
                if name != variant.base
            }
            bare_us[load] = statistics.median(turn["bare"] for turn in found) * 1e6
        shares = {tracer: _shares(client, before[tracer]) for tracer, client in clients.items()}
    return Figures(ratios, bare_us, shares)


@contextmanager
def _client(tracer: str) -> Iterator[Connection]:
    environment = {
        "LEAKPROBE_TOKEN": "x",
        "LEAKPROBE_TRACER": tracer,
        "PYTHONHASHSEED": "0",
    }
    with serve(APP, environment) as service:
        connection = Connection(urlsplit(service.url).netloc, timeout=60)
        try:
            yield connection
        finally:
            connection.close()


def _turn(clients: dict[str, Connection], load: str, number: int) -> dict[str, float]:
    """CPU seconds per request of every variant, asked in an order of the turn's own."""
    order = random.Random(number).sample(list(VARIANTS), len(VARIANTS))
    return {name: _cpu_s(clients, name, load) for name in order}


def _cpu_s(clients: dict[str, Connection], name: str, load: str) -> float:
    variant = VARIANTS[name]
    connection = clients[variant.tracer]
    method, path, body = LOADS[load]
    _ask(connection, "GET", f"/hooks/{'back' if variant.hooks else 'away'}")
    for _ in range(WARM_UP_REQUESTS):
        _ask(connection, method, f"/{variant.service}{path}", body)
    before = _cpu(connection, variant.service).loop_s
    for _ in range(REQUESTS_IN_A_TURN):
        _ask(connection, method, f"/{variant.service}{path}", body)
    after = _cpu(connection, variant.service).loop_s
    _ask(connection, "GET", "/hooks/back")
    # The second question about the CPU is a request, too.
    return (after - before) / (REQUESTS_IN_A_TURN + 1)


def _shares(connection: Connection, before: CpuTimes) -> Shares:
    after = _cpu(connection, "bare")
    overview = json.loads(_ask(connection, "GET", "/agent/debug/memory/?format=json"))
    wall_s = after.wall_s - before.wall_s
    threads_s = after.process_s - before.process_s - (after.loop_s - before.loop_s)
    return Shares(
        tracer=overview["agent"]["tracer"],
        threads=threads_s / wall_s,
        children=(after.children_s - before.children_s) / wall_s,
    )


def _cpu(connection: Connection, service: str) -> CpuTimes:
    return CpuTimes.model_validate_json(_ask(connection, "GET", f"/{service}/cpu"))


def _ask(connection: Connection, method: str, path: str, body: str | None = None) -> bytes:
    try:
        connection.request(method, path, body=body, headers=HEADERS)
        answer = connection.getresponse()
    except http.client.RemoteDisconnected:  # uvicorn closes what rests for five seconds
        connection.close()
        connection.request(method, path, body=body, headers=HEADERS)
        answer = connection.getresponse()
    text = answer.read()
    if answer.status != http.HTTPStatus.OK:
        raise RuntimeError(f"{method} {path}: {answer.status} {text[:200]!r}")
    return text


def report(figures: Figures) -> str:
    """The tables: median ratio and the middle half of the turns; shares of one core."""
    lines = ["CPU per request, ratio to the bare service: median (middle half)           in all"]
    for load, variants in figures.ratios.items():
        lines.append(f"\n{load}: {figures.bare_us[load]:.0f} us bare")
        for name, ratios in variants.items():
            low, middle, high = statistics.quantiles(ratios, n=4)
            shares = figures.shares[VARIANTS[name].tracer]
            in_all = middle * (1 + shares.threads + shares.children)
            shown = f"{in_all:11.3f}" if VARIANTS[name].service == "agent" else ""
            lines.append(f"  {name:<44}{middle:7.3f}  ({low:.3f} to {high:.3f}){shown}")
    lines.append(f"\n{'share of one core':<24}{'tracer':>14}{'threads':>10}{'walks':>10}")
    for setting, shares in figures.shares.items():
        lines.append(
            f"  {f'tracer={setting}':<22}{shares.tracer:>14}"
            f"{shares.threads:10.2%}{shares.children:10.2%}"
        )
    return "\n".join(lines)


@pytest.mark.benchmark
@pytest.mark.timeout(600)
def test_cpu_per_request(capsys: pytest.CaptureFixture[str]) -> None:
    figures = measure(turns=60)
    with capsys.disabled():
        print(f"\n{report(figures)}")  # noqa: T201 - the figures are what it is for
    assert all(len(turns) == 60 for load in figures.ratios.values() for turns in load.values())


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}")  # noqa: T201 - the figures are what it is for
    print(report(measure(int(sys.argv[1]) if len(sys.argv) > 1 else TURNS)))  # noqa: T201
