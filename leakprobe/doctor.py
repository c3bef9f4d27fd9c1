"""`leakprobe doctor`: what works on this machine, and what to do about what does not.

It looks and changes nothing: the run directory is not made, tracing is not started.
"""

import json
import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import psutil

from leakprobe._version import __version__
from leakprobe.capture.cgroup import CgroupMemory, read_cgroup_memory
from leakprobe.capture.native import (
    HOW_TO_BUILD,
    SWITCH,
    heap_walk_missing,
    requests_missing,
    sampler_missing,
)
from leakprobe.codec import encode
from leakprobe.drawing import drawing_backend
from leakprobe.errors import LeakprobeError
from leakprobe.extras import EXTRAS, install_command, missing
from leakprobe.render.page import Page
from leakprobe.render.table import Column, Row, Table
from leakprobe.render.text import page_text
from leakprobe.render.units import bytes_text
from leakprobe.run_directory import directory_path, private_directory
from leakprobe.settings import Settings

__all__ = ["Finding", "Report", "State", "examine", "report_json", "report_text"]

State = Literal["ok", "missing", "warning"]

OLDEST = (3, 11)
NEWEST_TESTED = (3, 13)
PROC_FILES = ("statm", "status", "task", "fd")
OLDEST_STARLETTE = "0.40"
DRAWN_BY_EXTRA = "graph"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what.
        state: `missing` costs a feature, `warning` costs time or trust.
        found: what there is.
        remedy: what to do, a command where there is one; None where nothing is needed.
    """

    name: str
    state: State
    found: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, in the order in which they matter."""

    version: str
    rows: tuple[Finding, ...]


def examine(environment: Mapping[str, str] = os.environ) -> Report:
    """Look at everything; never raises for what it finds."""
    checks: tuple[Callable[[], Finding], ...] = (
        lambda: python_finding(platform.python_implementation(), sys.version_info[:3]),
        sampler_finding,
        heap_walk_finding,
        requests_finding,
        lambda: tracemalloc_finding(environment),
        lambda: settings_finding(environment),
        lambda: directory_finding(environment),
        lambda: memory_limit_finding(read_cgroup_memory(), psutil.virtual_memory().total),
        proc_finding,
        starlette_finding,
        drawing_finding,
        *(lambda extra=extra: extra_finding(extra) for extra in EXTRAS),
    )
    return Report(__version__, tuple(check() for check in checks))


def report_text(report: Report) -> str:
    """The report as a table; under a row, what to do about it."""
    rows = [
        Row((row.name, row.state, row.found), (row.remedy,) if row.remedy else ())
        for row in report.rows
    ]
    columns = (Column("name", "What"), Column("state", "State"), Column("found", "Found"))
    misses = sum(row.state != "ok" for row in report.rows)
    headline = f"leakprobe {report.version}: " + (
        f"{misses} of {len(rows)} checks have something to say." if misses else "all is well."
    )
    return page_text(Page("doctor", headline, sections=(Table("", columns, tuple(rows)),)))


def report_json(report: Report) -> str:
    """The report as a JSON document."""
    return json.dumps(encode(report), indent=2) + "\n"


def python_finding(implementation: str, found: tuple[int, ...]) -> Finding:
    """Whether this interpreter is one that the tests run on."""
    name = f"{implementation} {'.'.join(map(str, found))}"
    if implementation != "CPython" or found[:2] < OLDEST:
        return Finding("Python", "missing", name, "use CPython 3.11, 3.12 or 3.13")
    if found[:2] > NEWEST_TESTED:
        return Finding("Python", "warning", f"{name}, newer than what the tests run on")
    return Finding("Python", "ok", name)


def sampler_finding(missing: Callable[[], str | None] = sampler_missing) -> Finding:
    """Whether allocations can be sampled, which is what `tracer=auto` wants."""
    return _native_finding(
        "sampled tracer", missing(), "tracemalloc is used, and allocating is several times slower"
    )


def heap_walk_finding(missing: Callable[[], str | None] = heap_walk_missing) -> Finding:
    """Whether the heap can be walked in a copy of the process."""
    return _native_finding(
        "heap walk", missing(), "types are counted in the running process, when somebody asks"
    )


def requests_finding(missing: Callable[[], str | None] = requests_missing) -> Finding:
    """Whether the middleware notes requests in C."""
    return _native_finding("request path", missing(), "each request costs some microseconds more")


def _native_finding(name: str, why: str | None, instead: str) -> Finding:
    if why is None:
        return Finding(name, "ok", "built for this Python, and loaded")
    if SWITCH in why:
        remedy = f"unset {SWITCH}"
    elif "Linux" in why:
        remedy = "none but Linux: what is written in Python does the work here"
    else:
        remedy = HOW_TO_BUILD
    return Finding(name, "missing", f"{why}; {instead}", remedy)


