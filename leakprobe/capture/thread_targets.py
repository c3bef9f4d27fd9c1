"""What each thread runs: the function that it was started with, or its class.

Read from what `threading` knows of its threads: no stack is copied and hardly a file is
read, unlike in `leakprobe.capture.threads`, so it costs a tenth of that.
"""

import functools
import threading
from collections.abc import Iterator
from pathlib import Path, PurePath
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType
from typing import cast

from leakprobe.capture.names import class_namespace, clean_name, function_name, type_mro, type_name
from leakprobe.capture.pace import Pace
from leakprobe.capture.procfs import PROC, list_native_ids, read_small_file
from leakprobe.capture.stacks import code_frame, current_frames
from leakprobe.model.memory import Frame

__all__ = ["Target", "read_targets"]

# What a thread runs, and where that is defined, where that is known.
Target = tuple[str, Frame | None]
Runs = dict[int, FunctionType | None]

DEEPEST_PARTIAL = 8
PER_STRETCH = 100

# The attributes of an instance, whatever its class says about `__dict__`.
read_attributes = threading.Thread.__dict__["__dict__"].__get__
read_code = FunctionType.__dict__["__code__"].__get__
read_partial = functools.partial.__dict__["func"].__get__
read_builtin_name = BuiltinFunctionType.__dict__["__qualname__"].__get__


def read_targets(
    pace: Pace, exclude: frozenset[int] = frozenset(), proc: Path = PROC
) -> list[Target]:
    """What every thread of the process runs, those of `exclude` (idents) left out.

    A thread that Python does not know is called by the name that the kernel has for it.
    """
    # A copy made by one call into C, as threading.enumerate() would make it under its lock.
    active = getattr(threading, "_active", None)
    threads = dict.copy(active) if type(active) is dict else {}
    running = current_frames()
    try:
        starts = {
            ident: _outermost(frame) if _is_foreign(threads.get(ident)) else None
            for ident, frame in running.items()
        }
    finally:
        running.clear()
    pace.rest()
    runs: Runs = {}
    targets: list[Target] = []
    native_ids: list[object] = []
    for position, (ident, start) in enumerate(starts.items(), start=1):
        thread = threads.get(ident)
        attributes = _attributes(thread)
        native_ids.append(dict.get(attributes, "_native_id"))
        if ident not in exclude:
            targets.append(start or _target(thread, attributes, runs))
        if position % PER_STRETCH == 0:
            pace.rest()
    return targets + list(_beyond_python(native_ids, proc))


def _is_foreign(thread: object) -> bool:
    """Whether something else than `threading` started it."""
    dummy: type = threading._DummyThread  # noqa: SLF001  # what it calls such threads
    return type(thread) is dummy or not _attributes(thread)


def _attributes(thread: object) -> dict[str, object]:
    try:
        return cast("dict[str, object]", read_attributes(thread))
    except TypeError:  # None, or a stand-in for a thread that some library has registered
        return {}


def _target(thread: object, attributes: dict[str, object], runs: Runs) -> Target:
    """What a `Thread` was made to run."""
    if type(thread) is type(threading.main_thread()):
        return "main thread", None
    run = _run_of(type(thread), runs)
    name = type_name(type(thread))
    if run is threading.Thread.run:
        target = dict.get(attributes, "_target")
        return (name, None) if target is None else _callable(target)
    if run is threading.Timer.run:
        function, site = _callable(dict.get(attributes, "function"))
        return f"{name} of {function}", site
    return name, None if run is None else code_frame(read_code(run), None)


def _run_of(cls: type, runs: Runs) -> FunctionType | None:
    """The method that threads of a class execute; `runs` remembers it by the class's id."""
    if id(cls) not in runs:
        runs[id(cls)] = _find_run(cls)
    return runs[id(cls)]


def _find_run(cls: type) -> FunctionType | None:
    """Looked up without asking the class, which may be of the application's metaclass."""
    for base in type_mro(cls):
        for name, value in class_namespace(base).items():
            if type(name) is str and name == "run":
                return value if type(value) is FunctionType else None
    return None


def _callable(called: object) -> Target:
    """A callable's name, and where it is defined."""
    for _ in range(DEEPEST_PARTIAL):
        if type(called) is not functools.partial:
            break
        called = read_partial(called)
    if type(called) is MethodType:
        called = called.__func__
    if type(called) is FunctionType:
        return function_name(called), code_frame(read_code(called), None)
    if type(called) is BuiltinFunctionType:
        return clean_name(read_builtin_name(called)), None
    return type_name(type(called)), None


def _outermost(frame: FrameType) -> Target:
    """The function that a thread began with."""
    while frame.f_back is not None:
        frame = frame.f_back
    site = code_frame(frame.f_code, frame.f_code.co_firstlineno)
    return clean_name(f"{PurePath(site.file).stem}.{site.function}"), site


def _beyond_python(native_ids: list[object], proc: Path) -> Iterator[Target]:
    """The threads of the kernel that are none of Python's, which have these ids.

    Of a thread that `_thread` started Python does not know the id. As many are left out,
    those first that are called like the process, as such threads are.
    """
    known = {number for number in native_ids if type(number) is int}
    names = [_kernel_name(tid, proc) for tid in list_native_ids(proc) if tid not in known]
    own_name = (read_small_file(f"{proc}/self/comm") or "").strip()
    names.sort(key=lambda name: name != own_name)
    unknown = sum(type(number) is not int for number in native_ids)
    return ((f"C thread {name}", None) for name in names[unknown:])


def _kernel_name(tid: int, proc: Path) -> str:
    return clean_name((read_small_file(f"{proc}/self/task/{tid}/comm") or "?").rstrip("\n"))
