"""`python -m tests.leaks [NAME …] [--answers DIRECTORY]`: run the cases, print the table."""

import argparse
import json
import sys
from pathlib import Path

from tests.leaks.cases import cases
from tests.leaks.table import Row, run, table


def main() -> int:
    """Exit code 0 if everything was right, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.leaks", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these cases")
    parser.add_argument("--answers", type=Path, help="where to write the last answers, as JSON")
    options = parser.parse_args()
    unknown = set(options.names) - {case.name for case in cases()}
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")

    def tell(row: Row) -> None:
        wrong = "\n    ".join(("", *row.wrong)) if row.wrong else " all right"
        print(f"{row.case.name}:{wrong}", file=sys.stderr, flush=True)  # noqa: T201 - a command
        if options.answers:
            write(options.answers, row)

    chosen = [case for case in cases() if not options.names or case.name in options.names]
    rows = run(chosen, tell)
    print(table(rows))  # noqa: T201 - a command
    return int(any(row.wrong for row in rows))


def write(directory: Path, row: Row) -> None:
    """One file for each application."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, outcome in (("leaky", row.leak), ("fixed", row.twin)):
        if outcome:
            text = json.dumps({"sent": outcome.sent, "answer": outcome.answer}, indent=1)
            (directory / f"{row.case.name}.{name}.json").write_text(text)


if __name__ == "__main__":
    sys.exit(main())
