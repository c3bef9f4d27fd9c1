"""The hostile zoo: objects of an application that bite whoever touches them.

A collector may ask for `type(o)` and use C-level descriptors of builtin types; every
other way to an object runs the application's code, which may raise, lie, block or
change what is being looked at. Each animal here writes into `touched` before it bites,
so a test proves that it was left alone, even where an `except` swallowed the bite.

    with alive_zoo() as animals:   # animals are alive, in memory and in containers
        collect()
    # leaving the block fails if anything was touched
"""

import asyncio
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NoReturn

__all__ = [
    "HostileError",
    "HostileTask",
    "HostileThread",
    "alive_zoo",
    "assert_untouched",
    "biting_tasks",
    "biting_thread",
    "touched",
    "zoo",
]

touched: list[str] = []

IMG_NAME = "<img src=x onerror=1>"
LONG_NAME = "N" * 10_000
UGLY_NAME = "Two\nlines\r\x1b[31mred\x1b[0m\x07\u202e"
SURROGATE = "lone\ud800surrogate"

COMPARING = ("__eq__", "__ne__", "__lt__", "__hash__", "__bool__")
SHOWING = ("__repr__", "__str__", "__bytes__", "__format__", "__dir__", "__sizeof__")
COUNTING = ("__len__", "__length_hint__", "__index__", "__int__", "__float__", "__fspath__")
WALKING = ("__iter__", "__next__", "__reversed__", "__contains__", "__getitem__", "__missing__")
COPYING = ("__reduce__", "__reduce_ex__", "__copy__", "__deepcopy__")
CALLING = ("__call__", "__await__", "__aiter__", "__anext__", "__enter__", "__get__")
READING = ("__getattr__", "__getattribute__", "__setattr__", "__delattr__")
# No __init__, __new__, __set_name__, __init_subclass__: the zoo itself must be built.
SPECIAL_METHODS = (*COMPARING, *SHOWING, *COUNTING, *WALKING, *COPYING, *CALLING, *READING)
META_METHODS = (*SPECIAL_METHODS, "__instancecheck__", "__subclasscheck__", "__subclasses__")
CONTAINER_METHODS = ("keys", "values", "items", "get", "copy", "count", "index", "encode", "split")


class HostileError(Exception):
    """What an animal raises when it is touched."""


def bite(what: str) -> NoReturn:
    """Write down that `what` was touched, and raise."""
    touched.append(what)
    raise HostileError(what)


def biter(what: str) -> Callable[..., NoReturn]:
    """A method that bites."""

    def method(*_: Any, **__: Any) -> NoReturn:
        bite(what)

    return method


def lying(what: str, answer: object) -> property:
    """A property that raises nothing, but answers with a lie."""

    def read(_: object) -> object:
        touched.append(what)
        return answer

    return property(read)


def lying_method(what: str, answer: object) -> Callable[..., object]:
    """As `lying`, as a method."""

    def method(*_: Any, **__: Any) -> object:
        touched.append(what)
        return answer

    return method


def hostile_class(
    label: str, bases: tuple[type, ...] = (), names: tuple[str, ...] = (), **more: object
) -> Any:  # Any: what is made here has no honest type
    """A class whose special methods, and those of `names`, all bite."""
    body: dict[str, object] = {n: biter(f"{label}.{n}") for n in (*SPECIAL_METHODS, *names)}
    body["__class__"] = property(biter(f"{label}.__class__"))
    return type(label, bases, {**body, **more})


def assert_untouched() -> None:
    """Fail, naming what was touched since the last time; then forget it."""
    seen, touched[:] = sorted(set(touched)), []
    if seen:
        raise AssertionError(f"code of the application was called: {', '.join(seen)}")


def zoo() -> list[object]:
    """One animal of each kind; the caller keeps them alive.

    Classes are animals too. The list, not its elements, may be touched: no `in`, no `==`.
    """
    return [
        *_biting_instances(),
        *_single_biters(),
        *_liars(),
        *_hostile_classes(),
        *_odd_names(),
        *_containers_of_biters(),
        half_built_proxy(),
        dead_proxy(),
        hostile_module(),
    ]


