"""What grows becomes as few suspects as there are causes, each with all that is known of it."""

from dataclasses import replace

import pytest

from leakprobe.analysis.benign import Benign
from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.suspects import find_suspects
from leakprobe.model import CloseLook, Frame
from tests.analysis.suspect_evidence import (
    APP,
    INNOCENT,
    LIBRARY,
    REQUESTS,
    ROUTE,
    candidate,
    container,
    held,
    looked,
    owner,
    path,
    rates,
    type_holder,
)

RESULTS = ("module app", "global results")
RESULT = path(*RESULTS, "dict value", text="app.results[…]")
PAYLOAD = path(*RESULTS, "dict value", "attribute payload", text="app.results[…].payload")


def results_dictionary() -> tuple[list[Candidate], CloseLook]:
    """One result of 100 kB more for each `POST /asr`, in a dict of a module."""
    candidates = [
        container(1),
        candidate("type", "app.TaskResult", bytes=40_000_000),
        candidate("type", "str", 760, bytes=-1900),
        candidate("type", "bytes", 348, bytes=-1900),
    ]
    look = looked(
        (held(1, path(*RESULTS, text="app.results"), entries={"app.TaskResult": 500}),),
        (
            type_holder("app.TaskResult", RESULT, 500),
            type_holder("bytes", path("function app.f", "attribute co_consts"), 3000),
        ),
        (
            owner("bytes", PAYLOAD, size=45_000_000, line=43),
            owner("dict", path(*RESULTS, text="app.results"), size=90_000_000, line=44),
            owner("code", path("module json", "global loads"), size=80_000_000, file=LIBRARY),
        ),
    )
    return candidates, look


def test_a_growing_dictionary_is_one_suspect_with_everything() -> None:
    (found,) = find_suspects(*results_dictionary())
    assert (found.rank, found.resource, found.state) == (1, "python", "leak")
    assert found.site is not None
    assert (found.site.file, found.site.line, found.site.function) == (APP, 43, "transcribe")
    assert found.types[0].type == "app.TaskResult"
    assert {t.type for t in found.types} == {"app.TaskResult", "str"}
    assert [(h.text, h.kind) for h in found.holders] == [("app.results[…]", "module global")]
    assert found.growth.objects == 400
    assert found.growth.bytes_per_request == pytest.approx(50_000)
    (route,) = found.routes
    assert (route.route, route.by, route.share) == (ROUTE, "regression", 1.0)
    assert route.bytes_per_request == pytest.approx(100_000)
    assert route.objects_per_request == pytest.approx(1)
    assert route.bytes_per_request_low is not None
    assert route.bytes_per_request_low < 100_000
    assert found.reason == f"grew in 8 of 8 windows, 97.7 KiB per request of {ROUTE}"
    assert "app.results only grows" in found.advice


def test_bytes_of_types_that_others_own_are_not_said_to_be_theirs() -> None:
    (found,) = find_suspects(*results_dictionary())
    assert {t.type: t.bytes for t in found.types}["str"] is None


def test_nothing_that_grows_is_nobody() -> None:
    assert find_suspects([], None) == ()
    assert find_suspects([], looked()) == ()


def test_without_a_look_the_container_and_its_lines_are_still_one_suspect() -> None:
    candidates, _ = results_dictionary()
    site = candidate("site", f"{APP}:43 transcribe", None, bytes=39_000_000, samples=60)
    (found,) = find_suspects([*candidates, site], None)
    assert found.holders == ()
    assert found.types[0].type == "app.TaskResult"
    assert found.advice


def test_a_fingerprint_outlives_a_restart() -> None:
    candidates, look = results_dictionary()
    (before,) = find_suspects(candidates, look)
    moved = [replace(c, address=99) if c.address else c for c in candidates]
    elsewhere = replace(look, containers=(replace(look.containers[0], address=99, length=7),))
    (after,) = find_suspects(moved, elsewhere)
    assert after.fingerprint == before.fingerprint


