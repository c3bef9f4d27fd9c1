"""The extras that we name are those of pyproject.toml."""

import tomllib
from pathlib import Path

from leakprobe.extras import EXTRAS, install_command, missing

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def test_every_extra_and_module_is_declared_in_pyproject() -> None:
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))
    declared = project["project"]["optional-dependencies"]
    packages = project["tool"]["setuptools"]["packages"]
    for extra, modules in EXTRAS.items():
        wanted = " ".join(declared[extra]).replace("-", "_")
        for module in modules:
            assert module in wanted or module in packages


def test_the_tests_themselves_run_with_everything_installed() -> None:
    assert {extra: missing(extra) for extra in EXTRAS} == dict.fromkeys(EXTRAS, ())


def test_the_command_is_one_that_a_shell_takes() -> None:
    assert install_command("graph") == "pip install 'leakprobe-agent[graph]'"
