"""Builds the native core where a C compiler is present; everything else stands in pyproject.toml.

Without a compiler the installation succeeds and leakprobe uses what is written in
Python. With LEAKPROBE_REQUIRE_NATIVE=1 in the environment a failed build is an error.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup

NATIVE = Path("leakprobe/capture/_native")
SUPPORTED = sys.implementation.name == "cpython" and (3, 11) <= sys.version_info < (3, 14)
REQUIRED = os.environ.get("LEAKPROBE_REQUIRE_NATIVE", "") not in {"", "0"}


def extension(name: str) -> Extension:
    """One extension module: every C file in the folder of its name."""
    folder = NATIVE / name
    return Extension(
        f"leakprobe.capture._native._{name}",
        sources=sorted(str(file) for file in folder.glob("*.c")),
        depends=sorted(str(file) for file in (*folder.glob("*.h"), *NATIVE.glob("*.h"))),
        include_dirs=[str(NATIVE)],
        define_macros=[("Py_BUILD_CORE_MODULE", "1")],
        extra_compile_args=["-std=c11", "-O2", "-fvisibility=hidden", "-Wall", "-Wextra"],
        libraries=["m"],
        optional=not REQUIRED,
    )


# The heap walk copies the process in a way that only Linux has.
names = ["requests", "sampler", *(["heap"] if sys.platform == "linux" else [])]
setup(ext_modules=[extension(name) for name in names] if SUPPORTED or REQUIRED else [])
