"""Which objects are parts of another one, and what a holder calls what it holds.

An instance and its `__dict__`, a class and its namespace, a function with its closure
and defaults are one thing to a reader. `part_role` says what part of its holder an
object is, `find_item` and `find_attribute` by which name something is held. All of them
compare with `is` and read through descriptors in C.

To name an attribute, the holder's `__dict__` is asked for; since Python 3.11 an instance
may get that dict only then, which costs it some bytes and changes nothing that it does.
It happens to the few objects that are shown.
"""

import gc
import threading
from collections.abc import Iterator
from types import (
    AsyncGeneratorType,
    CellType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    GetSetDescriptorType,
    MemberDescriptorType,
    ModuleType,
)
from typing import cast

from leakprobe.capture.heap.kinds import PLAIN_IDS
from leakprobe.capture.names import TYPE_SUBCLASS, class_namespace, type_flags, type_mro
from leakprobe.capture.referrers.frames import variables

__all__ = [
    "FRAME_OF",
    "cell_name",
    "find_attribute",
    "find_item",
    "find_local",
    "module_namespace",
    "part_role",
]

Descriptor = GetSetDescriptorType | MemberDescriptorType

TRIES = 3
# Types are compared by address: `in` and `==` would ask a metaclass.
FRAME_OF = {
    id(FrameType): lambda frame: frame,
    id(GeneratorType): GeneratorType.__dict__["gi_frame"].__get__,
    id(CoroutineType): CoroutineType.__dict__["cr_frame"].__get__,
    id(AsyncGeneratorType): AsyncGeneratorType.__dict__["ag_frame"].__get__,
}
DESCRIPTOR_IDS = frozenset({id(GetSetDescriptorType), id(MemberDescriptorType)})
NAMESPACE = "namespace"
CLASS_NAMESPACE = "class namespace"
CLOSURE = "closure"
CELL = "cell"
DEFAULTS = "defaults"
THREADS = "threads"
THREAD_NAMESPACE = "thread namespace"

read_class_dict = type.__dict__["__dict__"].__get__
# mypy takes the class's own namespace for the descriptor of that name in it.
read_module_dict = type.__getattribute__(ModuleType, "__dict__")["__dict__"].__get__
read_closure = FunctionType.__dict__["__closure__"].__get__
read_defaults = FunctionType.__dict__["__defaults__"].__get__
read_kwdefaults = FunctionType.__dict__["__kwdefaults__"].__get__
read_function_code = FunctionType.__dict__["__code__"].__get__


def part_role(holder: object, role: str | None, held: object) -> str | None:
    """What part of `holder` an object is; None where it is a thing of its own.

    Args:
        holder: what refers to it.
        role: what part of something the holder is itself.
        held: the object.
    """
    if role == CLOSURE:
        return CELL if type(held) is CellType else None
    if role == THREADS:
        return THREAD_NAMESPACE if type(held) is dict else None
    if role is not None or id(type(holder)) in PLAIN_IDS:
        return None
    if type(holder) is FunctionType:
        return _part_of_function(holder, held)
    if id(type(holder)) in FRAME_OF and type(held) is CellType:
        return CELL
    return _dict_role(holder, held) if type(held) is dict else None


def find_item(holder: object, held: object) -> tuple[bool, object] | None:
    """How a dict holds something: (as a key, the key); None where it does no longer."""
    for _ in range(TRIES):
        try:
            for key, value in dict.items(cast("dict[object, object]", holder)):
                if value is held:
                    return False, key
                if key is held:
                    return True, key
        except RuntimeError:  # it changed meanwhile
            continue
        return None
    return None


def find_attribute(holder: object, held: object) -> str | None:
    """The attribute or slot of an object that holds something."""
    namespace = _instance_dict(holder)
    found = find_item(namespace, held) if namespace is not None else None
    if found and type(found[1]) is str:
        return found[1]
    for name, descriptor in _descriptors(type(holder)):
        if type(descriptor) is MemberDescriptorType and _read(descriptor, holder) is held:
            return name
    return None


def find_local(holder: object, held: object) -> str | None:
    """The variable of a frame, or of a suspended generator or coroutine, that holds something."""
    frame = FRAME_OF[id(type(holder))](holder)
    if type(frame) is not FrameType:
        return None
    cells = type(held) is CellType
    for name, value in variables(frame):
        content = _read(CellType.__dict__["cell_contents"], held) if cells else held
        if value is content and type(name) is str:
            return name
    return None


def cell_name(function: object, cell: object) -> str | None:
    """The name of a closure variable."""
    code: CodeType = read_function_code(function)
    closure = read_closure(function) or ()
    return next((n for n, c in zip(code.co_freevars, closure, strict=False) if c is cell), None)


def module_namespace(o: object) -> dict[object, object]:
    """The globals of a module, given the module or its namespace itself."""
    return cast("dict[object, object]", o if type(o) is dict else read_module_dict(o))


def _part_of_function(function: object, held: object) -> str | None:
    if type(held) is tuple and held is read_closure(function):
        return CLOSURE
    if type(held) is tuple and held is read_defaults(function):
        return DEFAULTS
    if type(held) is dict and held is read_kwdefaults(function):
        return DEFAULTS
    return NAMESPACE if type(held) is dict and held is _instance_dict(function) else None


def _dict_role(holder: object, held: object) -> str | None:
    if type_flags(type(holder)) & TYPE_SUBCLASS:
        namespace = gc.get_referents(read_class_dict(holder))
        return CLASS_NAMESPACE if namespace and namespace[0] is held else None
    if any(base is threading.local for base in type_mro(type(holder))):
        return THREADS
    return NAMESPACE if _instance_dict(holder) is held else None


def _instance_dict(o: object) -> object:
    """The `__dict__` of an instance, if it has one."""
    for name, descriptor in _descriptors(type(o)):
        if name == "__dict__":
            found = _read(descriptor, o)
            return found if type(found) is dict else None
    return None


def _descriptors(cls: type) -> Iterator[tuple[str, Descriptor]]:
    """Descriptors of fields, in C, that a class has or inherits, by name."""
    for base in type_mro(cls):
        for name, value in class_namespace(base).items():
            if type(name) is str and id(type(value)) in DESCRIPTOR_IDS:
                yield name, cast("Descriptor", value)


def _read(descriptor: Descriptor, o: object) -> object:
    try:
        return descriptor.__get__(o)
    except (AttributeError, TypeError, ValueError):  # an empty slot or cell
        return None