def test_a_chain_of_tracebacks_is_found_by_its_types() -> None:
    root = ("module app", "global UNREADABLE", "attribute __traceback__")
    ways = [
        type_holder("app.Upload", path(*root, *("attribute tb_next",) * n, "local upload"), 1)
        for n in range(1, 20)
    ]
    rest = type_holder("app.Upload", None, 380)
    deep = path(
        *root,
        *("attribute tb_next",) * 90,
        "attribute tb_frame",
        "local upload",
        "attribute content",
    )
    candidates = [
        candidate("type", "app.Upload", bytes=8_000_000),
        candidate("type", "traceback", 800, bytes=45_000),
        candidate("type", "frame", 1600, bytes=320_000),
    ]
    (found,) = find_suspects(
        candidates, looked(types=(rest, *ways), owners=(owner("bytes", deep),))
    )
    assert found.holders[0].kind == "exception traceback"
    assert {t.type for t in found.types} == {"app.Upload", "traceback", "frame"}
    assert found.site is not None
    assert found.site.line == 40
    assert found.growth.bytes_per_request == pytest.approx(8_365_000 / REQUESTS)
    assert "traceback" in found.advice


def test_a_reference_count_leak_is_called_so_with_its_line() -> None:
    itself = path("held by C code", "reference", text="<C code>→")
    candidates = [
        candidate("c_held", "app.Image", bytes=4_000_000),
        candidate("type", "app.Image", bytes=4_000_000),
        candidate("c_held", "dict", 400),
    ]
    look = looked(
        types=(type_holder("app.Image", itself, 400, "c_held"),),
        owners=(owner("bytes", path(*itself.steps, "attribute pixels")),),
    )
    (found,) = find_suspects(candidates, look)
    assert found.holders[0].kind == "C code"
    assert "reference-count leak of a C extension" in found.advice
    assert "transcribe" in found.advice
    assert found.site is not None
    assert found.growth.bytes_per_request == pytest.approx(5000)


def test_cycles_that_the_collector_does_not_get_are_one_suspect() -> None:
    candidates = [
        candidate("garbage", "dict", 4000, bytes=1_000_000),
        candidate("garbage", "app.Element", 2000, bytes=8_000_000),
        candidate("site", f"{APP}:40 parse", None, bytes=8_000_000, samples=100),
    ]
    look = looked(owners=(owner("app.Element", None), owner("bytes", None, line=41)))
    (found,) = find_suspects(candidates, look)
    assert found.types[0].type == "app.Element"
    assert found.growth.objects == 2000
    (holder,) = found.holders
    assert (holder.text, holder.kind) == ("cycles of app.Element", "uncollected cycle")
    assert "gc.disable" in found.advice
    assert found.site is not None
    assert found.site.line == 40


RENDER = ("module app", "global render (at most 256)", "cached result")
RECENT = ("module app", "global recent (at most 500)")


@pytest.mark.parametrize("steps", [RENDER, RECENT])
def test_what_fills_up_to_its_bound_is_no_leak(steps: tuple[str, ...]) -> None:
    (found,) = find_suspects([container(1)], looked((held(1, path(*steps)),)))
    assert found.state == "suspect"
    assert found.confidence < 0.5
    assert f"below its bound of {256 if steps is RENDER else 500}" in found.reason
    assert "at most" in found.advice


def test_what_grows_in_an_entry_of_something_bounded_is() -> None:
    inner = path(*RECENT, "deque item", "attribute lines")
    (found,) = find_suspects([container(1)], looked((held(1, inner),)))
    assert found.state == "leak"
    assert "at most" not in found.advice


LINKS = candidate("type", "functools._lru_list_elem", 396)
CACHED = path(*RENDER, "dict value", text="app.render(…)[…]")


@pytest.mark.parametrize("name", ["int", "app.Thumbnail"])
def test_objects_of_a_bounded_cache_are_no_leak(name: str) -> None:
    look = looked(types=(type_holder(name, CACHED),))
    (found,) = find_suspects([candidate("type", name)], look)
    assert (found.state, found.resource) == ("suspect", "python")


@pytest.mark.parametrize(("bounded", "state"), [(True, "suspect"), (False, "leak")])
def test_of_objects_that_become_larger_the_large_one_counts(bounded: bool, state: str) -> None:
    way = path("module app", "global cache", "attribute data" + " (at most 500)" * bounded)
    small = [
        type_holder("collections.OrderedDict", path("module lib", f"global g{n}"), 1, each=300)
        for n in (1, 2)
    ]
    large = type_holder("collections.OrderedDict", way, 1, each=700_000)
    larger = candidate("type", "collections.OrderedDict", None, bytes=140_000)
    (found, *_) = find_suspects([larger], looked(types=(large, *small)))
    assert found.state == state


