"""Models to render: one realistic set, and hypothesis strategies for hostile ones."""

import types
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from leakprobe.errors import BadParameter
from leakprobe.model import (
    Diff,
    DiffRow,
    Frame,
    Freed,
    Gauges,
    LiveStack,
    MemoryGrowth,
    MemorySplit,
    Moment,
    Overview,
    Price,
    ReferrerGraph,
    Report,
    RouteCount,
    SelfReport,
    Site,
    Snapshot,
    Stack,
    Suspect,
    SuspectGrowth,
    SuspectHolder,
    SuspectRoute,
    SuspectType,
    TaskInfo,
    ThreadInfo,
    TypeCount,
    TypeRow,
    Verdict,
)
from leakprobe.render.album import (
    history_document,
    history_page,
    snapshot_document,
    snapshot_page,
    snapshots_document,
    snapshots_page,
)
from leakprobe.render.answer import Answer
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
from leakprobe.render.results import (
    done_document,
    done_page,
    freed_document,
    freed_page,
    refusal_document,
    refusal_page,
)
from leakprobe.render.suspects import suspects_document, suspects_page

NOW = 1795207377.0
HOSTILE = (
    "<img src=x onerror=1>",
    '"><script>alert(1)</script>',
    "' onmouseover=alert(1) x='",
    "{{ 7 * 7 }}{% raw %}",
    "\x1b[2J\x1b]0;owned\x07",
    "two\nlines\r\n\tand a tab",
    "\u202egnp.exe\u2066",
    "half a pair \ud800",
    "全角文字" * 40,
    "=cmd|' /C calc'!A0",
    "x" * 10_000,
    "a.b." * 400,
    "/very" * 100 + "/deep.py",
    "",
    " ",
)

STACK = (
    Frame("/srv/app/subtitles/tasks.py", 142, "TaskStore.finish"),
    Frame("/srv/app/subtitles/main.py", 88, "asr"),
    Frame("/usr/lib/python3.11/site-packages/starlette/routing.py", 76, None),
)
START = Moment("s1", "start", NOW - 61.2, 0.1)
END = Moment("n1", None, NOW, 61.3)
ROWS = (
    DiffRow(
        "/srv/app/subtitles/tasks.py", 142, "TaskStore.finish", STACK, None, "POST /asr",
        71_000_000, 61_440_000, 0, 140, 120, 1_003_921.5, 512_000.0,
    ),
    DiffRow(
        "/usr/lib/python3.11/threading.py", 871, "Thread.__init__", None, None, None,
        900, -40_000, 0, 19, -17, -653.0, None,
    ),
)  # fmt: skip
DIFF = Diff("line", START, END, 61.2, 120, 61_400_000, 103, 213, ROWS)
TYPES = (
    TypeRow("app.subtitles.tasks.TaskResult", 120, 120, 5760, 5760, 61_446_000, 61_440_000, None),
    TypeRow("builtins.str", 88_210, -12, 6_100_000, -1200, 6_100_000, -1200, None),
)
THREADS = (
    ThreadInfo("Thread-12 (later)", 140231, 4311, True, 58.2, 0.004, 41, STACK),
    ThreadInfo("MainThread", 139, None, None, None, None, 1, ()),
)
TASKS = (TaskInfo("Task-90", "app.poll", "pending", 41.0, 312, STACK),)
ROUTES = (RouteCount("POST /asr", 120, 1, 44.2, 0.31, 0.9, 1.2),)
GAUGES = Gauges(
    90_000_000, 900_000_000, 12.4, 9, 31, 0, 410_000, 30_000_000, 120, 0, 1 << 31, 1 << 30
)
SNAPSHOTS = tuple(
    Snapshot(
        f"s{i}", "start" if i == 0 else None, NOW - 30 + 10 * i, 10.0 * i, {"POST /asr": i, "/": 1},
        GAUGES, "tracemalloc", (LiveStack(Stack(STACK), 71_000_000, 140),) if i else None,
        (TypeCount("app.TaskResult", 3, 100, 2000),) if i > 1 else None, Price(3.2, 14.0, 9.0),
    )
    for i in range(3)
)  # fmt: skip
AGENT = SelfReport(
    tracer="tracemalloc",
    tracer_reason="it is the only one",
    tracer_trouble=None,
    frames=1,
    sample_bytes=0,
    heap_walk="python",
    heap_walk_reason="the native core is not built",
    self_bytes=1_400_000,
    snapshots=60,
    cpu_share=0.013,
    longest_pause_ms=11.2,
    errors=0,
    last_error=None,
    postponed=None,
)
VERDICT = Verdict(
    "leak", "python", 0.99, "grew in 12 of 12 windows, 512 KiB per request of POST /asr", 180, 11400
)
MEMORY = MemorySplit(
    90_000_000, 61_000_000, 20_000_000, 2_000_000, 5_000_000, 2_000_000,
    MemoryGrowth(3.12e8, 3e8, 0.0, None, 0.0, 1.2e7),
    ("Python objects grow: see the suspects below.",),
)  # fmt: skip
SUSPECTS = (
    Suspect(
        1, "9f2c4be1a0d35577", "python", "leak", 0.99,
        SuspectGrowth(614_400_000, 1200, 10_240_000.0, 512_000.0, 1.0),
        Site(STACK[1].file, STACK[1].line, STACK[1].function, STACK),
        (SuspectType("app.TaskResult", 1200, 614_400_000), SuspectType("builtins.str", 9, None)),
        (
            SuspectHolder(
                "app.task_results[…].result", ("module app", "global task_results"),
                "module global", 1200, 614_500_000,
            ),
        ),
        (
            SuspectRoute("POST /asr", 0.99, 512_000.0, 511_000.0, 513_000.0, 1.0, "regression"),
            SuspectRoute("untagged", 0.01, None, None, None, 0.01, "tags"),
        ),
        "grew in 12 of 12 windows",
        "app.task_results only grows: remove entries when the request is done, or bound it.",
    ),
    Suspect(
        2, "77aa", "threads", "suspect", 0.8,
        SuspectGrowth(None, 40, None, None, None), None, (), (), (), "40 more", "Join them.",
    ),
)  # fmt: skip
REPORT = Report(4242, 61.2, 1200, VERDICT, MEMORY, SUSPECTS, Price(4.2, 330.0, 3.0, 310.0))
OVERVIEW = Overview(
    4242, NOW - 61, 61.2, 1242, VERDICT, MEMORY, SUSPECTS, GAUGES, 3.12e8, ROWS, TYPES, AGENT,
    {"GET /diff": "growth", "GET /referrers": "holders", "/types": "types", "POST /gc": "collect"},
)  # fmt: skip
GRAPH = ReferrerGraph("app.TaskResult", 120, 20, None, (), (), (), Price())
FREED = Freed("gc", 1240, 0, 1 << 28, 1 << 27, Price(120.0, 121.0, 110.0))

