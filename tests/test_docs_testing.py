"""What docs/testing.md says exists, exists: options, markers, fixtures, names, links."""

import ast
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import leakprobe.testing
from leakprobe.testing.plugin.options import DEFAULT_GRAPHS, DEFAULT_THRESHOLD_MB, add_options

DOCS = Path(__file__).parent.parent / "docs"
TEXT = (DOCS / "testing.md").read_text(encoding="utf-8")
ROWS = {
    cells[0]: cells[1:]
    for line in TEXT.splitlines()
    if line.startswith("|") and (cells := [cell.strip() for cell in line.strip("|").split("|")])
}


class Defined:
    """Stands in for pytest's parser: only what is defined is asked for."""

    def __init__(self) -> None:
        self.options: set[str] = set()
        self.ini: set[str] = set()

    def getgroup(self, *_: object) -> "Defined":
        return self

    def addoption(self, name: str, **_: object) -> None:
        self.options.add(name)

    def addini(self, name: str, *_: object, **__: object) -> None:
        self.ini.add(name)


@pytest.fixture
def defined() -> Defined:
    found = Defined()
    add_options(found)  # type: ignore[arg-type]  # it has what is called
    return found


def test_every_option_has_its_row_and_ini_option(defined: Defined) -> None:
    rows = {name: cells for name, cells in ROWS.items() if name.startswith("`--")}
    assert {re.split(r"[`=]", name)[1] for name in rows} == defined.options
    assert {cells[0].strip("`") for cells in rows.values()} - {""} == defined.ini
    assert rows["`--leak-threshold-mb=MB`"][1] == str(DEFAULT_THRESHOLD_MB)
    assert rows["`--leak-memray-dir=DIR`"][1] == f"`{DEFAULT_GRAPHS}`"


def test_every_marker_and_fixture_is_one(pytestconfig: pytest.Config) -> None:
    documented = {name for row in ROWS for name in re.findall(r"@pytest\.mark\.(\w+)", row)}
    registered = {re.split(r"[:(]", line)[0] for line in pytestconfig.getini("markers")}
    assert documented == {"memory_leak", "skip_leak_detection"} <= registered
    assert {"`memory_profiler`", "`leak_detector`"} <= set(ROWS)


def test_every_name_of_the_toolkit_is_explained() -> None:
    assert [name for name in leakprobe.testing.__all__ if name not in TEXT] == []


def test_the_blocks_of_python_are_python() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    assert blocks
    for block in blocks:
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module == "leakprobe.testing":
                assert {alias.name for alias in node.names} <= set(leakprobe.testing.__all__)


def test_every_relative_link_leads_somewhere() -> None:
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", TEXT) if not urlsplit(target)[0]]
    headings = {
        "#" + re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    }
    wrong = [
        target
        for target in targets
        if not (target in headings if target.startswith("#") else (DOCS / target).exists())
    ]
    assert wrong == []