@contextmanager
def alive_zoo() -> Iterator[list[object]]:
    """The zoo, alive for the block; leaving it fails if an animal was touched."""
    animals = zoo()
    touched.clear()
    yield animals
    assert_untouched()
    animals.clear()


def _biting_instances() -> Iterator[object]:
    """Everything bites; also as a subclass of each builtin that collectors treat specially."""
    for base in (object, dict, list, set, frozenset, tuple, str, bytes, int, bytearray, Exception):
        label = f"Hostile{base.__name__.capitalize()}"
        yield (
            object.__new__(hostile_class(label))
            if base is object
            else base.__new__(hostile_class(label, (base,), CONTAINER_METHODS))
        )


def _single_biters() -> Iterator[object]:
    """One bite each, so that a test names the method that was called."""
    for name in SPECIAL_METHODS:
        yield type(f"Only{name.strip('_').title()}", (), {name: biter(f"Only.{name}")})()
    yield type("OnlyClass", (), {"__class__": property(biter("Only.__class__"))})()
    yield type("OnlyDict", (), {"__dict__": property(biter("Only.__dict__"))})()


def _liars() -> Iterator[object]:
    for lie in (str, dict, list, type, ModuleType, BaseException, type(None)):
        label = f"LiesToBe{lie.__name__}"
        yield type(label, (), {"__class__": lying(f"{label}.__class__", lie)})()
    yield type("LiesAboutLength", (), {"__len__": lying_method("Liar.__len__", 10**9)})()
    yield type("EqualToAll", (), {"__eq__": lying_method("Liar.__eq__", answer=True)})()


def _hostile_classes() -> Iterator[object]:
    """Classes that bite, and an instance of each."""
    everything: dict[str, object] = {name: biter(f"Meta.{name}") for name in META_METHODS}
    for attribute in ("__name__", "__module__", "__class__", "__dict__", "__doc__", "__bases__"):
        everything[attribute] = property(biter(f"Meta.{attribute}"))
    lies: list[dict[str, object]] = [
        {"__name__": lying("MetaLie.__name__", 42)},
        {"__module__": lying("MetaLie.__module__", 42)},
        # Python takes a __qualname__ in a class body for the class's own.
        {"__getattribute__": lying_method("MetaLie.__getattribute__", None)},
    ]
    metas = [type("Meta", (type,), everything), *(type("MetaLie", (type,), lie) for lie in lies)]
    for meta in metas:
        made: Any = type.__new__(meta, "OfHostileMeta", (), {})  # Any: mypy sees a plain type
        yield made
        yield object.__new__(made)


def _odd_names() -> Iterator[object]:
    """Types whose names would break a page, a terminal, a log line or an encoder."""
    text = str.__new__(hostile_class("NameString", (str,), CONTAINER_METHODS), "hostile_string")
    for name in (IMG_NAME, LONG_NAME, UGLY_NAME, text):
        yield type(name, (), {})()
    # A type's __name__ must encode as UTF-8; its __qualname__ and __module__ need not.
    for qualname in (SURROGATE, IMG_NAME, LONG_NAME, UGLY_NAME, text):
        yield type("Q", (), {"__qualname__": qualname})()
    modules = (SURROGATE, IMG_NAME, LONG_NAME, UGLY_NAME, text, 42, None, property(biter("module")))
    for module in modules:
        yield type("M", (), {"__module__": module})()


def _containers_of_biters() -> Iterator[object]:
    """Plain containers that hold animals, as keys and members too."""
    containers: tuple[dict[object, object], set[object]] = ({}, set())
    for container in containers:
        made = type("HostileKey", (), {})
        keys = [made() for _ in range(3)]
        if isinstance(container, dict):
            container.update(dict.fromkeys(keys, keys))
        else:
            container.update(keys)
        # Only now: to become a key, an object has to be hashed once.
        for name in ("__hash__", "__eq__", "__repr__"):
            setattr(made, name, biter(f"HostileKey.{name}"))
        yield container
    yield [object.__new__(hostile_class("HostileItem"))]
    yield {"self": object.__new__(hostile_class("HostileValue"))}


