"""What the README says exists, exists: links, endpoints, settings, commands."""

import re
import shlex
import subprocess
from dataclasses import fields
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from leakprobe.settings import Settings
from leakprobe.web.endpoints import ENDPOINTS, find_endpoint
from leakprobe.web.negotiation import MEDIA_TYPES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
MARKED = {"demo": "leakprobe demo", "tests": "pytest"}
CURL = re.compile(r"^(?:leak|curl) .*", re.MULTILINE)


def fenced_after(marker: str) -> str:
    found = re.search(rf"^<!-- {marker} -->\n```\w*\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert found, f"no fenced block directly after <!-- {marker} -->"
    return found[1].strip()


@pytest.mark.parametrize("marker", MARKED)
def test_a_marked_command_is_one_line_of_good_shell(marker: str) -> None:
    command = fenced_after(marker)
    assert "\n" not in command
    assert MARKED[marker] in command
    assert subprocess.run(["bash", "-n", "-c", command], check=False).returncode == 0


def test_ci_runs_the_readmes_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert 'readme_command "tests"' in script
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_relative_link_leads_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    relative = [target for target in targets if not urlsplit(target).scheme]
    assert [target for target in relative if not (ROOT / target).exists()] == []


def asked() -> list[tuple[str, str]]:
    """Method and target of every request that a fenced block makes, as the README names them."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    found = []
    for line in CURL.findall("\n".join(blocks)):
        words = shlex.split(line, comments=True)
        method = words[words.index("-X") + 1] if "-X" in words else "GET"
        targets = [word for word in words[1:] if word.startswith("/") or "://" in word]
        found += [(method, target.partition("/debug/memory")[2] or target) for target in targets]
    return found


def test_the_readme_asks_something() -> None:
    assert len(asked()) >= 10


@pytest.mark.parametrize(("method", "target"), asked())
def test_every_request_of_the_readme_is_one_that_the_agent_takes(method: str, target: str) -> None:
    parts = urlsplit(target)
    found = find_endpoint(method, parts.path)
    assert found is not None, f"no endpoint {method} {parts.path}"
    endpoint, _ = found
    declared = {parameter.name: parameter for parameter in endpoint.parameters}
    for name, value in parse_qsl(parts.query):
        if name == "format":
            assert value in set(endpoint.formats) & set(MEDIA_TYPES)
        else:
            declared[name].read(value)


def test_every_endpoint_stands_in_the_readme() -> None:
    table = set(re.findall(r"`(GET|POST|DELETE) (/[^`]*)`", README))
    assert table == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}


def test_every_setting_stands_in_the_readme_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", README, re.MULTILINE))
    assert set(rows) == {field.name for field in fields(Settings)}
    for field in fields(Settings):
        if field.default is not None:
            assert rows[field.name].strip("`") == _as_written(field.default)


def _as_written(default: object) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default).lower()


def test_the_other_package_of_our_name_is_mentioned() -> None:
    assert "leakprobe-agent" in README
    assert "pip install leakprobe`" in README
