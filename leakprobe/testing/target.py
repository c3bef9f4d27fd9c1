"""From `module:callable`, as it is typed in a shell, to something that can be called.

Whatever goes wrong on the way is a mistake in what was typed, or in the module: one line says
which, with the nearest names.
"""

import importlib
import importlib.util
import inspect
import pkgutil
import sys
import traceback
from collections.abc import AsyncIterable, Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import cast

from leakprobe.errors import LeakprobeError, UnknownName, shorten
from leakprobe.testing.driving import Call

__all__ = ["find_target", "import_file", "place_of", "said_of"]

FORM = "write MODULE:CALLABLE, such as app.service:handle or path/to/file.py:handle"
LONGEST_MESSAGE = 200
OURS = str(Path(__file__).parent.parent)


def find_target(text: str) -> Call:
    """The callable behind `package.module:name.attribute` or `path/to/file.py:name`.

    A generator function becomes a callable that goes through what it yields.

    Raises:
        LeakprobeError: it is not of that form, cannot be imported or called, or takes
            arguments that nobody would give.
    """
    where, colon, name = text.rpartition(":")
    if not colon or not where or not all(part.isidentifier() for part in name.split(".")):
        raise LeakprobeError(f"{shorten(repr(text))}: {FORM}")
    module = import_file(Path(where)) if where.endswith(".py") else _import_module(where, text)
    found = _attribute(module, where, name)
    if not callable(found):
        raise LeakprobeError(f"{text} is of type {type(found).__name__}: nothing to call")
    _check_takes_nothing(found, text)
    return _exhausting(found)


def import_file(path: Path) -> ModuleType:
    """Run a file as a module of its name, with its directory first on the path.

    Raises:
        LeakprobeError: there is no such file, or it raises; with the line.
    """
    if not path.is_file():
        raise UnknownName("file", str(path), _files_beside(path), "give the path of a .py file")
    resolved = path.resolve()
    sys.path.insert(0, str(resolved.parent))
    name = resolved.stem if resolved.stem not in sys.modules else f"{resolved.stem}_script"
    spec = importlib.util.spec_from_file_location(name, resolved)
    if spec is None or spec.loader is None:
        raise LeakprobeError(f"{path} is no Python file: its name must end with .py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    loader = spec.loader
    _guarded(str(path), lambda: loader.exec_module(module))
    return module


def place_of(error: BaseException) -> str:
    """The innermost line of neither leakprobe nor the import system that raised: `app.py:12`."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [f for f in frames if not f.filename.startswith((OURS, "<frozen"))]
    return f"{Path(theirs[-1].filename).name}:{theirs[-1].lineno}" if theirs else ""


def said_of(error: BaseException) -> str:
    """An exception in one line: its type, and what it says."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    kind = type(error).__name__
    return f"{kind}: {shorten(text, LONGEST_MESSAGE)}" if text else kind


def _import_module(name: str, text: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise LeakprobeError(f"{shorten(repr(text))}: {FORM}")
    try:
        return cast("ModuleType", _guarded(name, lambda: importlib.import_module(name)))
    except ModuleNotFoundError as error:
        missing = error.name or name
        raise UnknownName(
            "module", missing, _modules_beside(missing), "is it below the current directory?"
        ) from None


def _guarded(name: str, act: Callable[[], object]) -> object:
    """Import something: only that `name` itself is missing comes out as it is."""
    try:
        return act()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        if isinstance(error, ModuleNotFoundError) and _is_part(error.name, name):
            raise
        said = f"{said_of(error)} ({place_of(error)})"
        raise LeakprobeError(f"{name} cannot be imported: {said}") from error


def _is_part(missing: str | None, name: str) -> bool:
    return missing is not None and f"{name}.".startswith(f"{missing}.")


def _modules_beside(name: str) -> list[str]:
    """Full names of the modules in the same package, or at the top."""
    package, _, _ = name.rpartition(".")
    if not package:
        found = {module.name for module in pkgutil.iter_modules()}
        return sorted(found | sys.stdlib_module_names)
    paths = getattr(sys.modules.get(package), "__path__", [])
    return [f"{package}.{module.name}" for module in pkgutil.iter_modules(paths)]


def _files_beside(path: Path) -> list[str]:
    try:
        return [str(path.with_name(file.name)) for file in path.parent.glob("*.py")]
    except OSError:
        return []


def _attribute(module: ModuleType, where: str, name: str) -> object:
    found: object = module
    path = where
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            names = [f"{path}{':' if found is module else '.'}{known}" for known in _names(found)]
            shown = f"{path}{':' if found is module else '.'}{part}"
            raise UnknownName("attribute", shown, names) from None
        path = f"{path}{':' if path == where else '.'}{part}"
    return found


def _names(found: object) -> list[str]:
    """Of what can be called, nothing being run to find out."""
    return [
        name
        for name in dir(found)
        if not name.startswith("__") and callable(inspect.getattr_static(found, name, None))
    ]


def _check_takes_nothing(found: Callable[..., object], text: str) -> None:
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):
        return  # of C code, which does not say
    try:
        signature.bind()
    except TypeError:
        raise LeakprobeError(
            f"{text}{shorten(str(signature), 100)} needs arguments: "
            "give a function without, which makes the call"
        ) from None


def _exhausting(found: Call) -> Call:
    if inspect.isgeneratorfunction(found):
        return lambda: [None for _ in cast("Iterable[object]", found())]
    if inspect.isasyncgenfunction(found):

        async def go_through() -> None:
            async for _ in cast("AsyncIterable[object]", found()):
                pass

        return go_through
    return found
