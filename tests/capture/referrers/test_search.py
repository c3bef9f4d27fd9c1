"""Planted holders: each test keeps an object alive in one known way.

All are searched for in the running process and in a copy of it; both say the same.
"""

import functools
import gc
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType

import pytest

from leakprobe.capture.referrers.search import find_referrers
from leakprobe.errors import NotEnoughMemory, UnknownName
from leakprobe.model import HolderPath, ReferrerGraph
from tests.hostile import alive_zoo, hostile_module
from tests.native import needs_heap_walk

Find = Callable[..., ReferrerGraph]


class Leaked:
    pass


class Holder:
    def __init__(self, result: object) -> None:
        self.result = result


class Slotted:
    __slots__ = ("payload",)

    def __init__(self, payload: object) -> None:
        self.payload = payload


APP = ModuleType("planted_app")


@pytest.fixture(autouse=True)
def app() -> Iterator[ModuleType]:
    """A module that is loaded for the test and forgotten after it."""
    sys.modules["planted_app"] = APP
    yield APP
    del sys.modules["planted_app"]
    for name in [n for n in vars(APP) if not n.startswith("__")]:
        delattr(APP, name)
    gc.collect()  # classes are cycles, and hold what hangs on them until then


@pytest.fixture(params=["python", pytest.param("native", marks=needs_heap_walk)])
def core(request: pytest.FixtureRequest) -> str:
    """Who searches."""
    return str(request.param)


@pytest.fixture
def find(core: str) -> Find:
    """Both implementations, one after the other."""
    if core == "python":
        return find_referrers
    from leakprobe.capture.referrers import forked

    return forked.find_referrers


@pytest.fixture
def search(find: Find) -> Find:
    """The search for what keeps the planted objects."""
    return partial(find, f"{__name__}.Leaked")


def best(graph: ReferrerGraph) -> HolderPath:
    return graph.paths[0]


def test_a_global_dict_is_named(search: Find) -> None:
    APP.results = {f"key{i}": Holder([Leaked()]) for i in range(5)}  # type: ignore[attr-defined]
    graph = search()
    assert (graph.objects, graph.sampled, graph.truncated) == (5, 3, None)
    path = best(graph)
    assert path.text == "planted_app.results[…].result[…]"
    assert path.steps == (
        "module planted_app",
        "global results",
        "dict value",
        "attribute result",
        "list item",
    )
    assert path.objects == 3


def test_alike_objects_are_drawn_as_one_node(search: Find) -> None:
    APP.results = {f"key{i}": Holder(Leaked()) for i in range(5)}  # type: ignore[attr-defined]
    graph = search()
    shown = {(n.kind, n.type.rpartition(".")[2], n.objects, n.root) for n in graph.nodes}
    assert shown == {
        ("target", "Leaked", 3, False),
        ("object", "Holder", 3, False),
        ("object", "dict", 1, False),
        ("module", "module", 1, True),
    }
    assert {e.label for e in graph.edges} == {"results", "[…]", "result"}
    assert next(n.label for n in graph.nodes if n.type == "dict") == "5 items"


def test_a_class_attribute_is_named(search: Find) -> None:
    class Registry:
        kept = [Leaked()]  # noqa: RUF012  # it is the leak

    APP.Registry = Registry  # type: ignore[attr-defined]
    path = best(search())
    assert path.text.endswith("Registry.kept[…]")
    assert path.steps[0].startswith("class ")


def test_a_closure_is_named(search: Find) -> None:
    def make() -> object:
        hidden = Leaked()
        return lambda: hidden

    APP.handler = make()  # type: ignore[attr-defined]
    path = best(search())
    assert path.text == "planted_app.handler.__closure__[hidden]"
    assert path.steps[-1] == "closure variable hidden"


def test_defaults_are_named(search: Find) -> None:
    exec("def first(x=[]): ...\ndef second(*, y=[]): ...", vars(APP))
    vars(APP)["first"].__defaults__[0].append(Leaked())
    vars(APP)["second"].__kwdefaults__["y"].append(Leaked())
    steps = {path.text: path.steps for path in search().paths}
    assert steps.keys() == {
        "planted_app.first.__defaults__[…][…]",
        "planted_app.second.__defaults__[…][…]",
    }
    assert {found[-2:] for found in steps.values()} == {("default argument", "list item")}


