"""Types that are watched, given as classes or by name, a name also before its class exists."""

import sys
import weakref
from collections.abc import Iterable
from types import ModuleType

from leakprobe.capture.heap.kinds import is_ours
from leakprobe.capture.names import TYPE_SUBCLASS, type_flags, type_module, type_name
from leakprobe.capture.referrers.instances import fits
from leakprobe.errors import UnknownName
from leakprobe.testing.arguments import BadArgument

__all__ = ["WatchedType", "each_once"]

LATER = "give its full name, or import it first"


class WatchedType:
    """One type and all that inherit from it.

    Args:
        wanted: a class, or its name: `BytesIO`, `io.BytesIO`, `app.models.Order`. The class
            behind a name may be imported later.

    Raises:
        BadArgument: neither class nor name.
        UnknownName: the name's module is there, and has no such class.
    """

    def __init__(self, wanted: object) -> None:
        self._class: weakref.ref[type] | None = None
        if _is_class(wanted):
            self.name = type_name(wanted)  # type: ignore[arg-type]  # it is a class, as just seen
            self._class = weakref.ref(wanted)  # type: ignore[arg-type]  # as above
        elif type(wanted) is str and wanted.strip():
            self.name = wanted.strip()
            self._find()
        else:
            raise BadArgument("type", wanted, "must be a class, or the name of one")

    def classes(self) -> list[type]:
        """The class and its subclasses, as far as they exist now; leakprobe's own left out."""
        if self._class is None:
            self._find()
        if self._class is not None:
            found = self._class()
            return [] if found is None else _with_subclasses([found])
        return _with_subclasses(c for c in _all_classes() if fits(type_name(c), self.name))

    def see_that_it_exists(self) -> None:
        """Refuse a name that no class has by now.

        Raises:
            UnknownName: with the names that come nearest.
        """
        if self._class is None and not self.classes():
            raise UnknownName("type", self.name, _near(self.name), LATER)

    def _find(self) -> None:
        """Find the class where its module says it is; it may call itself otherwise."""
        module, rest = _module_of(self.name)
        if module is None:
            return
        value: object = module
        for part in rest:
            owner, value = value, getattr(value, part, None)
            if value is None and owner is module and len(rest) > 1:
                return  # a part of the package that may be imported later
        if _is_class(value):
            self._class = weakref.ref(value)  # type: ignore[arg-type]  # it is a class, as just seen
        elif not any(fits(type_name(c), self.name) for c in _all_classes()):
            raise UnknownName("type", self.name, _class_names(module))


def each_once(types: Iterable[WatchedType]) -> list[type]:
    """The classes that exist now of all these types."""
    found = {id(cls): cls for watched in types for cls in watched.classes()}
    return list(found.values())


def _is_class(value: object) -> bool:
    return bool(type_flags(type(value)) & TYPE_SUBCLASS)


def _module_of(name: str) -> tuple[ModuleType | None, list[str]]:
    """The loaded module that a dotted name begins with, and the rest of the name."""
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        module = sys.modules.get(".".join(parts[:cut]))
        if type(module) is ModuleType:
            return module, parts[cut:]
    return None, parts


def _class_names(module: ModuleType) -> list[str]:
    """Dotted names of the classes in a module."""
    values = list(vars(module).items())
    return [f"{module.__name__}.{name}" for name, value in values if _is_class(value)]


def _near(name: str) -> Iterable[str]:
    """Names that could have been meant: full ones for a full one, bare ones for a bare one."""
    names = {type_name(cls) for cls in _all_classes()}
    return names if "." in name else {known.rpartition(".")[2] for known in names}


def _all_classes() -> list[type]:
    return _with_subclasses([object])


def _with_subclasses(classes: Iterable[type]) -> list[type]:
    """These and what inherits from them, each once, without asking a metaclass."""
    found = {id(cls): cls for cls in classes}
    todo = list(found.values())
    while todo:
        below: list[type] = type.__subclasses__(todo.pop())
        for sub in below:
            if id(sub) not in found and not is_ours(type_module(sub)):
                found[id(sub)] = sub
                todo.append(sub)
    return list(found.values())
