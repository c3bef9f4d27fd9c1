"""Every endpoint, as data: where it is, what it takes, what it answers.

An endpoint's function gets the agent and the parameters, already read and checked, and
returns a reply. It runs in a thread of its own and knows nothing of HTTP.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from leakprobe.agent import Agent
from leakprobe.analysis.diff import DIFF_BY
from leakprobe.analysis.type_growth import TYPE_SORTS
from leakprobe.capture.heap.retained import RETAINED_BY
from leakprobe.drawing import Picture, draw
from leakprobe.errors import BadParameter, UnknownName
from leakprobe.model import Price
from leakprobe.render.album import (
    history_document,
    history_page,
    snapshot_document,
    snapshot_page,
    snapshots_document,
    snapshots_page,
)
from leakprobe.render.answer import Answer
from leakprobe.render.graph import graph_dot
from leakprobe.render.growth import diff_document, diff_page, types_document, types_page
from leakprobe.render.live import (
    routes_document,
    routes_page,
    tasks_document,
    tasks_page,
    threads_document,
    threads_page,
)
from leakprobe.render.overview import overview_document, overview_page
from leakprobe.render.referrers import referrers_document, referrers_page
from leakprobe.render.results import done_document, done_page, freed_document, freed_page
from leakprobe.render.retained import retained_document, retained_page
from leakprobe.render.suspects import suspects_document, suspects_page
from leakprobe.web.params import (
    Parameter,
    Values,
    choice,
    duration,
    flag,
    globs,
    label,
    moment,
    text,
    type_name,
    whole,
)

__all__ = ["ENDPOINTS", "Endpoint", "Reply", "find_endpoint", "methods_of"]

LIMIT = whole("limit", 1, 1000, 20)
SNAPSHOTS_LIMIT = whole("limit", 1, 1000, 50)
FROM = moment("from", "baseline")
TO = moment("to", "now")
BY = choice("by", DIFF_BY, "line")
INCLUDE = globs("include")
EXCLUDE = globs("exclude")
SORT = choice("sort", TYPE_SORTS, "growth")
MATCH = text("match")
GROUP = flag("group", default=True)
TYPE = type_name()
SUSPECT = text("suspect")
SUSPECTS_LIMIT = whole("limit", 1, 100, 10)
DEPTH = whole("depth", 1, 30, 12)
SAMPLES = whole("limit", 1, 20, 3)
RETAINED = choice("by", RETAINED_BY, "object")
SINCE = duration("since")
LABEL = label("label")
SECONDS = whole("seconds", 1, 300, 10)
FRAMES = whole("frames", 1, 64, 10)
TRACE_BY = choice("by", tuple(by for by in DIFF_BY if by != "type"), "line")

PAGES = ("text", "json", "html")
PICTURES: dict[str, Picture] = {"png": "png", "svg": "svg"}
NOTHING = Price()


@dataclass(frozen=True, slots=True)
class Reply:
    """What an endpoint answers: an answer for any format, or finished bytes in one."""

    answer: Answer | None
    price: Price = NOTHING
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Call:
    """One question: to whom, with what, in which format, and by which asyncio task."""

    agent: Agent
    values: Values
    form: str
    name: str
    asking: frozenset[int]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint: `path` may end in `{id}`."""

    method: str
    path: str
    summary: str
    reply: Callable[[Call], Reply]
    parameters: tuple[Parameter[Any], ...] = ()  # Any: parameters of all types
    formats: tuple[str, ...] = field(default=PAGES)


def find_endpoint(method: str, path: str) -> tuple[Endpoint, str] | None:
    """The endpoint for a path below the mount, and the value of its `{id}`."""
    for endpoint in ENDPOINTS:
        if endpoint.method == method and (name := _match(endpoint.path, path)) is not None:
            return endpoint, name
    return None


def methods_of(path: str) -> tuple[str, ...]:
    """The methods that a path answers to; none where there is no such endpoint."""
    return tuple(e.method for e in ENDPOINTS if _match(e.path, path) is not None)


def _match(pattern: str, path: str) -> str | None:
    head, parameter, _ = pattern.partition("{id}")
    if not parameter:
        return "" if path == pattern else None
    name = path[len(head) :]
    return name if path.startswith(head) and name and "/" not in name else None