def tracemalloc_finding(environment: Mapping[str, str]) -> Finding:
    """Whether allocations can be traced, and whether they are from the start."""
    if find_spec("_tracemalloc") is None:
        remedy = "use a CPython that is built with tracemalloc"
        return Finding("tracemalloc", "missing", "this Python has none", remedy)
    frames = environment.get("PYTHONTRACEMALLOC", "")
    if frames in ("", "0"):
        return Finding(
            "tracemalloc", "ok", "available, for exact windows and where nothing can sample"
        )
    return Finding(
        "tracemalloc",
        "warning",
        f"PYTHONTRACEMALLOC={frames}: traced from the start; each frame more costs CPU",
        "unset PYTHONTRACEMALLOC, unless imports are what you want traced",
    )


def settings_finding(environment: Mapping[str, str]) -> Finding:
    """Whether the `LEAKPROBE_…` variables say something that is allowed."""
    names = sorted(name for name in environment if name.startswith("LEAKPROBE_"))
    try:
        Settings.from_environment(environment)
    except LeakprobeError as error:
        return Finding("settings", "warning", str(error), f"correct or unset {', '.join(names)}")
    return Finding("settings", "ok", ", ".join(names) or "the defaults")


def directory_finding(environment: Mapping[str, str]) -> Finding:
    """Whether the token can be kept where the settings say."""
    path = directory_path(environment.get("LEAKPROBE_DIRECTORY") or None)
    try:
        if not Path(path).exists():
            return _directory_to_come(path)
        with private_directory(path, create=False):
            return Finding("run directory", "ok", f"{path}, private")
    except (LeakprobeError, OSError, ValueError) as error:
        return Finding("run directory", "warning", str(error), "set LEAKPROBE_DIRECTORY")


def _directory_to_come(path: str) -> Finding:
    parent = next(above for above in Path(path).parents if above.exists())
    if parent.is_dir() and os.access(parent, os.W_OK | os.X_OK):
        return Finding("run directory", "ok", f"{path}, made when an agent starts")
    found = f"{path} cannot be made: {parent} is not writable"
    return Finding("run directory", "warning", found, "set LEAKPROBE_DIRECTORY")


def memory_limit_finding(cgroup: CgroupMemory, physical_bytes: int) -> Finding:
    """Where memory ends for a service that is started here."""
    machine = f"{bytes_text(physical_bytes)} in the machine"
    if cgroup.version is None:
        return Finding("memory limit", "ok", f"no control group to be seen; {machine}")
    group = f"control group v{cgroup.version}"
    if cgroup.limit_bytes is None:
        return Finding("memory limit", "ok", f"{group} sets none; {machine}")
    used = f", {bytes_text(cgroup.current_bytes)} of it used" if cgroup.current_bytes else ""
    found = f"{bytes_text(cgroup.limit_bytes)} by {group}{used}; {machine}"
    return Finding("memory limit", "ok", found)


def proc_finding(proc: Path = Path("/proc/self")) -> Finding:
    """Whether the kernel tells a process about itself (proc(5))."""
    hidden = [name for name in PROC_FILES if not os.access(proc / name, os.R_OK)]
    if not hidden:
        return Finding("/proc", "ok", "readable")
    remedy = "mount it: mount -t proc proc /proc"
    return Finding("/proc", "warning", f"not readable: {', '.join(hidden)}", remedy)


def starlette_finding(lookup: Callable[[str], str] = version) -> Finding:
    """Which Starlette the middleware would run in."""
    try:
        found = lookup("starlette")
    except PackageNotFoundError:
        return Finding("Starlette", "missing", "not installed", "pip install starlette")
    if _leading_numbers(found) < _leading_numbers(OLDEST_STARLETTE):
        remedy = f"pip install 'starlette>={OLDEST_STARLETTE}'"
        return Finding("Starlette", "warning", f"{found}, older than {OLDEST_STARLETTE}", remedy)
    return Finding("Starlette", "ok", found)


def drawing_finding(backend: Callable[[], str | None] = drawing_backend) -> Finding:
    """Whether referrer graphs can be drawn as pictures."""
    found = backend()
    if found is not None:
        return Finding("drawing", "ok", found)
    remedy = f"apt-get install graphviz, or {install_command(DRAWN_BY_EXTRA)}"
    return Finding("drawing", "missing", "text and dot work, PNG and SVG do not", remedy)


def extra_finding(extra: str) -> Finding:
    """Whether all that an optional extra brings is installed."""
    names = missing(extra)
    if names:
        found = f"not installed: {', '.join(names)}"
        return Finding(f"extra [{extra}]", "missing", found, install_command(extra))
    return Finding(f"extra [{extra}]", "ok", "installed")


def _leading_numbers(text: str) -> tuple[int, ...]:
    parts = text.split(".")[:2]
    return tuple(int(part) for part in parts if part.isascii() and part.isdigit())
