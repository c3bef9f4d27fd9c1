"""What each kind of holder calls what it holds, and what stays hidden."""

import ctypes
import functools
import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from types import ModuleType

import pytest

from leakprobe.capture.heap.layout import Role, Why
from tests.capture.native.planting import (
    START,
    Link,
    Slotted,
    Target,
    ask,
    path_to,
    planted,
    word,
    words,
)
from tests.native import needs_heap_walk

pytestmark = needs_heap_walk

LONG = 200


class Instance:
    def __init__(self, held: object) -> None:
        self.attribute = held

    def method(self) -> None:
        pass


class SlottedBelow(Slotted):
    __slots__ = ("more",)


class Dict(dict[object, object]):
    pass


@pytest.fixture(autouse=True)
def module() -> Iterator[ModuleType]:
    with planted() as made:
        yield made


def way(module: ModuleType, holder: object, address: int, *, reveal: bool = False) -> str:
    """The way from the global variable `held` of the module on."""
    module.__dict__["held"] = holder
    start, _, rest = words(path_to(ask(address, reveal=reveal), address)).partition(
        " > global held"
    )
    assert start == START
    return rest.removeprefix(" > ")


# --- ways of holding ---


def by_closure(held: object) -> object:
    return lambda: held


def by_generator(held: object) -> object:
    def running() -> Generator[None]:
        local = held
        yield
        del local

    made = running()
    next(made)
    return made


def by_coroutine(held: object) -> object:
    class Pause:
        def __await__(self) -> Generator[None]:
            yield

    async def running(parameter: object) -> None:
        await Pause()
        del parameter

    made = running(held)
    made.send(None)
    return made


def by_async_generator(held: object) -> object:
    async def running() -> AsyncIterator[None]:
        local = held
        yield
        del local

    made = running()
    with pytest.raises(StopIteration):
        made.__anext__().__await__().__next__()
    return made


def by_frame_of_traceback(held: object) -> object:
    def fail(argument: object) -> None:
        raise ValueError

    caught: list[ValueError] = []
    once = [held]
    del held
    try:
        fail(once.pop())
    except ValueError as error:
        caught.append(error)
    return caught.pop()


def by_class(held: object) -> object:
    return type("Planted", (), {"variable": held})


def by_default(held: object) -> object:
    def function(one: object = held, *, two: object = None) -> None:
        pass

    return function


def by_keyword_default(held: object) -> object:
    def function(*, two: object = held) -> None:
        pass

    return function


def by_function_attribute(held: object) -> object:
    def function() -> None:
        pass

    function.variable = held  # type: ignore[attr-defined]  # the attribute is the point
    return function


def by_cached_result(held: object) -> object:
    @functools.lru_cache(maxsize=4)
    def function(key: int) -> object:
        return held

    function(1)
    return function


def by_thread_local(held: object) -> object:
    local = threading.local()
    local.variable = held
    return local


def by_namespace(held: object) -> object:
    made = Instance(None)
    made.__dict__ = {"in_dict": held}
    return made


def by_subclass_of_dict(held: object) -> object:
    made = Dict()
    made.variable = held  # type: ignore[attr-defined]  # the attribute is the point
    return made


WAYS: list[tuple[str, Callable[[object], object], str, str]] = [
    ("itself", lambda o: o, "", ""),
    ("list", lambda o: [0, o], "list_item", "list_item #1"),
    ("tuple", lambda o: (0, o), "tuple_item", "tuple_item #1"),
    ("set", lambda o: {o}, "set_item", "set_item"),
    ("frozenset", lambda o: frozenset([o]), "set_item", "set_item"),
    ("deque", lambda o: deque([o]), "deque_item", "deque_item"),
    ("dict value", lambda o: {"a b": o}, "dict_value", "dict_value 'a b'"),
    ("dict of names", lambda o: {"name": o}, "dict_value", "dict_value 'name'"),
    ("int key", lambda o: {-(10**20): o}, "dict_value", "dict_value -100000000000000000000"),
    ("other key", lambda o: {(1, 2): o}, "dict_value", "dict_value"),
    ("dict key", lambda o: {o: 1}, "dict_key", "dict_key"),
    ("ordered dict", lambda o: OrderedDict(k=o), "dict_value", "dict_value 'k'"),
    ("default dict", lambda o: defaultdict(int, k=o), "dict_value", "dict_value 'k'"),
    ("subclass of dict", lambda o: Dict(k=o), "dict_value", "dict_value 'k'"),
    ("its attribute", by_subclass_of_dict, "namespace > attribute variable", ""),
    ("attribute", Instance, "attribute attribute", ""),
    ("namespace", by_namespace, "namespace > attribute in_dict", ""),
    ("slot", Slotted, "attribute right", ""),
    ("inherited slot", SlottedBelow, "attribute right", ""),
    ("class", by_class, "class_namespace > class_attribute variable", ""),
    ("closure", by_closure, "closure > cell held > cell_contents", ""),
    ("default", by_default, "defaults > tuple_item", "defaults > tuple_item #0"),
    ("keyword default", by_keyword_default, "defaults > dict_value", "defaults > dict_value 'two'"),
    ("function attribute", by_function_attribute, "namespace > attribute variable", ""),
    ("generator", by_generator, "local local", ""),
    ("coroutine", by_coroutine, "local parameter", ""),
    ("async generator", by_async_generator, "local local", ""),
    ("cached result", by_cached_result, "cached_result", ""),
    ("thread-local", by_thread_local, "namespace > namespace > attribute variable", ""),
    (
        "partial",
        lambda o: functools.partial(print, o),
        "attribute args > tuple_item",
        "attribute args > tuple_item #0",
    ),
    (
        "frame of a traceback",
        by_frame_of_traceback,
        "attribute __traceback__ > attribute tb_next > attribute tb_frame > local argument",
        "",
    ),
]


