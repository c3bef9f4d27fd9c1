"""The module that notes requests, by itself: where it loads, and what it refuses.

What it does is tested beside its reference in Python: `tests/web/test_request_watch.py`,
`tests/web/test_route_memo.py` and `tests/capture/test_requests.py`.
"""

import subprocess
import sys
from contextvars import ContextVar
from typing import Any

import pytest

from leakprobe.capture.native import requests_missing
from tests.native import needs_requests

if requests_missing() is None:
    from leakprobe.capture._native import _requests

pytestmark = needs_requests

# Loaded from its file: some of what the package imports refuses sub-interpreters itself.
SUB_INTERPRETER = """
import sys
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

LOAD = f'''if 1:
    from importlib.machinery import ExtensionFileLoader
    from importlib.util import module_from_spec, spec_from_file_location
    spec = spec_from_file_location("_requests", {sys.argv[1]!r})
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
'''
exec(LOAD)
print(module.Tally(bytes(8)).read())
other = interpreters.create()
try:
    error = interpreters.run_string(other, LOAD)
except interpreters.RunFailedError as raised:
    error = raised
finally:
    interpreters.destroy(other)
print("ImportError" in str(error))
print(module.Tally(bytes(8)).read())
"""


def test_it_loads_in_the_main_interpreter_only() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", SUB_INTERPRETER, _requests.__file__],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    nothing = "(0, 0, 0.0, 0.0, [0, 0])"
    assert done.stdout.splitlines() == [nothing, "True", nothing]


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": b"/debug"},
        {"memo": {}},
        {"variable": None},
        {"peers": ()},
        {"more": 1},
    ],
)
def test_a_watch_is_made_of_the_right_parts(wrong: dict[str, Any]) -> None:
    parts: dict[str, Any] = {
        "path": "/debug",
        "memo": _requests.Memo(),
        "find_out": print,
        "tags": None,
        "variable": ContextVar("a test's"),
        "peers": [],
        "note_error": print,
    }
    _requests.Watch(**parts)
    with pytest.raises(TypeError):
        _requests.Watch(**parts | wrong)


def test_a_request_is_made_by_a_watch_only() -> None:
    with pytest.raises(TypeError, match="cannot create"):
        _requests.Request()