def half_built_proxy() -> object:
    """A wrapper around nothing, as `object.__new__` leaves it: every attribute goes astray."""

    def wrapped(proxy: object) -> Any:
        touched.append("Proxy.__wrapped__")
        return slot.__get__(proxy)

    body: dict[str, object] = {
        "__slots__": ("_target",),
        "__wrapped__": property(wrapped),
        "__class__": property(lambda self: wrapped(self).__class__),
        "__getattr__": lambda self, name: getattr(wrapped(self), name),
        "__repr__": lambda self: repr(wrapped(self)),
        "__hash__": lambda self: hash(wrapped(self)),
        "__eq__": lambda self, other: wrapped(self) == other,
        "__bool__": lambda self: bool(wrapped(self)),
        "__len__": lambda self: len(wrapped(self)),
        "__iter__": lambda self: iter(wrapped(self)),
    }
    made: Any = type("HalfBuiltProxy", (), body)  # Any: a class made by hand
    slot = made._target
    return object.__new__(made)


def dead_proxy() -> object:
    """A weakref proxy whose object is gone. It cannot write into `touched`, but it raises."""
    mortal = type("Mortal", (), {})()
    return weakref.proxy(mortal)


def hostile_module(name: str = "hostile_module") -> ModuleType:
    """A module of a subclass that bites; a test may put it into `sys.modules`."""
    names = ("__dir__", "__repr__", "__getattr__", "__getattribute__", "__eq__", "__hash__")
    body: dict[str, object] = {n: biter(f"HostileModule.{n}") for n in names}
    body["__class__"] = property(biter("HostileModule.__class__"))
    made: Any = type("HostileModule", (ModuleType,), body)  # Any: a class made by hand
    module: ModuleType = made(name)
    return module


class HostileThread(threading.Thread):
    """A thread that bites once `biting_thread` has started it."""

    BITING = ("name", "daemon", "ident", "native_id")
    BITING_METHODS = ("getName", "isDaemon", "is_alive", "__repr__", "__eq__", "__hash__")


class HostileTask(asyncio.Task[Any]):
    """A task that bites while inside `biting_tasks`; outside, asyncio itself must hash it."""

    BITING_METHODS = (
        *("get_name", "get_coro", "get_stack", "get_context", "get_loop", "done", "cancelled"),
        *("__repr__", "__eq__", "__hash__", "__await__", "__iter__", "__getattribute__"),
    )


@contextmanager
def _biting(cls: type, methods: tuple[str, ...], properties: tuple[str, ...]) -> Iterator[None]:
    for name in methods:
        setattr(cls, name, biter(f"{cls.__name__}.{name}"))
    for name in properties:
        setattr(cls, name, property(biter(f"{cls.__name__}.{name}")))
    try:
        yield
    finally:
        for name in (*methods, *properties):
            delattr(cls, name)


@contextmanager
def biting_thread() -> Iterator[HostileThread]:
    """A running hostile thread, named by a hostile string; it ends with the block."""
    stop = threading.Event()
    thread = HostileThread(target=stop.wait, daemon=True)
    string = hostile_class("ThreadName", (str,), CONTAINER_METHODS)
    thread.start()
    thread.__dict__["_name"] = str.__new__(string, "hostile")
    touched.clear()
    try:
        with _biting(HostileThread, HostileThread.BITING_METHODS, HostileThread.BITING):
            yield thread
    finally:
        stop.set()
        thread.join()


@contextmanager
def biting_tasks() -> Iterator[None]:
    """Every `HostileTask` of the process bites inside the block.

    Make them before, as `HostileTask(coroutine, loop=loop)`: asyncio hashes a task when it
    is made. None may end inside the block, and nothing may call `asyncio.all_tasks`.
    """
    touched.clear()
    with _biting(HostileTask, HostileTask.BITING_METHODS, ()):
        yield