def test_numbers_that_nobody_looked_at_are_known_by_the_links_of_their_cache() -> None:
    (found, *_) = find_suspects([LINKS, candidate("type", "int")], None)
    assert found.state == "suspect"


def test_links_of_some_other_cache_do_not_excuse_a_leak() -> None:
    way = path("module app", "global last", "attribute previous")
    look = looked(types=(type_holder("app.Job", way), type_holder(LINKS.name, CACHED)))
    for links in (LINKS, replace(LINKS, objects=40)):
        (found, *_) = find_suspects([candidate("type", "app.Job"), links], look)
        assert found.state == "leak"


def test_links_do_not_excuse_threads_that_leak() -> None:
    threads = candidate("group", "app.work", resource="threads")
    (found,) = find_suspects([candidate("type", "int"), LINKS, threads], None)
    assert (found.state, found.resource) == ("leak", "threads")


def test_an_unbounded_cache_is() -> None:
    cache = path(
        "class app.Document", "class attribute words", "cached result", text="app.D.words(…)"
    )
    (found,) = find_suspects([container(1)], looked((held(1, cache, entries={"int": 100}),)))
    assert (found.state, found.holders[0].kind) == ("leak", "lru_cache")
    assert "maxsize" in found.advice


MODULES = Benign("imports", "once", "importlib", types=("module",), holders=("linecache.*",))


@pytest.mark.parametrize(
    ("ended", "grown", "shown"), [(True, 7, False), (False, 5, False), (False, 7, True)]
)
def test_known_growth_that_ends_is_explained_and_what_repeats_never(
    ended: bool, grown: int, shown: bool
) -> None:
    lines = path("module linecache", "global cache", text="linecache.cache")
    grows = container(1, ended=ended, grown=grown, state="suspect")
    found = find_suspects([grows], looked((held(1, lines),)), benign=[MODULES])
    assert bool(found) is shown


def test_other_growth_that_ends_is_shown_as_a_suspicion() -> None:
    grows = container(1, ended=True, state="suspect", confidence=0.5)
    (found,) = find_suspects([grows], looked((held(1, path(*RESULTS)),)), benign=[MODULES])
    assert found.state == "suspect"
    assert "lately more slowly" in found.reason


def test_leaks_come_before_suspicions_and_large_before_small() -> None:
    ways = {n: path("module app", f"global g{n}") for n in (1, 2, 3)}
    sizes = {1: 1_000_000, 2: 90_000_000, 3: 20_000_000}
    look = looked(
        tuple(
            held(n, ways[n], retained_bytes=sizes[n], entries={f"app.T{n}": 9}) for n in (1, 2, 3)
        )
    )
    candidates = [
        container(1, 400, rates=rates(1)),
        container(2, 300, rates=rates(0.75, INNOCENT), state="suspect"),
        container(3, 200, rates=rates(0.5, INNOCENT)),
    ]
    found = find_suspects(candidates, look)
    assert [(s.rank, s.holders[0].text, s.state) for s in found] == [
        (1, "app.g3", "leak"),
        (2, "app.g1", "leak"),
        (3, "app.g2", "suspect"),
    ]


def test_the_line_that_adds_entries_is_better_than_none() -> None:
    candidates, look = results_dictionary()
    (table,) = (row for row in look.owners if row.type == "dict")
    (found,) = find_suspects(candidates, replace(look, owners=(table,)))
    assert found.site is not None
    assert found.site.line == 44


def test_objects_that_are_known_to_end_join_nothing() -> None:
    jobs = held(1, path(*RESULTS), entries={"app.Job": 400})
    modules = candidate("type", "module", 200, grown=5, state="suspect")
    (found,) = find_suspects([container(1), modules], looked((jobs,)), benign=[MODULES])
    assert "module" not in {t.type for t in found.types}


VALIDATING = Frame(LIBRARY, 410, "validate")


@pytest.mark.parametrize(("of_library", "line"), [(80_000_000, 40), (500_000_000, 410)])
def test_a_line_of_the_application_comes_before_one_of_a_library(
    of_library: int, line: int
) -> None:
    way = path("module app", "global results", "dict value")
    reused = replace(owner("app.Row", way, size=of_library), site=VALIDATING, stack=(VALIDATING,))
    look = looked((held(1, path(*RESULTS)),), owners=(reused, owner("app.Row", way)))
    (found,) = find_suspects([container(1)], look)
    assert found.site is not None
    assert found.site.line == line