def test_a_cached_result_is_named(search: Find) -> None:
    @functools.lru_cache
    def compute(key: str) -> Leaked:
        return Leaked()

    compute("secret")
    APP.compute = compute  # type: ignore[attr-defined]
    assert best(search()).text == "planted_app.compute(…)"


def test_a_thread_local_is_named(search: Find) -> None:
    APP.local = threading.local()  # type: ignore[attr-defined]
    APP.local.kept = Leaked()
    assert best(search()).text == "planted_app.local.kept"


def test_slots_bound_methods_partials_and_sets_are_named(search: Find) -> None:
    APP.slotted = Slotted(Leaked())  # type: ignore[attr-defined]
    APP.part = functools.partial(print, Leaked())  # type: ignore[attr-defined]
    APP.some = {Leaked()}  # type: ignore[attr-defined]
    APP.queue = deque([Leaked()])  # type: ignore[attr-defined]
    APP.keyed = {Leaked(): 1}  # type: ignore[attr-defined]
    paths = {path.text: path for path in search(limit=5).paths}
    assert paths.keys() == {
        "planted_app.slotted.payload",
        "planted_app.part.args[…]",
        "planted_app.some{…}",
        "planted_app.queue[…]",
        "planted_app.keyed.keys()[…]",
    }
    assert paths["planted_app.queue[…]"].steps[-1] == "deque item"


def suspended() -> Generator[None]:
    variable = Leaked()
    yield
    del variable


def test_a_suspended_generator_is_named(search: Find) -> None:
    APP.running = [suspended()]  # type: ignore[attr-defined]
    next(APP.running[0])
    assert best(search()).text == "planted_app.running[…].variable"


def test_a_suspended_coroutine_is_named(search: Find) -> None:
    class Stop:
        def __await__(self) -> Generator[None]:
            yield

    async def handler() -> None:
        variable = Leaked()
        await Stop()
        del variable

    APP.running = handler()  # type: ignore[attr-defined]
    APP.running.send(None)
    assert best(search()).text == "planted_app.running.variable"
    APP.running.close()


@contextmanager
def thread_that_holds() -> Iterator[None]:
    ready, done = threading.Event(), threading.Event()

    def work() -> None:
        variable = [Leaked()]
        ready.set()
        done.wait()
        del variable

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_a_variable_of_a_running_frame_is_named(search: Find) -> None:
    with thread_that_holds():
        graph = search()
    assert best(graph).steps[1:] == ("local variable", "list item")
    assert "work at test_search.py:" in best(graph).text
    assert {n.kind for n in graph.nodes if n.root} == {"frame"}


def test_a_lasting_holder_comes_before_a_frame(search: Find) -> None:
    APP.chain = [[[Leaked()]]]  # type: ignore[attr-defined]

    def frame(passing: object) -> ReferrerGraph:
        return search()

    graph = frame(APP.chain[0][0][0])
    assert [p.text.partition(" ")[0] for p in graph.paths] == [
        "planted_app.chain[…][…][…]",
        "<test_a_lasting_holder_comes_before_a_frame.<locals>.frame",
    ]


def test_untracked_objects_are_found() -> None:
    planted = b"planted" * 1000
    APP.buffers = {"secret": planted}  # type: ignore[attr-defined]
    assert not gc.is_tracked(APP.buffers)
    universe: list[object] = [vars(APP)]
    del planted
    graph = find_referrers("bytes", list_objects=lambda: universe)
    assert graph.objects == 1
    assert best(graph).text == "planted_app.buffers[…]"


def test_a_string_that_is_a_key_is_found(find: Find) -> None:
    text = type("Key", (str,), {"__module__": "planted", "__slots__": ()})
    APP.table = {text("key"): 1}  # type: ignore[attr-defined]
    assert best(find("planted.Key")).text == "planted_app.table.keys()[…]"


