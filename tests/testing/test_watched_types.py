"""Types by class and by name, with those that inherit from them."""

import gc
import io
import sys
from types import ModuleType

import pytest

from leakprobe.errors import UnknownName
from leakprobe.testing import MemoryProfiler
from leakprobe.testing.arguments import BadArgument
from leakprobe.testing.watched_types import WatchedType, each_once
from tests.hostile import alive_zoo


class Base:
    class Nested:
        pass


class Child(Base):
    pass


class Grandchild(Child):
    pass


def test_a_class_stands_for_its_subclasses_too() -> None:
    assert WatchedType(Base).classes() == [Base, Child, Grandchild]


def test_a_class_that_comes_later_is_among_them() -> None:
    watched = WatchedType(Grandchild)
    assert watched.classes() == [Grandchild]
    later = type("Later", (Grandchild,), {})
    assert watched.classes() == [Grandchild, later]
    del later
    gc.unfreeze()
    gc.collect()
    assert watched.classes() == [Grandchild]


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("io.BytesIO", io.BytesIO),
        ("_io.BytesIO", io.BytesIO),
        ("BytesIO", io.BytesIO),
        (f"{__name__}.Child", Child),
        (f"{__name__}.Base.Nested", Base.Nested),
        ("Base.Nested", Base.Nested),
        (" io.BytesIO ", io.BytesIO),
    ],
)
def test_a_name_finds_its_class(name: str, cls: type) -> None:
    watched = WatchedType(name)
    watched.see_that_it_exists()
    assert cls in watched.classes()


def test_a_class_may_be_imported_later(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = WatchedType("module_of_tomorrow.Order")
    assert watched.classes() == []
    module = ModuleType("module_of_tomorrow")
    order = type("Order", (), {"__module__": "elsewhere"})
    vars(module)["Order"] = order
    monkeypatch.setitem(sys.modules, "module_of_tomorrow", module)
    watched.see_that_it_exists()
    assert watched.classes() == [order]


def test_a_class_that_is_gone_has_no_classes() -> None:
    watched = WatchedType(type("Shortlived", (), {}))
    gc.collect()
    assert watched.classes() == []
    watched.see_that_it_exists()


@pytest.mark.parametrize(
    "name", ["module_of_tomorrow.Order", "collections.of_tomorrow.Order", "Order9"]
)
def test_a_class_that_may_still_come_is_none_yet(name: str) -> None:
    watched = WatchedType(name)
    assert watched.classes() == []
    with pytest.raises(UnknownName, match=f"no type '{name}'"):
        watched.see_that_it_exists()


@pytest.mark.parametrize("name", ["io.BytesOI", "io.open", "collections.abc.Sequenze"])
def test_a_loaded_module_without_such_a_class_is_refused_at_once(name: str) -> None:
    with pytest.raises(UnknownName, match=f"no type '{name}'"):
        WatchedType(name)


def test_the_refusal_names_what_comes_nearest() -> None:
    with pytest.raises(UnknownName, match=r"no type 'io.BytesOI'; nearest: io.BytesIO"):
        WatchedType("io.BytesOI")
    with pytest.raises(UnknownName, match=r"no type 'BytesOI'; nearest: BytesIO"):
        WatchedType("BytesOI").see_that_it_exists()


@pytest.mark.parametrize("wanted", [3, None, "", "  ", [int], list[int]])
def test_what_is_neither_class_nor_name_is_refused(wanted: object) -> None:
    with pytest.raises(BadArgument, match="must be a class, or the name of one"):
        WatchedType(wanted)


def test_several_types_are_one_list_without_doubles_and_without_ours() -> None:
    assert each_once([WatchedType(Child), WatchedType(Base)]) == [Child, Grandchild, Base]
    assert all(cls is not MemoryProfiler for cls in each_once([WatchedType(object)]))


def test_hostile_classes_are_not_touched() -> None:
    with alive_zoo():
        WatchedType(object).classes()
        WatchedType("BytesIO").classes()
        WatchedType("NoSuchTypeAnywhere").classes()
