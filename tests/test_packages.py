"""What pyproject.toml says is installed is what the tree has: packages, and data beside code."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "setuptools"
]
# The examples lie beside the package in the tree, and are installed inside it.
EXAMPLES = "leakprobe.examples"
CODE = {".py", ".c", ".h", ".so"}
IGNORED = ("__pycache__", ".mypy_cache")


def files() -> list[Path]:
    """Every file of the package, relative to the tree."""
    below = (path.relative_to(ROOT) for path in (ROOT / "leakprobe").rglob("*") if path.is_file())
    return [path for path in below if not set(IGNORED).intersection(path.parts)]


def test_every_package_of_the_tree_is_installed_and_no_other() -> None:
    found = {".".join(path.parent.parts) for path in files() if path.suffix == ".py"}
    assert sorted(SETUPTOOLS["packages"]) == sorted(found | {EXAMPLES})


def test_all_data_is_installed_and_every_pattern_finds_some() -> None:
    patterns = [
        Path(*package.split("."), pattern).as_posix()
        for package, patterns in SETUPTOOLS["package-data"].items()
        for pattern in patterns
    ]
    data = [path for path in files() if path.suffix not in CODE]
    assert [path for path in data if not any(path.match(pattern) for pattern in patterns)] == []
    assert [pattern for pattern in patterns if not any(ROOT.glob(pattern))] == []
