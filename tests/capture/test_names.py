import collections
from types import FunctionType

import pytest

from leakprobe.capture.names import (
    HAVE_GC,
    class_namespace,
    clean_name,
    function_name,
    type_flags,
    type_mro,
    type_name,
)
from tests.hostile import alive_zoo


class Outer:
    class Inner:
        pass


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        (dict, "dict"),
        (type(None), "NoneType"),
        (collections.OrderedDict, "collections.OrderedDict"),
        (Outer.Inner, f"{__name__}.Outer.Inner"),
        (FunctionType, "function"),
        (type("Nowhere", (), {"__module__": 42}), "Nowhere"),
        (type("Bad\nname\x1b[31m", (), {"__module__": "m\ud800"}), "m?.Bad?name?[31m"),
    ],
)
def test_a_type_has_its_module_and_qualified_name(cls: type, name: str) -> None:
    assert type_name(cls) == name


def test_a_long_name_is_cut_with_an_ellipsis() -> None:
    name = type_name(type("N" * 10_000, (), {"__module__": "m" * 150}))
    assert len(name) == 200
    assert name.startswith("m" * 150 + ".NNN")
    assert name.endswith("…")


@pytest.mark.parametrize(
    ("text", "clean"),
    [("", ""), ("plain name", "plain name"), ("a\u202eb", "a?b"), ("ünï", "ünï"), ("\x00", "?")],
)
def test_what_cannot_be_printed_is_a_question_mark(text: str, clean: str) -> None:
    assert clean_name(text) == clean


def test_a_function_has_its_module_and_qualified_name() -> None:
    assert function_name(alive_zoo.__wrapped__) == "tests.hostile.alive_zoo"  # type: ignore[attr-defined]  # set by contextmanager


def test_a_function_without_a_module_has_its_name_alone() -> None:
    def orphan() -> None: ...

    orphan.__module__ = None  # type: ignore[assignment]  # on purpose
    assert function_name(orphan).endswith("<locals>.orphan")  # type: ignore[arg-type]  # a function


def test_bases_flags_and_namespace_are_read_from_the_class() -> None:
    assert type_mro(Outer.Inner) == (Outer.Inner, object)
    assert type_flags(dict) & HAVE_GC
    assert not type_flags(int) & HAVE_GC
    assert class_namespace(Outer)["Inner"] is Outer.Inner


def test_names_of_hostile_types_are_harmless_and_nothing_is_touched() -> None:
    with alive_zoo() as animals:
        names = [type_name(type(animal)) for animal in animals]
        classes = [a for a in animals if type_flags(type(a)) & 1 << 31]
        names += [type_name(cls) for cls in classes]  # type: ignore[arg-type]  # the flag says so
        for animal in animals:
            type_mro(type(animal))
            class_namespace(type(animal))
    assert len(classes) >= 4
    assert all(type(name) is str and 0 < len(name) <= 200 for name in names)
    assert all(name.isprintable() for name in names)
    "".join(names).encode()
