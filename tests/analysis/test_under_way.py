"""What grows with workers, requests under way and modules, of services whose truth is known."""

from collections.abc import Callable, Sequence

import pytest

from leakprobe.analysis.candidates import Candidate, find_candidates
from leakprobe.model import Container, ResourceGroup, TypeCount
from tests.analysis.watching import Moment, Seen, watched

ANYIO, EXECUTOR = "anyio._backends._asyncio.WorkerThread", "concurrent.futures.thread._worker"
OWN = "app.Listener.run"
REQUEST, CLIENT = "RequestResponseCycle.run_asgi", "tcp socket of a client of port 8000"
MIB = 1 << 20
AT = 0x1000
EVERY_SECOND = (0.9, 1.1)

Look = Callable[[Moment], Seen]


def states(look: Look) -> dict[str, str]:
    candidates: Sequence[Candidate] = find_candidates(
        watched(look, gaps_s=EVERY_SECOND), rates=False
    )
    return {one.name: one.state for one in candidates}


def some_more(moment: Moment, each_s: float, most: float = 1e9) -> int:
    """One more after so many seconds, up to a bound."""
    return int(min(max(0.0, moment.uptime_s - 6) / each_s, most))


def of_threads(name: str, each_s: float, *, per_thread: int = 2) -> Look:
    """Threads with objects of their own, and a table that lists them."""

    def look(moment: Moment) -> Seen:
        count = 3 + some_more(moment, each_s)
        groups = [ResourceGroup("threads", name, count)]
        objects = 50 + per_thread * count
        types = [TypeCount("app.Part", objects, 50 * objects, 50 * objects)]
        table = [Container(AT, "dict", 40 + count)]
        gauges = {"threads": 5 + count}
        return Seen(gauges=gauges, groups=groups, types=types, containers=table)

    return look


@pytest.mark.parametrize("name", [ANYIO, EXECUTOR])
def test_a_pool_that_grows_is_suspected_with_all_that_its_workers_have(name: str) -> None:
    assert set(states(of_threads(name, 1.5)).values()) == {"suspect"}


@pytest.mark.parametrize(("name", "each_s"), [(OWN, 1.5), (ANYIO, 0.25)])
def test_other_threads_and_more_than_any_pool_has_are_a_leak(name: str, each_s: float) -> None:
    assert states(of_threads(name, each_s)) == {
        "threads": "leak", name: "leak", "app.Part": "leak", "dict": "leak"
    }  # fmt: skip


def test_a_leak_beside_a_pool_that_grows_is_told() -> None:
    def look(moment: Moment) -> Seen:
        pool = of_threads(ANYIO, 1.5)(moment)
        types = [TypeCount("app.Result", moment.leaky, 48, 48)]
        results = [Container(AT, "list", 40 + moment.leaky)]
        return Seen(gauges=pool.gauges, groups=pool.groups, types=types, containers=results)

    found = states(look)
    assert (found["list"], found["app.Result"], found[ANYIO]) == ("leak", "leak", "suspect")


def under_way(moment: Moment, requests: int, clients: int) -> Seen:
    """What requests that run for long have."""
    groups = [ResourceGroup("tasks", REQUEST, requests), ResourceGroup("fds", CLIENT, clients)]
    rows = [TypeCount("app.Work", 20 * requests, 100 * requests, 2000 * requests)]
    connections = [Container(AT, "set", 40 + requests)]
    gauges = {
        "tasks": 3 + requests,
        "fds": 20 + clients,
        "malloc_used_bytes": 50 * MIB + 500_000 * requests + moment.chance.randrange(MIB // 10),
        "rss_bytes": 150 * MIB,
    }
    return Seen(gauges=gauges, groups=groups, types=rows, containers=connections)


def test_requests_that_take_longer_are_suspected_with_all_that_they_have() -> None:
    def look(moment: Moment) -> Seen:
        count = some_more(moment, 0.5)
        return under_way(moment, count, count + 2)

    found = states(look)
    assert {"tasks", "fds", "set", "app.Work", REQUEST, CLIENT} <= set(found)
    assert set(found.values()) == {"suspect"}


def test_requests_that_outlive_their_clients_are_a_leak() -> None:
    found = states(lambda moment: under_way(moment, some_more(moment, 0.5), 5))
    assert (found["tasks"], found[REQUEST]) == ("leak", "leak")


def test_connections_of_a_service_to_itself_are_a_leak() -> None:
    """Each request leaves one of its own open, of which it has both ends."""

    def look(moment: Moment) -> Seen:
        count = some_more(moment, 0.5)
        both = [("tcp socket to 127.0.0.1:8000", count), (CLIENT, count)]
        groups = [ResourceGroup("fds", name, number) for name, number in both]
        return Seen(gauges={"fds": 20 + 2 * count}, groups=groups)

    assert set(states(look).values()) == {"leak"}


def test_more_clients_than_a_service_is_likely_to_have_explain_nothing() -> None:
    def look(moment: Moment) -> Seen:
        count = some_more(moment, 0.03)
        return under_way(moment, count, count)

    assert states(look)["fds"] == "leak"


@pytest.mark.parametrize(
    ("each_s", "state"), [(1.0, "suspect"), (0.05, "leak")], ids=["imported", "made for ever"]
)
def test_modules_and_what_is_in_them(each_s: float, state: str) -> None:
    def look(moment: Moment) -> Seen:
        modules = some_more(moment, each_s)
        types = [
            TypeCount("module", 800 + modules, 1, 1),
            TypeCount("tuple", 60_000 + 300 * modules, 1, 1),
        ]
        return Seen(types=types, containers=[Container(AT, "dict", 800 + modules)])

    assert states(look) == dict.fromkeys(("module", "tuple", "dict"), state)


def test_modules_that_came_at_once_explain_no_growth() -> None:
    def look(moment: Moment) -> Seen:
        modules = 800 + 2 * (moment.uptime_s > 12) + 13 * (moment.uptime_s > 35)
        types = [TypeCount("module", modules, 1, 1), TypeCount("app.Node", moment.leaky, 1, 1)]
        return Seen(types=types)

    assert states(look) == {"app.Node": "leak"}


@pytest.mark.parametrize(
    ("connections", "states_of_both"),
    [(20, ("suspect", "suspect")), (2, ("leak", "suspect")), (0, ("leak", "leak"))],
)
def test_weak_references_to_cursors_of_databases(
    connections: int, states_of_both: tuple[str, str]
) -> None:
    """A connection keeps some that are dead: 1,080 are too many for two of them."""

    def look(moment: Moment) -> Seen:
        types = [TypeCount("weakref.ReferenceType", 9000 + moment.leaky, 1, 1)]
        if connections:
            types.append(TypeCount("sqlite3.Connection", connections, 1, 1))
        cursors = Container(AT, "list", 40 + moment.leaky // 10)
        return Seen(types=types, containers=[cursors])

    found = states(look)
    assert (found["weakref.ReferenceType"], found["list"]) == states_of_both


def test_a_list_that_grows_beside_databases_is_a_leak() -> None:
    def look(moment: Moment) -> Seen:
        rows = [TypeCount("weakref.ReferenceType", 9000, 1, 1)]
        rows.append(TypeCount("sqlite3.Connection", 20, 1, 1))
        return Seen(types=rows, containers=[Container(AT, "list", 40 + moment.leaky // 10)])

    assert states(look) == {"list": "leak"}