def test_a_cycle_without_a_root_says_so(search: Find) -> None:
    gc.disable()
    try:
        cycle = Leaked()
        cycle.me = cycle  # type: ignore[attr-defined]
        del cycle
        graph = search()
    finally:
        gc.enable()
    assert graph.truncated is not None
    assert "no root found" in graph.truncated
    assert "garbage" in graph.truncated
    assert graph.paths == ()
    assert [e.label for e in graph.edges] == ["me"]
    gc.collect()


def test_a_chain_deeper_than_the_search_says_so(search: Find) -> None:
    chain: object = Leaked()
    for _ in range(10):
        chain = [chain]
    APP.chain = chain  # type: ignore[attr-defined]
    del chain
    graph = search(depth=5)
    assert graph.truncated == "no root found within depth 5"
    assert len(graph.nodes) == 6
    assert search(depth=12).paths[0].text == "planted_app.chain" + "[…]" * 10


def test_many_holders_are_cut_and_said(search: Find) -> None:
    shared = Leaked()
    APP.holders = [[shared] for _ in range(100)]  # type: ignore[attr-defined]
    del shared
    graph = search()
    assert graph.truncated is not None
    assert "from step 1 on" in graph.truncated
    assert best(graph).text == "planted_app.holders[…][…]"
    assert len(graph.nodes) == 4


def test_a_large_container_is_searched(search: Find) -> None:
    APP.table = dict.fromkeys(range(50_000))  # type: ignore[attr-defined]
    APP.table[49_999] = Leaked()
    assert best(search()).text == "planted_app.table[…]"


def test_weak_references_hold_nothing(search: Find) -> None:
    kept = Leaked()
    APP.weak = weakref.WeakValueDictionary({"a": kept})  # type: ignore[attr-defined]
    assert [p.steps[0].partition(" ")[0] for p in search().paths] == ["frame"]


def test_a_bare_class_name_is_enough_where_it_is_unambiguous(find: Find) -> None:
    APP.kept = type("OnlyOne", (), {"__module__": "planted"})()  # type: ignore[attr-defined]
    assert find("OnlyOne").type == "planted.OnlyOne"
    APP.other = type("OnlyOne", (), {"__module__": "elsewhere"})()  # type: ignore[attr-defined]
    with pytest.raises(UnknownName, match=r"planted\.OnlyOne"):
        find("OnlyOne")


def test_an_unknown_type_is_refused_with_the_nearest(find: Find) -> None:
    APP.kept = Leaked()  # type: ignore[attr-defined]
    with pytest.raises(UnknownName, match=r"test_search\.Leaked"):
        find(f"{__name__}.Leakt")


def test_too_little_memory_is_refused(search: Find) -> None:
    with pytest.raises(NotEnoughMemory):
        search(available_bytes=1)


def test_our_own_tables_hold_nothing(search: Find) -> None:
    APP.kept = [Leaked()]  # type: ignore[attr-defined]
    own = [APP.kept[0]]
    APP.agent = own  # type: ignore[attr-defined]
    graph = search(own=[own])
    assert [p.text for p in graph.paths] == ["planted_app.kept[…]"]


def test_nothing_outlives_the_search(search: Find) -> None:
    gc.disable()
    try:
        target = Leaked()
        gone = weakref.ref(target)
        APP.kept = {"a": Holder(target)}  # type: ignore[attr-defined]
        with thread_that_holds():
            search(limit=10)
        APP.kept.clear()
        del target
        assert gone() is None
    finally:
        gc.enable()


def test_hostile_objects_are_searched_and_left_alone(find: Find) -> None:
    sys.modules["hostile_module"] = hostile_module()
    try:
        with alive_zoo() as animals:
            name = type.__dict__["__name__"].__get__(type(animals[0]))
            APP.animals = [animals[0]]  # type: ignore[attr-defined]
            graph = find(f"tests.hostile.{name}", depth=6)
            everything = find("type", limit=500, reveal=True, depth=2)
    finally:
        del sys.modules["hostile_module"]
    assert any(p.text == "planted_app.animals[…]" for p in graph.paths)
    assert everything.sampled == 500
