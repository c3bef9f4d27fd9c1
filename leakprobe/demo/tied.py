"""Runs a module as `python -m` does, in a process that ends when its parent ends.

A service that we start must not outlive us, however we end. A `finally` does nothing
against SIGKILL, and code between fork and exec is not safe beside other threads, so the
child asks for the signal itself, as its first act.

    python -P -m leakprobe.demo.tied PARENT_PID MODULE [ARGUMENT ...]
"""

import ctypes
import os
import runpy
import signal
import sys
from collections.abc import Sequence

__all__ = ["command", "main"]

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def command(module: str, *arguments: str) -> list[str]:
    """The command line that runs a module as a child tied to this process.

    `-P` keeps the working directory from shadowing what is installed.
    """
    return [sys.executable, "-P", "-m", "leakprobe.demo.tied", str(os.getpid()), module, *arguments]


def main(arguments: Sequence[str]) -> None:
    """Tie this process to its parent, then become the module."""
    parent, module = int(arguments[0]), arguments[1]
    _end_with(parent)
    sys.argv = list(arguments[1:])
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _end_with(parent: int) -> None:
    """Get SIGTERM when the parent ends (prctl(2)); where there is no prctl, nothing."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != parent:
        sys.exit(f"the parent process {parent} has ended")


if __name__ == "__main__":
    main(sys.argv[1:])
