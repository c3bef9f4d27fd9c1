"""Samples allocations in every interpreter that has this folder on its PYTHONPATH.

`site` imports a module of this name before anything of the program (Lib/site.py), in
child interpreters and sub-interpreters too. SAMPLER_FILE names the extension, which is
loaded without the package around it; SAMPLE_BYTES is the interval, and 0 loads it only;
COUNTERS_FOLDER is where each interpreter that ends in order says how much it sampled.
"""

import atexit
import importlib.util
import os
from importlib.machinery import ExtensionFileLoader
from types import ModuleType

NAME = "_sampler"
FRAMES = 32


def load(file: str) -> ModuleType | None:
    """The extension; None in a sub-interpreter, where it refuses to be."""
    spec = importlib.util.spec_from_loader(NAME, ExtensionFileLoader(NAME, file))
    if spec is None:
        return None
    try:
        module = importlib.util.module_from_spec(spec)
        ExtensionFileLoader(NAME, file).exec_module(module)
    except ImportError:
        return None
    return module


def sample(sampler: ModuleType, sample_bytes: int, folder: str) -> None:
    """Sample from now to the end of the interpreter, where it can be."""
    if sampler.refusal() is not None:
        return
    sampler.start(sample_bytes, FRAMES, None)
    write = open  # some tests put another one into builtins

    def leave_word() -> None:
        with write(os.path.join(folder, str(os.getpid())), "w", encoding="utf-8") as file:  # noqa: PTH118 - pathlib is not imported into others' interpreters
            file.write(str(sampler.counters().sampled))

    atexit.register(leave_word)


if "SAMPLER_FILE" in os.environ:
    found = load(os.environ["SAMPLER_FILE"])
    if found is not None and int(os.environ["SAMPLE_BYTES"]) > 0:
        sample(found, int(os.environ["SAMPLE_BYTES"]), os.environ["COUNTERS_FOLDER"])
