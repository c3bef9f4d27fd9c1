"""Which lines are the application's."""

import pytest

from leakprobe.model import Frame
from leakprobe.model.application import application_frame, is_library

APP = Frame("/srv/app/main.py", 42, "asr")
INSTALLED = Frame("/srv/venv/lib/python3.11/site-packages/app/views.py", 7, "view")
JSON = Frame("/usr/lib/python3.11/json/decoder.py", 353, "raw_decode")
OURS = Frame("/srv/venv/lib/python3.11/site-packages/leakprobe/web/middleware.py", 80, "call")
MADE = Frame("<string>", 3, "__init__")


@pytest.mark.parametrize(
    ("file", "library"),
    [
        (APP.file, False),
        (INSTALLED.file, True),
        (JSON.file, True),
        (OURS.file, True),
        ("/work/leakprobe/web/middleware.py", True),
        ("/work/leakprobe/examples/service.py", False),
        ("/venv/lib/python3.11/site-packages/leakprobe/examples/service.py", False),
        ("/usr/lib/python3/dist-packages/six.py", True),
        ("<frozen importlib._bootstrap>", True),
        ("/srv/venv/bin/uvicorn", True),
        ("/srv/app/bin/serve.py", False),
        ("/srv/app/cabin/serve", False),
        ("/work/leakprobe/demo/tied.py", True),
    ],
)
def test_libraries_are_told_from_the_application(file: str, library: bool) -> None:
    assert is_library(file) is library


@pytest.mark.parametrize(
    ("stack", "site"),
    [
        ((JSON, MADE, APP, INSTALLED, OURS), APP),
        ((APP, Frame("/srv/app/other.py", 1)), APP),
        ((JSON, INSTALLED, OURS), INSTALLED),
        ((JSON, MADE), JSON),
        ((), None),
    ],
)
def test_the_innermost_line_of_the_application_is_the_site(
    stack: tuple[Frame, ...], site: Frame | None
) -> None:
    assert application_frame(stack) == site