def _overview(call: Call) -> Reply:
    overview = call.agent.overview({f"{e.method} {e.path}": e.summary for e in ENDPOINTS[1:]})
    history = call.agent.history.gauge_series()
    return Reply(Answer(overview_document(overview), overview_page(overview, history)))


def _diff(call: Call) -> Reply:
    values, agent = call.values, call.agent
    by = values[BY]
    before, after = agent.resolve(values[FROM], values[TO], types=by == "type")
    diff = agent.diff(
        before,
        after,
        by=by,
        include=values[INCLUDE],
        exclude=values[EXCLUDE],
        limit=values[LIMIT],
    )
    document = diff_document(diff, pid=os.getpid())
    return Reply(Answer(document, diff_page(diff, limit=values[LIMIT])), after.price)


def _types(call: Call) -> Reply:
    values, sort = call.values, call.values[SORT]
    rows, hidden, since, price = call.agent.types(
        sort=sort, limit=values[LIMIT], match=values[MATCH]
    )
    total = len(rows) + hidden
    document = types_document(rows, pid=os.getpid(), sort=sort, total_rows=total, since=since)
    return Reply(
        Answer(document, types_page(rows, sort=sort, total_rows=total, since=since)), price
    )


def _threads(call: Call) -> Reply:
    group = call.values[GROUP]
    rows, price = call.agent.threads(group=group)
    document = threads_document(rows, pid=os.getpid(), group=group)
    return Reply(Answer(document, threads_page(rows, group=group)), price)


def _tasks(call: Call) -> Reply:
    group = call.values[GROUP]
    rows, price = call.agent.tasks(group=group, exclude=call.asking)
    document = tasks_document(rows, pid=os.getpid(), group=group)
    return Reply(Answer(document, tasks_page(rows, group=group)), price)


def _referrers(call: Call) -> Reply:
    values = call.values
    graph = call.agent.referrers(_wanted_type(call), depth=values[DEPTH], limit=values[SAMPLES])
    if call.form == "dot":
        return Reply(None, graph.price, graph_dot(graph).encode())
    if call.form in PICTURES:
        return Reply(None, graph.price, draw(graph_dot(graph), PICTURES[call.form]))
    query = f"depth={values[DEPTH]}&limit={values[SAMPLES]}"
    document = referrers_document(graph, pid=os.getpid())
    return Reply(Answer(document, referrers_page(graph, query=query)), graph.price)


def _wanted_type(call: Call) -> str:
    """The type that is asked about: by its name, or as what a suspect consists of."""
    wanted, suspected = call.values[TYPE], call.values[SUSPECT]
    if (wanted is None) == (suspected is None):
        raise BadParameter("type", wanted or "", "give either type or suspect")
    if wanted is not None:
        return wanted
    assert suspected is not None  # one of both is given
    suspect = call.agent.suspect(suspected)
    if not suspect.types:
        raise UnknownName("type of the suspect", suspected, (), "it does not consist of objects")
    # Builtin types, which have no module in their name, have many other objects.
    types = [found.type for found in suspect.types]
    return next((name for name in types if "." in name), types[0])


def _suspects(call: Call) -> Reply:
    report = call.agent.report()
    shown = report.suspects[: call.values[SUSPECTS_LIMIT]]
    hidden = len(report.suspects) - len(shown)
    report = replace(report, suspects=shown)
    answer = Answer(suspects_document(report, hidden=hidden), suspects_page(report, hidden=hidden))
    return Reply(answer, report.price)


def _retained(call: Call) -> Reply:
    values = call.values
    retained = call.agent.retained(by=values[RETAINED], limit=values[LIMIT])
    document = retained_document(retained, pid=os.getpid())
    return Reply(Answer(document, retained_page(retained, limit=values[LIMIT])), retained.price)


def _routes(call: Call) -> Reply:
    counts, price = call.agent.routes()
    rows, total = counts[: call.values[LIMIT]], len(counts)
    document = routes_document(rows, pid=os.getpid(), total_rows=total)
    return Reply(Answer(document, routes_page(rows, total_rows=total)), price)


def _history(call: Call) -> Reply:
    points = call.agent.gauge_series(call.values[SINCE])
    return Reply(Answer(history_document(points, pid=os.getpid()), history_page(points)))


def _snapshots(call: Call) -> Reply:
    kept = call.agent.history.list()
    rows, total = kept[: call.values[SNAPSHOTS_LIMIT]], len(kept)
    document = snapshots_document(rows, pid=os.getpid(), total_rows=total)
    return Reply(Answer(document, snapshots_page(rows, total_rows=total)))


