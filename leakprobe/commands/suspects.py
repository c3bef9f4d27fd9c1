"""`leakprobe suspects URL`: is it a leak, which memory, and whose fault."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from leakprobe.codec import JsonValue, decode
from leakprobe.commands.remote import Unreachable, ask, remote_at
from leakprobe.errors import SchemaError
from leakprobe.model import Report
from leakprobe.render.suspects import suspects_page
from leakprobe.render.text import page_text
from leakprobe.settings import Settings

__all__ = ["Finding", "find_suspects_of"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What to print, and whether it says that there is a leak."""

    text: str
    leaks: bool


def find_suspects_of(
    url: str,
    *,
    token: str | None = None,
    limit: int = 10,
    as_json: bool = False,
    environment: Mapping[str, str] = os.environ,
) -> Finding:
    """What `/suspects` of a service answers.

    Args:
        url: of the service or its endpoints.
        token: the bearer token, where it is not that of the settings or the run directory.
        limit: at most so many suspects.
        as_json: as JSON.
        environment: where the settings are.

    Raises:
        Unreachable: the service cannot be reached.
        LeakprobeError: wrong usage: no such URL, no token or a wrong one.
    """
    remote = remote_at(url, token, Settings.from_environment(environment))
    said = ask(remote, f"/suspects?limit={limit}", "application/json")
    report, hidden = _report(said.json())
    page = suspects_page(report, hidden=hidden)
    text = said.text if as_json else page_text(page, base=remote.path)
    return Finding(text, report.verdict.state == "leak")


def _report(document: JsonValue) -> tuple[Report, int]:
    """The report, and how many suspects it leaves out."""
    try:
        report = decode(Report, document)
    except SchemaError as error:
        raise Unreachable(f"no agent of this version answers there: {error}") from error
    hidden = document.get("hidden_suspects") if isinstance(document, dict) else 0
    return report, hidden if isinstance(hidden, int) else 0
