"""The zoo must really bite, else the tests that use it prove nothing."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests import hostile
from tests.hostile import HostileError, HostileTask, alive_zoo, assert_untouched, touched


def animal(name: str) -> object:
    """The first animal whose type's own name is `name`."""
    get = type.__dict__["__name__"].__get__
    return next(each for each in hostile.zoo() if str.__str__(get(type(each))) == name)


@pytest.mark.parametrize("act", [repr, str, hash, len, bool, iter, dir, lambda o: o == 1])
def test_an_animal_bites_and_is_written_down(act: Callable[[object], object]) -> None:
    for name in ("HostileObject", "HostileDict", "HostileStr"):
        with pytest.raises(HostileError):
            act(animal(name))
        with pytest.raises(AssertionError, match=rf"was called: {name}\.__"):
            assert_untouched()


@pytest.mark.parametrize("name", ["HostileObject", "OnlyClass", "LiesToBestr"])
def test_isinstance_is_a_touch(name: str) -> None:
    with contextlib.suppress(HostileError):
        assert isinstance(animal(name), str)
    with pytest.raises(AssertionError, match=r"__(class|getattribute)__"):
        assert_untouched()


@pytest.mark.parametrize("method", hostile.SPECIAL_METHODS)
def test_there_is_an_animal_for_each_special_method(method: str) -> None:
    found = animal(f"Only{method.strip('_').title()}")
    with pytest.raises(HostileError):
        type.__dict__["__dict__"].__get__(type(found))[method](found)
    assert touched == [f"Only.{method}"]
    touched.clear()


def metaclass_animals(name: str) -> list[Any]:
    """The classes whose metaclass's own name is `name`."""
    get = type.__dict__["__name__"].__get__
    return [o for o in hostile.zoo() if issubclass(type(o), type) and get(type(o)) == name]


@pytest.mark.parametrize("attribute", ["__name__", "__module__", "__qualname__", "__mro__"])
def test_classes_bite_too(attribute: str) -> None:
    (biter,) = metaclass_animals("Meta")
    with pytest.raises(HostileError):
        getattr(biter, attribute)
    assert touched
    touched.clear()


def test_a_lying_metaclass_gives_a_name_that_is_no_string() -> None:
    lies = [(c.__name__, c.__module__, c.__qualname__) for c in metaclass_animals("MetaLie")]
    assert [lie.count(42) for lie in lies] == [1, 1, 0]
    assert lies[2] == (None, None, None)
    with pytest.raises(AssertionError, match=r"MetaLie\.__getattribute__"):
        assert_untouched()


def test_odd_names_are_there() -> None:
    names = [type.__dict__["__qualname__"].__get__(type(each)) for each in hostile.zoo()]
    odd = (hostile.IMG_NAME, hostile.LONG_NAME, hostile.UGLY_NAME, hostile.SURROGATE)
    assert all(any(str.__eq__(name, o) is True for name in names) for o in odd)
    assert any(type(name) is not str for name in names)
    assert_untouched()


def test_a_half_built_proxy_and_a_dead_one_raise_everywhere() -> None:
    acts: list[Callable[[Any], object]] = [repr, bool, iter, len, hash, lambda o: o.attribute]
    for act in acts:
        with pytest.raises((AttributeError, RecursionError)):
            act(hostile.half_built_proxy())
    for touch in (bool, lambda o: o.attribute, lambda o: isinstance(o, str)):
        with pytest.raises(ReferenceError):
            touch(hostile.dead_proxy())
    with pytest.raises(AssertionError, match="Proxy"):
        assert_untouched()


def test_keys_bite_once_they_are_keys() -> None:
    held = [each for each in hostile.zoo() if type(each) is dict and dict.__len__(each) == 3]
    key = next(iter(held[0]))
    with pytest.raises(HostileError):
        key in held[0]  # noqa: B015  # the lookup itself is the bite
    touched.clear()


def test_a_hostile_module_bites() -> None:
    with pytest.raises(HostileError):
        hostile.hostile_module().__name__  # noqa: B018  # the access itself is the bite
    touched.clear()


def test_leaving_the_zoo_fails_if_an_animal_was_touched() -> None:
    with pytest.raises(AssertionError, match=r"called: Liar\.__len__"), alive_zoo():
        len(animal("LiesAboutLength"))  # type: ignore[arg-type]  # it says that it has a length
    with alive_zoo() as animals:
        assert len(animals) > 80
        assert all(type(each) is not None for each in animals)


def test_a_hostile_thread_bites_and_ends() -> None:
    with hostile.biting_thread() as thread:
        for act in (repr, hash, lambda t: t.name, lambda t: t.daemon, lambda t: t.native_id):
            with pytest.raises(HostileError):
                act(thread)
        with pytest.raises(HostileError):
            threading.enumerate()[-1].is_alive()
    assert not thread.is_alive()
    touched.clear()


def test_a_hostile_task_bites_and_asyncio_is_well_after_it() -> None:
    async def main() -> None:
        task = HostileTask(asyncio.sleep(60), loop=asyncio.get_running_loop())
        await asyncio.sleep(0)
        with hostile.biting_tasks():
            for act in (repr, hash, lambda t: t.get_name(), lambda t: t.get_coro()):
                with pytest.raises(HostileError):
                    act(task)
            with pytest.raises(HostileError):
                asyncio.all_tasks()
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(main())
    touched.clear()