hostile_text = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=()), max_size=60)
whole_numbers = st.integers(-(1 << 70), 1 << 70)
numbers = st.floats() | st.floats(-1e10, 1e10)


def strategy(hint: object) -> st.SearchStrategy[Any]:  # Any: of the hint's type
    """Values of a model's type hint, every string hostile and every number odd."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(strategy, arguments))
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        return st.lists(strategy(arguments[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(hostile_text, strategy(arguments[1]), max_size=3)
    if is_dataclass(hint) and isinstance(hint, type):
        return instances(hint)
    simple: dict[object, st.SearchStrategy[Any]] = {
        str: hostile_text,
        int: whole_numbers,
        float: numbers,
        bool: st.booleans(),
        type(None): st.none(),
    }
    return simple[hint]


@st.composite
def instances(draw: st.DrawFn, kind: type[Any]) -> Any:  # Any: an instance of that model
    """Instances of a model. Composite, so that its repr does not name every field below it."""
    hints = get_type_hints(kind)
    return kind(**{field.name: draw(strategy(hints[field.name])) for field in fields(kind)})


@dataclass(frozen=True, slots=True)
class Everything:
    """All that is rendered."""

    diff: Diff = DIFF
    types: tuple[TypeRow, ...] = TYPES
    threads: tuple[ThreadInfo, ...] = THREADS
    tasks: tuple[TaskInfo, ...] = TASKS
    routes: tuple[RouteCount, ...] = ROUTES
    snapshots: tuple[Snapshot, ...] = SNAPSHOTS
    overview: Overview = OVERVIEW
    graph: ReferrerGraph = GRAPH
    freed: Freed = FREED
    report: Report = REPORT
    words: str = "Done."


def answers_of(models: Everything) -> dict[str, Answer]:
    """An answer of every kind."""
    by_way = {by: replace(models.diff, by=by) for by in ("line", "file", "stack", "type", "route")}
    # An edge between nodes that are not there is no graph.
    graph = replace(models.graph, nodes=(), edges=())
    refusal = BadParameter(models.words, models.words, models.words)
    diffs = {
        f"diff by {by}": Answer(diff_document(diff, pid=1), diff_page(diff, limit=20))
        for by, diff in by_way.items()
    }
    one = {
        f"snapshot {i}": Answer(snapshot_document(snapshot, pid=1), snapshot_page(snapshot))
        for i, snapshot in enumerate(models.snapshots)
    }
    kept = models.snapshots
    return {
        **diffs,
        **one,
        "types": Answer(types_document(models.types, pid=1), types_page(models.types)),
        "threads": Answer(threads_document(models.threads, pid=1), threads_page(models.threads)),
        "tasks": Answer(tasks_document(models.tasks, pid=1), tasks_page(models.tasks)),
        "routes": Answer(routes_document(models.routes, pid=1), routes_page(models.routes)),
        "snapshots": Answer(snapshots_document(kept, pid=1), snapshots_page(kept)),
        "history": Answer(history_document(kept, pid=1), history_page(kept)),
        "overview": Answer(
            overview_document(models.overview), overview_page(models.overview, models.snapshots)
        ),
        "referrers": Answer(referrers_document(graph, pid=1), referrers_page(graph)),
        "suspects": Answer(suspects_document(models.report), suspects_page(models.report)),
        "freed": Answer(freed_document(models.freed, pid=1), freed_page(models.freed)),
        "done": Answer(done_document(models.words, pid=1), done_page(models.words, models.words)),
        "refusal": Answer(refusal_document(refusal), refusal_page(refusal)),
    }


hostile_answers = strategy(Everything).map(answers_of)

# All models at once: shrinking a failure to its smallest form would take minutes.
of_everything = settings(
    deadline=None,
    max_examples=20,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
