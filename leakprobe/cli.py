"""The command `leakprobe`: arguments in, calls made, exit code out.

Exit codes: 0 fine, 1 a leak was found, 2 wrong usage or something is not installed, 3 what
is asked about could not be reached or died.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from leakprobe._version import __version__
from leakprobe.commands import arguments as options_of
from leakprobe.errors import LeakprobeError, UnknownName

__all__ = ["main"]

FINE = 0
LEAK_FOUND = 1
WRONG_USAGE = 2
TARGET_FAILED = 3
INTERRUPTED = 130


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
    parser = options_of.Parser(
        prog="leakprobe", description="Find memory leaks in a live Python service."
    )
    parser.add_argument("--version", action="version", version=f"leakprobe {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    known: dict[str, Callable[[argparse.Namespace], int]] = {}
    for name, (add_options, run, meaning) in COMMANDS.items():
        add_options(commands.add_parser(name, help=meaning))
        known[name] = run
    return parser, known


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


def _check(options: argparse.Namespace) -> int:
    from leakprobe.commands.check import check_target

    checked = check_target(
        options.target,
        iterations=options.iterations,
        warmup=options.warmup,
        include=options.include,
        python_path=options.python_path,
        as_json=options.json,
    )
    print(checked.text, end="")
    return LEAK_FOUND if checked.leaks else FINE


def _audit(options: argparse.Namespace) -> int:
    from leakprobe.commands.audit import AuditOptions, audit_script
    from leakprobe.commands.audit_output import check_writable, chosen_form, confirms, write_report

    form = chosen_form("json" if options.json else options.format, options.output)
    check_writable(options.output)
    report = audit_script(
        options.script,
        AuditOptions(options.iterations, options.warmup, tuple(options.only), options.timeout),
    )
    print(write_report(report, form, options.output), end="")
    return LEAK_FOUND if confirms(report) else FINE


def _exit_code(error: LeakprobeError) -> int:
    from leakprobe.commands.check import TargetFailed
    from leakprobe.commands.remote import Unreachable
    from leakprobe.demo.service_process import ServiceFailed

    failed = isinstance(error, ServiceFailed | TargetFailed | Unreachable)
    return TARGET_FAILED if failed else WRONG_USAGE


COMMANDS = {
    "demo": (options_of.add_demo, _demo, "run a service that leaks, and find its leaks"),
    "doctor": (options_of.add_doctor, _doctor, "say what works on this machine"),
    "suspects": (options_of.add_suspects, _suspects, "ask a service whether it leaks"),
    "check": (options_of.add_check, _check, "call a function again and again: does it leak?"),
    "audit": (options_of.add_audit, _audit, "measure suspected leaks one by one"),
}
