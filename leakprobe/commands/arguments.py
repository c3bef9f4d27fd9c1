"""The options of each command, as argparse wants them."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from leakprobe.errors import LeakprobeError

__all__ = ["Parser", "add_audit", "add_check", "add_demo", "add_doctor", "add_suspects"]

LAST_PORT = 65535
LONGEST = 10
MOST_SECONDS = 3600
MOST_CONNECTIONS = 256
MOST_SUSPECTS = 100
MOST_ITERATIONS = 10_000_000
FEWEST_ITERATIONS = 3
MOST_TIMEOUT_S = 86_400


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        """Wrong usage.

        Raises:
            LeakprobeError: always.
        """
        raise LeakprobeError(f"{' '.join(message.split())}; see {self.prog} --help")


def add_demo(parser: argparse.ArgumentParser) -> None:
    """A service that leaks, load, and the answers."""
    parser.description = (
        "Run a FastAPI service that leaks in three ways, send load to it, and show what the "
        "agent inside it says. It goes on serving until Ctrl-C."
    )
    parser.add_argument(
        "--port", type=whole(0, LAST_PORT), default=8000, help="port to listen on, if it is free"
    )
    parser.add_argument("--once", action="store_true", help="end after the pages")
    parser.add_argument(
        "--seconds",
        type=whole(1, MOST_SECONDS),
        default=40,
        metavar="N",
        help="how long the load lasts (40)",
    )
    parser.add_argument(
        "--connections",
        type=whole(1, MOST_CONNECTIONS),
        default=16,
        metavar="N",
        help="requests under way at once (16)",
    )
    parser.add_argument(
        "--png",
        type=Path,
        default=Path("leakprobe-demo.png"),
        metavar="FILE",
        help="where the picture of the holders goes (leakprobe-demo.png)",
    )
    parser.add_argument("--json", action="store_true", help="with --once: print JSON")


def add_doctor(parser: argparse.ArgumentParser) -> None:
    """What works here."""
    parser.description = "Say what works on this machine, and what to do about what does not."
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_suspects(parser: argparse.ArgumentParser) -> None:
    """The verdict of a running service."""
    parser.description = (
        "Ask the agent in a running service: is it a leak, which memory, and whose fault. "
        "The exit code is 1 where a leak was found, 0 where none was, 3 where nobody answers."
    )
    parser.add_argument("url", metavar="URL", help="such as http://127.0.0.1:8000")
    parser.add_argument(
        "--token", metavar="T", help="bearer token (LEAKPROBE_TOKEN, else that of this user)"
    )
    parser.add_argument(
        "--limit", type=whole(1, MOST_SUSPECTS), default=10, metavar="N", help="suspects (10)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_check(parser: argparse.ArgumentParser) -> None:
    """Whether one function leaks."""
    parser.description = (
        "Call a function without arguments again and again, in a process of its own, and say "
        "whether it leaks: which line, type and holder, and how much per call. The exit code is "
        "1 where it leaks, 0 where it does not, 2 where it cannot be called, 3 where it raises "
        "or crashes."
    )
    parser.add_argument(
        "target", metavar="MODULE:CALLABLE", help="such as app.service:handle or app.py:handle"
    )
    _add_calls(parser)
    parser.add_argument(
        "--include",
        action="append",
        default=[],
        metavar="PREFIX",
        help="judge only growth from lines below this path or package; may be repeated",
    )
    parser.add_argument(
        "--python-path",
        action="append",
        default=[],
        metavar="DIR",
        help="import from here before the current directory; may be repeated",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_audit(parser: argparse.ArgumentParser) -> None:
    """Suspected leaks, one by one."""
    parser.description = (
        "Measure each hypothesis that a script lists as HYPOTHESES in a process of its own, and "
        "print what became of it: confirmed, protected, no leak, not proven, not testable here. "
        "The exit code is 1 where one is confirmed, else 0."
    )
    parser.add_argument("script", metavar="SCRIPT.py", help="a file that lists HYPOTHESES")
    _add_calls(parser)
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="only hypotheses with this in their name; may be repeated",
    )
    parser.add_argument(
        "--timeout",
        type=whole(1, MOST_TIMEOUT_S),
        default=300,
        metavar="SECONDS",
        help="for each way of each hypothesis (300)",
    )
    parser.add_argument(
        "--format",
        choices=("text", "markdown", "json"),
        help="text, unless the name of the file says another",
    )
    parser.add_argument("--json", action="store_true", help="as --format json")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write there, and print only text"
    )


def _add_calls(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--iterations",
        type=whole(FEWEST_ITERATIONS, MOST_ITERATIONS),
        default=200,
        metavar="N",
        help="calls that are judged (200)",
    )
    parser.add_argument(
        "--warmup",
        type=whole(0, MOST_ITERATIONS),
        default=20,
        metavar="N",
        help="calls before, that are not (20)",
    )


def whole(least: int, most: int) -> Callable[[str], int]:
    """A reader of whole numbers within limits."""

    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < LONGEST and least <= int(text) <= most:
            return int(text)
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number from {least} to {most}")

    return read