def _snapshot(call: Call) -> Reply:
    snapshot = call.agent.history.get(call.name)
    return Reply(Answer(snapshot_document(snapshot, pid=os.getpid()), snapshot_page(snapshot)))


def _take_snapshot(call: Call) -> Reply:
    snapshot = call.agent.take_snapshot(call.values[LABEL])
    document = snapshot_document(snapshot, pid=os.getpid())
    return Reply(Answer(document, snapshot_page(snapshot)), snapshot.price)


def _mark_baseline(call: Call) -> Reply:
    snapshot = call.agent.mark_baseline(call.values[LABEL])
    message = f"Snapshot {snapshot.id} is the baseline now."
    document = done_document(message, pid=os.getpid(), id=snapshot.id, label=snapshot.label)
    return Reply(Answer(document, done_page("Baseline", message)), snapshot.price)


def _drop_snapshot(call: Call) -> Reply:
    call.agent.history.remove(call.name)
    message = f"Snapshot {call.name} is dropped."
    document = done_document(message, pid=os.getpid(), id=call.name)
    return Reply(Answer(document, done_page("Snapshot dropped", message)))


def _collect_garbage(call: Call) -> Reply:
    freed = call.agent.collect_garbage()
    return Reply(Answer(freed_document(freed, pid=os.getpid()), freed_page(freed)), freed.price)


def _trim(call: Call) -> Reply:
    freed = call.agent.trim()
    return Reply(Answer(freed_document(freed, pid=os.getpid()), freed_page(freed)), freed.price)


def _trace(call: Call) -> Reply:
    values = call.values
    window = call.agent.trace(
        values[SECONDS], values[FRAMES], by=values[TRACE_BY], limit=values[LIMIT]
    )
    page = diff_page(window.diff, title="Exact trace", path="/trace", limit=values[LIMIT])
    document = diff_document(
        window.diff, pid=os.getpid(), frames=window.frames, pause_ms=window.price.pause_ms
    )
    return Reply(Answer(document, page), window.price)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/", "what the process is, and what grows most", _overview),
    Endpoint(
        "GET",
        "/suspects",
        "is it a leak, which memory, and whose fault",
        _suspects,
        (SUSPECTS_LIMIT,),
    ),
    Endpoint(
        "GET",
        "/diff",
        "growth between two snapshots",
        _diff,
        (FROM, TO, BY, LIMIT, INCLUDE, EXCLUDE),
    ),
    Endpoint("GET", "/types", "live objects by type", _types, (SORT, LIMIT, MATCH)),
    Endpoint("GET", "/threads", "every thread, with its stack", _threads, (GROUP,)),
    Endpoint("GET", "/tasks", "every asyncio task, with its await chain", _tasks, (GROUP,)),
    Endpoint(
        "GET",
        "/referrers",
        "what keeps the objects of a type or suspect alive",
        _referrers,
        (TYPE, SUSPECT, DEPTH, SAMPLES),
        (*PAGES, "png", "svg", "dot"),
    ),
    Endpoint(
        "GET",
        "/retained",
        "what would be freed if one object went",
        _retained,
        (RETAINED, LIMIT),
    ),
    Endpoint("GET", "/routes", "requests, latency and live memory by route", _routes, (LIMIT,)),
    Endpoint("GET", "/history", "every gauge over time", _history, (SINCE,), (*PAGES, "csv")),
    Endpoint("GET", "/snapshots", "what is kept", _snapshots, (SNAPSHOTS_LIMIT,)),
    Endpoint("GET", "/snapshots/{id}", "one snapshot, whole", _snapshot),
    Endpoint("POST", "/snapshots", "take a snapshot now", _take_snapshot, (LABEL,)),
    Endpoint("DELETE", "/snapshots/{id}", "drop a snapshot", _drop_snapshot),
    Endpoint("POST", "/baseline", "compare with now from now on", _mark_baseline, (LABEL,)),
    Endpoint("POST", "/gc", "run the garbage collector", _collect_garbage),
    Endpoint("POST", "/trim", "hand free memory back to the system", _trim),
    Endpoint(
        "POST",
        "/trace",
        "trace exactly for some seconds",
        _trace,
        (SECONDS, FRAMES, TRACE_BY, LIMIT),
    ),
)
