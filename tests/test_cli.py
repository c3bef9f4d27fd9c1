"""The command line as a shell sees it: output, exit codes, and what it says to a mistake."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from leakprobe import cli, doctor, extras
from leakprobe._version import __version__
from leakprobe.capture.native import heap_walk_missing, sampler_missing
from leakprobe.demo.service_process import ServiceFailed
from leakprobe.errors import LeakprobeError, NotAvailable


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {k: v for k, v in os.environ.items() if not k.startswith("LEAKPROBE_")}
    return subprocess.run(
        [sys.executable, "-m", "leakprobe", *arguments],
        cwd=cwd,
        env={**own, "LEAKPROBE_DIRECTORY": str(cwd / "run"), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_doctor_prints_a_table_that_fits_a_terminal(tmp_path: Path) -> None:
    done = run("doctor", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(len(line) <= 100 for line in done.stdout.splitlines())
    assert f"leakprobe {__version__}" in done.stdout.splitlines()[0]
    built = sampler_missing() is None
    assert ("built for this Python, and loaded" in done.stdout) == built


def test_doctor_prints_json(tmp_path: Path) -> None:
    done = run("doctor", "--json", cwd=tmp_path)
    report = json.loads(done.stdout)
    assert (done.returncode, report["schema"], report["version"]) == (0, 1, __version__)
    rows = {row["name"]: row for row in report["rows"]}
    assert rows["Python"]["state"] == "ok"
    assert rows["sampled tracer"]["state"] == ("missing" if sampler_missing() else "ok")
    assert rows["heap walk"]["state"] == ("missing" if heap_walk_missing() else "ok")
    assert all(set(row) == {"name", "state", "found", "remedy"} for row in report["rows"])
    assert {row["state"] for row in report["rows"]} <= {"ok", "missing", "warning"}
    assert all(row["remedy"] for row in report["rows"] if row["state"] == "missing")


def test_doctor_changes_nothing_and_needs_no_good_settings(tmp_path: Path) -> None:
    done = run("doctor", cwd=tmp_path, LEAKPROBE_FRAMES="many", PYTHONTRACEMALLOC="2")
    assert (done.returncode, done.stderr) == (0, "")
    assert "frames='many'" in done.stdout
    assert "PYTHONTRACEMALLOC=2" in done.stdout
    assert not list(tmp_path.iterdir())


def test_doctor_says_what_is_missing_and_how_to_get_it(tmp_path: Path) -> None:
    done = run("doctor", "--json", cwd=tmp_path, LEAKPROBE_NATIVE="0")
    rows = {row["name"]: row for row in json.loads(done.stdout)["rows"]}
    for part in ("sampled tracer", "heap walk"):
        assert rows[part]["state"] == "missing"
        assert "LEAKPROBE_NATIVE=0" in rows[part]["found"]
        assert rows[part]["remedy"] == "unset LEAKPROBE_NATIVE"


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m leakprobe doctor | true"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_version(tmp_path: Path) -> None:
    done = run("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"leakprobe {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["doktor"], "no command 'doktor'; nearest: doctor"),
        (["xyzzy"], "no command 'xyzzy'; there are demo, doctor"),
        (["demo", "--json"], "add --once"),
        (["chek"], "no command 'chek'; nearest: check"),
        (["check", "app:f", "--include", ""], "--include ''"),
        (["audit", "audit.py", "--output", "nowhere/table.md"], "--output nowhere/table.md: No"),
    ],
)
def test_a_mistake_gets_one_line_and_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert said in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "--port", "65536"],
        ["demo", "--port", "-1"],
        ["demo", "--seconds", "0"],
        ["demo", "--connections", "9" * 30],
        ["demo", "--connections", "²"],
        ["doctor", "--loud"],
        ["doctor", "demo"],
        ["check"],
        ["check", "app:f", "--iterations", "0"],
        ["check", "app:f", "--iterations", "2"],
        ["check", "app:f", "--iterations", "-1"],
        ["check", "app:f", "--iterations", "many"],
        ["check", "app:f", "--warmup", "-1"],
        ["audit"],
        ["audit", "audit.py", "--iterations", "0"],
        ["audit", "audit.py", "--timeout", "0"],
        ["audit", "audit.py", "--format", "pdf"],
    ],
)
def test_wrong_usage_gets_one_line_and_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("leakprobe: ")
    assert err.endswith(" --help\n")


def test_no_command_shows_the_help_and_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "demo" in err


@pytest.mark.parametrize(
    ("error", "code"),
    [(LeakprobeError("no"), 2), (ServiceFailed("it died"), 3), (KeyboardInterrupt(), 130)],
)
def test_an_error_becomes_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    def fail() -> doctor.Report:
        raise error

    monkeypatch.setattr(doctor, "examine", fail)
    assert cli.main(["doctor"]) == code


def test_a_missing_extra_gets_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(extras, "EXTRAS", {"demo": ("json", "surely_not_installed")})
    assert cli.main(["demo"]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "surely_not_installed" in message
    assert "pip install 'leakprobe-agent[demo]'" in message
    with pytest.raises(NotAvailable):
        extras.require("demo")


def test_a_module_below_a_missing_package_is_missing_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "EXTRAS", {"graph": ("surely_not.installed", "json.tool")})
    assert extras.missing("graph") == ("surely_not.installed",)
