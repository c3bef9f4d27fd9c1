"""What a walk must know of a type, found out once per type and walk.

Types are told apart by address: a dict keyed by classes would hash them, and a metaclass
may have a `__hash__` of its own.
"""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CellType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
    TracebackType,
)

from leakprobe.capture.heap.sizes import Sizer, header_size, shallow_size, sizer_of
from leakprobe.capture.names import (
    HAVE_GC,
    TYPE_SUBCLASS,
    type_flags,
    type_module,
    type_mro,
    type_name,
)

__all__ = ["CONTAINER_IDS", "PLAIN_IDS", "Kind", "KindBook", "is_ours"]

Length = Callable[[object], int]

# Exact builtin containers: they hold things for others and own nothing by themselves.
PLAIN: tuple[type, ...] = (dict, list, set, tuple, frozenset, deque)
PLAIN_IDS = frozenset(map(id, PLAIN))
# What code is made of: it refers to what others own.
PLUMBING_IDS = frozenset(
    map(
        id,
        (
            *(ModuleType, FunctionType, BuiltinFunctionType, MethodType, CodeType, CellType),
            *(FrameType, TracebackType, GeneratorType, CoroutineType, AsyncGeneratorType),
        ),
    )
)
CONTAINER_IDS = PLAIN_IDS | {id(OrderedDict), id(defaultdict)}
LENGTHS: dict[int, tuple[type, Length]] = {id(c): (c, c.__dict__["__len__"]) for c in PLAIN}


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One type, as a walk sees it.

    Attributes:
        cls: the type; kept, so that its address stays its own.
        name: `module.qualname`.
        size: its `__sizeof__` in C; `header` bytes stand in front of each object.
        traversed: whether the collector can follow what its objects refer to.
        plain: an exact builtin container.
        plumbing: modules, functions, types, frames and the like.
        is_class: its objects are classes.
        ours: a class of leakprobe itself.
        base: the builtin container that it is or inherits from; `length` is that one's.
    """

    cls: type
    name: str
    size: Sizer
    header: int
    traversed: bool
    plain: bool
    plumbing: bool
    is_class: bool
    ours: bool
    base: type | None
    length: Length | None

    def bytes_of(self, objects: list[object]) -> int:
        """Shallow size of objects of this type, together."""
        if self.is_class:
            return sum(map(shallow_size, objects))
        try:
            return sum(map(self.size, objects)) + self.header * len(objects)
        except Exception:  # noqa: BLE001  # an extension's __sizeof__ may raise what it likes
            return sum(map(object.__sizeof__, objects)) + self.header * len(objects)


class KindBook:
    """The kinds that one walk has met."""

    __slots__ = ("_kinds",)

    def __init__(self) -> None:
        self._kinds: dict[int, Kind] = {}

    def of(self, cls: type) -> Kind:
        """The kind of a type."""
        kind = self._kinds.get(id(cls))
        if kind is None:
            kind = self._kinds[id(cls)] = _kind(cls)
        return kind

    def grouped(self, objects: Iterable[object]) -> list[tuple[Kind, list[object]]]:
        """Objects by their type."""
        groups: dict[int, list[object]] = {}
        for o in objects:
            try:
                groups[id(type(o))].append(o)
            except KeyError:
                groups[id(type(o))] = [o]
        return [(self.of(type(group[0])), group) for group in groups.values()]

    def kinds(self) -> Iterable[Kind]:
        """All that were met."""
        return self._kinds.values()


def _kind(cls: type) -> Kind:
    flags = type_flags(cls)
    bases = type_mro(cls)
    base, length = next((LENGTHS[id(b)] for b in bases if id(b) in LENGTHS), (None, None))
    return Kind(
        cls=cls,
        name=type_name(cls),
        size=sizer_of(cls),
        header=header_size(cls),
        traversed=bool(flags & HAVE_GC),
        plain=id(cls) in PLAIN_IDS,
        plumbing=bool(flags & TYPE_SUBCLASS) or any(id(b) in PLUMBING_IDS for b in bases),
        is_class=bool(flags & TYPE_SUBCLASS),
        ours=is_ours(type_module(cls)),
        base=base,
        length=length,
    )


def is_ours(module: str) -> bool:
    """Whether a module is one of leakprobe's own; its examples count as applications."""
    name = f"{module}."
    return name.startswith("leakprobe.") and not name.startswith("leakprobe.examples.")
