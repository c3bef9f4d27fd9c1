"""The command `leakprobe`: arguments in, calls made, exit code out.

Exit codes: 0 fine, 1 a leak was found, 2 wrong usage or something is not installed, 3 the
service could not be reached or died.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from leakprobe._version import __version__
from leakprobe.errors import LeakprobeError, UnknownName

__all__ = ["main"]

FINE = 0
LEAK_FOUND = 1
WRONG_USAGE = 2
SERVICE_FAILED = 3
INTERRUPTED = 130
LAST_PORT = 65535
LONGEST = 10
MOST_SECONDS = 3600
MOST_CONNECTIONS = 256
MOST_SUSPECTS = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answers the exit code.

    Args:
        arguments: the command line without the program's name; None: `sys.argv`.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(given)
    except LeakprobeError as error:
        print(f"leakprobe: {error}", file=sys.stderr)
        return _exit_code(error)
    except BrokenPipeError:
        # Whoever reads us has enough; what Python flushes at its end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(arguments: list[str]) -> int:
    parser, commands = _parser()
    first = next((word for word in arguments if not word.startswith("-")), None)
    if first is not None and first not in commands:
        raise UnknownName("command", first, commands, f"there are {', '.join(commands)}")
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help(sys.stderr)
        return WRONG_USAGE
    return commands[options.command](options)


def _parser() -> tuple[argparse.ArgumentParser, dict[str, Callable[[argparse.Namespace], int]]]:
    parser = argparse.ArgumentParser(
        prog="leakprobe", description="Find memory leaks in a live Python service."
    )
    parser.add_argument("--version", action="version", version=f"leakprobe {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_demo(commands.add_parser("demo", help="run a service that leaks, and find its leaks"))
    _add_doctor(commands.add_parser("doctor", help="say what works on this machine"))
    _add_suspects(commands.add_parser("suspects", help="ask a service whether it leaks"))
    return parser, {"demo": _demo, "doctor": _doctor, "suspects": _suspects}


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Run a FastAPI service that leaks in three ways, send load to it, and show what the "
        "agent inside it says. It goes on serving until Ctrl-C."
    )
    parser.add_argument(
        "--port", type=_whole(0, LAST_PORT), default=8000, help="port to listen on, if it is free"
    )
    parser.add_argument("--once", action="store_true", help="end after the pages")
    parser.add_argument(
        "--seconds",
        type=_whole(1, MOST_SECONDS),
        default=40,
        metavar="N",
        help="how long the load lasts (40)",
    )
    parser.add_argument(
        "--connections",
        type=_whole(1, MOST_CONNECTIONS),
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


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.description = "Say what works on this machine, and what to do about what does not."
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_suspects(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Ask the agent in a running service: is it a leak, which memory, and whose fault. "
        "The exit code is 1 where a leak was found, 0 where none was, 3 where nobody answers."
    )
    parser.add_argument("url", metavar="URL", help="such as http://127.0.0.1:8000")
    parser.add_argument(
        "--token", metavar="T", help="bearer token (LEAKPROBE_TOKEN, else that of this user)"
    )
    parser.add_argument(
        "--limit", type=_whole(1, MOST_SUSPECTS), default=10, metavar="N", help="suspects (10)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _demo(options: argparse.Namespace) -> int:
    from leakprobe.extras import require

    if options.json and not options.once:
        raise LeakprobeError("demo --json prints one document and ends: add --once")
    require("demo")
    from leakprobe.demo.run import DemoOptions, run_demo

    return run_demo(
        DemoOptions(
            port=options.port,
            once=options.once,
            seconds=options.seconds,
            connections=options.connections,
            png=options.png,
            as_json=options.json,
        )
    )


def _doctor(options: argparse.Namespace) -> int:
    from leakprobe.doctor import examine, report_json, report_text

    rows = examine()
    print((report_json if options.json else report_text)(rows), end="")
    return FINE


def _suspects(options: argparse.Namespace) -> int:
    from leakprobe.commands.suspects import find_suspects_of

    found = find_suspects_of(
        options.url, token=options.token, limit=options.limit, as_json=options.json
    )
    print(found.text, end="")
    return LEAK_FOUND if found.leaks else FINE


def _exit_code(error: LeakprobeError) -> int:
    from leakprobe.commands.remote import Unreachable
    from leakprobe.demo.service_process import ServiceFailed

    failed = isinstance(error, ServiceFailed | Unreachable)
    return SERVICE_FAILED if failed else WRONG_USAGE


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < LONGEST and least <= int(text) <= most:
            return int(text)
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number from {least} to {most}")

    return read
