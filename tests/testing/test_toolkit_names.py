"""The toolkit's front door: every name is there, and costs nothing until it is used."""

import subprocess
import sys

import pytest

import leakprobe.testing

FRESH = """
import sys
import leakprobe.testing
heavy = {"psutil", "asyncio", "starlette", "leakprobe.capture", "leakprobe.model"}
print(heavy & set(sys.modules))
"""


@pytest.mark.parametrize("name", leakprobe.testing.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(leakprobe.testing, name).__name__ == name
    assert name in dir(leakprobe.testing)


def test_importing_the_package_imports_nothing_else() -> None:
    done = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'LeakProfiler'"):
        _ = leakprobe.testing.LeakProfiler
