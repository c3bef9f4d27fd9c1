"""From what is typed in a shell to a callable, or to one line that says what is wrong."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from leakprobe.errors import LeakprobeError
from leakprobe.testing.driving import is_async
from leakprobe.testing.target import find_target, import_file, place_of, said_of

SERVICE = """
made = []

class Handler:
    def run(self):
        pass

    @staticmethod
    def start():
        made.append("started")

def handle():
    made.append("handled")

async def handle_async():
    made.append("awaited")

def stream():
    made.append("first")
    yield 1
    made.append("last")

async def stream_async():
    made.append("async first")
    yield 1

def needs(request, *, limit):
    pass

def optional(request=None):
    made.append("optional")

LIMIT = 3

if __name__ == "__main__":
    raise AssertionError("only run as a script")
"""


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package and a few modules that cannot be imported, on the path."""
    package = tmp_path / "planted_app"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "service.py").write_text(SERVICE)
    (tmp_path / "planted_broken.py").write_text("x = 1\nimport surely_not_there\n")
    (tmp_path / "planted_raising.py").write_text("def f():\n    raise ValueError('a\\nb')\nf()\n")
    (tmp_path / "planted_syntax.py").write_text("def f(:\n")
    (tmp_path / "planted_exit.py").write_text("raise SystemExit\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if "planted" in name:
            del sys.modules[name]


def made() -> list[str]:
    return cast("list[str]", sys.modules["planted_app.service"].made)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("handle", ["handled"]),
        ("Handler.start", ["started"]),
        ("stream", ["first", "last"]),
        ("optional", ["optional"]),
        ("Handler", []),
    ],
)
def test_functions_classes_and_generators(name: str, expected: list[str]) -> None:
    call = find_target(f"planted_app.service:{name}")
    assert not is_async(call)
    call()
    assert made() == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("handle_async", ["awaited"]), ("stream_async", ["async first"])]
)
def test_coroutine_functions_and_their_generators(name: str, expected: list[str]) -> None:
    call = find_target(f"planted_app.service:{name}")
    assert is_async(call)
    asyncio.run(cast("Callable[[], Iterator[None]]", call)())  # type: ignore[arg-type]  # a coroutine
    assert made() == expected


def test_a_file_is_a_module_of_its_name(directory: Path) -> None:
    (directory / "planted_script.py").write_text("import planted_beside\ndef f(): return __name__")
    (directory / "planted_beside.py").write_text("")
    call = find_target(f"{directory}/planted_script.py:f")
    assert call() == "planted_script"
    assert sys.path[0] == str(directory)
    assert find_target("planted_script.py:f")() == "planted_script_script"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("planted_app.service", "write MODULE:CALLABLE"),
        ("planted_app.service:", "write MODULE:CALLABLE"),
        (":handle", "write MODULE:CALLABLE"),
        ("planted app:handle", "write MODULE:CALLABLE"),
        ("planted_app/service:handle", "write MODULE:CALLABLE"),
        ("planted_app.service:handle()", "write MODULE:CALLABLE"),
        ("planted_ap:handle", "no module 'planted_ap'; nearest: planted_app"),
        ("planted_app.servce:handle", "nearest: planted_app.service"),
        ("planted_app.service.x:f", "no module 'planted_app.service.x'"),
        ("zzzzzzzzzz:f", "no module 'zzzzzzzzzz'; is it below the current directory?"),
        ("planted_app/servic.py:f", "nearest: planted_app/service.py"),
        ("nowhere/at_all.py:f", "no file 'nowhere/at_all.py'; give the path"),
        ("planted_app.service:handel", "nearest: planted_app.service:handle"),
        ("planted_app.service:Handler.stop", "nearest: planted_app.service:Handler.start"),
        ("planted_app.service:LIMIT", "is of type int: nothing to call"),
        ("planted_app.service:needs", r"needs\(request, \*, limit\) needs arguments"),
        ("planted_app.service:Handler.run", r"Handler.run\(self\) needs arguments"),
        ("planted_broken:f", r"No module named 'surely_not_there' \(planted_broken.py:2\)"),
        ("planted_raising:f", r"ValueError: a b \(planted_raising.py:2\)"),
        ("planted_raising.py:f", r"ValueError: a b \(planted_raising.py:2\)"),
        ("planted_syntax:f", r"SyntaxError: .* \(planted_syntax.py:1\)"),
        ("planted_exit:f", r"cannot be imported: SystemExit \(planted_exit.py:1\)"),
    ],
)
def test_a_mistake_gets_one_line(text: str, said: str) -> None:
    with pytest.raises(LeakprobeError, match=said) as raised:
        find_target(text)
    assert "\n" not in str(raised.value)


def test_a_callable_that_does_not_say_what_it_takes_is_called() -> None:
    assert find_target("builtins:dict")() == {}


def test_ctrl_c_while_importing_is_no_error_of_the_module(directory: Path) -> None:
    (directory / "planted_slow.py").write_text("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        find_target("planted_slow:f")


def test_a_file_that_is_none(directory: Path) -> None:
    (directory / "planted.txt").write_text("")
    with pytest.raises(LeakprobeError, match="is no Python file"):
        import_file(directory / "planted.txt")


def test_an_error_without_a_line_has_no_place() -> None:
    assert place_of(ValueError()) == ""
    assert said_of(ValueError()) == "ValueError"
