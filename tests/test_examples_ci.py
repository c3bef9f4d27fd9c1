"""The workflow and the pyproject section that people copy: pytest takes what they say."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

CI = Path(__file__).parent.parent / "examples" / "ci"
WORKFLOW = (CI / "memory-leaks.yml").read_text(encoding="utf-8")
SECTION = (CI / "pyproject-section.toml").read_text(encoding="utf-8")
TEST = """
import pytest

@pytest.mark.unit
@pytest.mark.memory_leak(threshold_mb=2)
def test_unit(request):
    assert request.config.getini("leak_threshold_mb") == "5.0"

@pytest.mark.integration
@pytest.mark.skip_leak_detection
def test_integration():
    pass

@pytest.mark.stress
def test_stress():
    pass
"""


def commands() -> list[list[str]]:
    """Every `run:` of the workflow, in words; folded ones in one line."""
    folded = re.sub(r"run: >-\n\s+(.*)\n\s+(.*)\n", r"run: \1 \2\n", WORKFLOW)
    return [shlex.split(line) for line in re.findall(r"^\s+run: (.*)$", folded, re.MULTILINE)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(SECTION, encoding="utf-8")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text(TEST, encoding="utf-8")
    return tmp_path


def run_pytest(project: Path, *options: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "leakprobe.testing.pytest_plugin", *options]
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, cwd=project, env=alone, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_pytest_takes_the_section_and_each_command_of_the_workflow(project: Path) -> None:
    ran = [words for words in commands() if words[0] == "pytest"]
    assert len(ran) == 2
    selected = [run_pytest(project, *words[1:]) for words in ran]
    assert "2 passed, 1 deselected" in selected[0]
    assert "1 passed, 2 deselected" in selected[1]
    assert (project / "reports" / "tests.xml").exists()
    assert (project / "reports" / "stress.xml").exists()


def test_the_extras_that_are_installed_exist() -> None:
    extras = tomllib.loads(SECTION)["project"]["optional-dependencies"]
    ours = tomllib.loads((CI.parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
    (needed,) = [one for one in extras["test"] if one.startswith("leakprobe-agent")]
    assert set(needed.partition("[")[2].rstrip("]").split(",")) <= set(
        ours["project"]["optional-dependencies"]
    )
    assert ["pip", "install", "-e", ".[test]"] in commands()


def test_the_workflow_is_yaml() -> None:
    yaml = pytest.importorskip("yaml")
    jobs = yaml.safe_load(WORKFLOW)["jobs"]
    assert set(jobs) == {"tests", "stress"}
    steps = [step for job in jobs.values() for step in job["steps"]]
    assert all(("uses" in step) != ("run" in step) for step in steps)
    assert [shlex.split(step["run"]) for step in steps if "run" in step] == commands()