def all_ways(module: ModuleType, *, reveal: bool) -> dict[str, str]:
    """The way of each of `WAYS`, in one walk."""
    places: dict[str, int] = {}
    for number, (name, make, *_) in enumerate(WAYS):
        target = Target()
        places[name] = id(target)
        module.__dict__[f"held{number}"] = make(target)
        del target
    result = ask(*places.values(), reveal=reveal)
    found = {}
    for number, (name, place) in enumerate(places.items()):
        start, _, rest = words(path_to(result, place)).partition(f" > global held{number}")
        assert start == START
        found[name] = rest.removeprefix(" > ")
    module.__dict__[f"held{list(places).index('coroutine')}"].close()
    return found


def test_without_reveal_only_names_in_code_are_told(module: ModuleType) -> None:
    assert all_ways(module, reveal=False) == {name: shown for name, _, shown, _ in WAYS}


def test_with_reveal_keys_and_indexes_are_told(module: ModuleType) -> None:
    assert all_ways(module, reveal=True) == {name: more or shown for name, _, shown, more in WAYS}


def test_bound_method_and_its_object(module: ModuleType) -> None:
    target = Instance(None)
    bound, address = target.method, id(target)
    del target
    assert way(module, bound, address) == "bound_self"


def test_class_of_an_object(module: ModuleType) -> None:
    made = type("Planted", (), {})()
    assert way(module, made, id(type(made))) == "class"


def test_globals_of_a_function(module: ModuleType) -> None:
    target = Target()
    space: dict[str, object] = {"__name__": "somewhere", "variable": target}
    exec("def function(): pass", space)  # a namespace that no module has
    address = id(target)
    function = space.pop("function")
    del target, space
    assert way(module, function, address) == "globals > global variable"
    result = ask(address)
    last = path_to(result, address).steps[-1]
    assert result.nodes[last.holder].title == "somewhere"


def test_a_key_that_is_no_name_is_no_name_anywhere(module: ModuleType) -> None:
    space = {key: Target() for key in ("two words", "", "1st", "a-b", "ключ!", 7)}
    holder = Instance(None)
    holder.__dict__ = space  # type: ignore[assignment]  # attributes that code cannot name
    module.__dict__["held"] = holder
    for reveal in (False, True):
        result = ask(*map(id, space.values()), reveal=reveal)
        for key, o in space.items():
            step = path_to(result, id(o)).steps[-1]
            assert step.role is Role.ATTRIBUTE
            assert step.name == (repr(key) if reveal else None)


def test_names_beyond_ascii_are_names(module: ModuleType) -> None:
    target = Target()
    holder = Instance(None)
    holder.__dict__ = {"größe": target}
    assert way(module, holder, id(target)) == "namespace > attribute größe"


# --- roots ---


def test_variables_of_a_running_frame() -> None:
    target, in_cell = Target(), Target()

    def inner() -> object:
        return in_cell

    result = ask(id(target), id(in_cell))
    path, cell = path_to(result, id(target)), path_to(result, id(in_cell))
    assert words(path) == "thread > local target"
    assert words(cell) == "thread > local in_cell > cell_contents"
    title = result.nodes[path.steps[-1].holder].title or ""
    name, _, line = title.rpartition(":")
    assert name == "test_variables_of_a_running_frame at test_labels.py"
    assert 0 < int(line) - test_variables_of_a_running_frame.__code__.co_firstlineno < 9
    assert inner() is in_cell


def test_a_variable_in_a_class_body_that_runs() -> None:
    class Running:
        target = Target()
        shown = words(path_to(ask(id(target)), id(target)))

    assert Running.shown == "thread > namespace > local target"


def test_what_c_code_holds() -> None:
    target = Target()
    address = id(target)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(target))
    del target
    assert words(path_to(ask(address), address)) == "reference > c_held"
    ctypes.pythonapi.Py_DecRef(ctypes.cast(address, ctypes.py_object))


def test_nothing_leads_to_garbage() -> None:
    target = Instance(None)
    target.attribute = target
    address = id(target)
    del target
    path = path_to(ask(address), address)
    assert path.steps == ()
    assert path.why == Why.ADDRESS


def test_of_a_long_way_the_end_is_told(module: ModuleType) -> None:
    target = Target()
    chain: object = target
    for _ in range(LONG):
        chain = Link(chain)
    module.__dict__["held"] = chain
    del chain
    address = id(target)
    del target
    path = path_to(ask(address), address)
    assert [word(step) for step in path.steps] == ["attribute below"] * 63
