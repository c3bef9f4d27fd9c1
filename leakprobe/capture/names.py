"""What a class is called and what it is made of, without asking the class.

`cls.__name__`, `cls.__mro__` and the like go through the metaclass, which may be the
application's code. The descriptors of `type` itself read the same from the C struct
(CPython, Objects/typeobject.c: type_getset and type_members).
"""

from collections.abc import Callable
from types import FunctionType, MappingProxyType
from typing import cast

__all__ = [
    "HAVE_GC",
    "HEAP_TYPE",
    "TYPE_SUBCLASS",
    "class_namespace",
    "clean_name",
    "function_name",
    "type_flags",
    "type_module",
    "type_mro",
    "type_name",
]

LONGEST_NAME = 200

# Include/object.h: Py_TPFLAGS_HEAPTYPE, Py_TPFLAGS_HAVE_GC, Py_TPFLAGS_TYPE_SUBCLASS.
HEAP_TYPE = 1 << 9
HAVE_GC = 1 << 14
TYPE_SUBCLASS = 1 << 31
UNICODE_SUBCLASS = 1 << 28

read_qualname = type.__dict__["__qualname__"].__get__
read_module = type.__dict__["__module__"].__get__
read_flags = type.__dict__["__flags__"].__get__
read_mro = type.__dict__["__mro__"].__get__
read_namespace = type.__dict__["__dict__"].__get__
read_function_qualname = FunctionType.__dict__["__qualname__"].__get__
as_text: Callable[[object], str] = str.__dict__["__str__"]
read_function_module = FunctionType.__dict__["__module__"].__get__


def type_name(cls: type) -> str:
    """`module.qualname` of a class, for a builtin its name alone; at most 200 characters.

    A module that is not a string is left out, and what cannot be printed is a `?`.
    """
    module = type_module(cls)
    name = clean_name(_text(read_qualname(cls)))
    return name if module in {"", "builtins"} else _cut(f"{module}.{name}")


def type_module(cls: type) -> str:
    """The module that a class says it is from; empty where it does not say so in a string."""
    try:
        module = read_module(cls)
    except AttributeError:
        return ""
    return clean_name(_text(module))


def type_flags(cls: type) -> int:
    """`tp_flags` of a class (Include/object.h)."""
    return cast("int", read_flags(cls))


def type_mro(cls: type) -> tuple[type, ...]:
    """The classes that a class inherits from, itself first; of one in the making only itself."""
    mro = read_mro(cls)
    return mro if type(mro) is tuple else (cls,)


def class_namespace(cls: type) -> dict[object, object]:
    """A copy of what the class itself defines.

    Walk its items rather than look a name up: a key may be any object, and comparing it
    with a name may run its code.
    """
    return cast("dict[object, object]", MappingProxyType.copy(read_namespace(cls)))


def function_name(function: FunctionType) -> str:
    """`module.qualname` of a Python function, as harmless as a type's name."""
    module = clean_name(_text(read_function_module(function)))
    name = clean_name(_text(read_function_qualname(function)))
    return _cut(f"{module}.{name}") if module else name


def clean_name(text: str) -> str:
    """A name that cannot harm a terminal, a log line or an encoder, and is not too long."""
    start = text[: LONGEST_NAME + 1]
    if not start.isprintable():
        start = "".join(letter if letter.isprintable() else "?" for letter in start)
    return _cut(start)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"


def _text(value: object) -> str:
    """The exact string in a string; what is none is empty. A subclass of str is copied."""
    if type(value) is str:
        return value
    return as_text(value) if type_flags(type(value)) & UNICODE_SUBCLASS else ""
