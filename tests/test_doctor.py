"""Each finding of the doctor, for a machine where it is so and one where it is not."""

import json
import os
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from leakprobe import doctor, extras
from leakprobe.capture.cgroup import CgroupMemory
from leakprobe.capture.native import HOW_TO_BUILD
from leakprobe.doctor import Finding, Report

GIB = 1 << 30


@pytest.mark.parametrize(
    ("implementation", "version", "state"),
    [
        ("CPython", (3, 10, 9), "missing"),
        ("CPython", (3, 11, 0), "ok"),
        ("CPython", (3, 13, 5), "ok"),
        ("CPython", (3, 14, 0), "warning"),
        ("PyPy", (3, 11, 0), "missing"),
    ],
)
def test_python(implementation: str, version: tuple[int, ...], state: str) -> None:
    found = doctor.python_finding(implementation, version)
    assert found.state == state
    assert implementation in found.found
    assert (found.remedy is not None) == (state == "missing")


NOT_BUILT = "it is not built in this installation"


@pytest.mark.parametrize(
    "finding", [doctor.sampler_finding, doctor.heap_walk_finding, doctor.requests_finding]
)
@pytest.mark.parametrize(
    ("missing", "remedy"),
    [
        (NOT_BUILT, HOW_TO_BUILD),
        ("it is built, and cannot be loaded: no such symbol", HOW_TO_BUILD),
        ("LEAKPROBE_NATIVE=0 in the environment switches it off", "unset LEAKPROBE_NATIVE"),
        ("only Linux has that, and this is darwin", "none but Linux"),
    ],
)
def test_a_part_of_the_core_that_is_missing_says_why_what_is_used_and_what_to_do(
    finding: Callable[[Callable[[], str | None]], Finding], missing: str, remedy: str
) -> None:
    found = finding(lambda: missing)
    assert found.state == "missing"
    assert found.found.startswith(f"{missing}; ")
    assert str(found.remedy).startswith(remedy)
    assert finding(lambda: None).state == "ok"


@pytest.mark.parametrize(
    ("value", "state"), [(None, "ok"), ("", "ok"), ("0", "ok"), ("1", "warning"), ("25", "warning")]
)
def test_tracing_from_the_start_is_a_warning(value: str | None, state: str) -> None:
    environment = {} if value is None else {"PYTHONTRACEMALLOC": value}
    assert doctor.tracemalloc_finding(environment).state == state


def test_settings_name_the_variables_but_never_the_token() -> None:
    found = doctor.settings_finding({"LEAKPROBE_TOKEN": "se cret", "HOME": "/"})
    assert found.state == "warning"
    assert "LEAKPROBE_TOKEN" in str(found.remedy)
    assert "cret" not in found.found
    assert doctor.settings_finding({"LEAKPROBE_FRAMES": "3"}).found == "LEAKPROBE_FRAMES"
    assert doctor.settings_finding({}).found == "the defaults"


def test_a_private_directory_is_good(tmp_path: Path) -> None:
    place = tmp_path / "run"
    place.mkdir(mode=0o700)
    found = doctor.directory_finding({"LEAKPROBE_DIRECTORY": str(place)})
    assert (found.state, found.remedy) == ("ok", None)


def test_a_directory_that_is_open_to_others_is_not(tmp_path: Path) -> None:
    place = tmp_path / "run"
    place.mkdir()
    place.chmod(0o755)
    found = doctor.directory_finding({"LEAKPROBE_DIRECTORY": str(place)})
    assert (found.state, found.remedy) == ("warning", "set LEAKPROBE_DIRECTORY")


def test_a_directory_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "run"
    assert doctor.directory_finding({"LEAKPROBE_DIRECTORY": str(place)}).state == "ok"
    assert not place.parent.exists()


@pytest.mark.parametrize("place", ["/proc/self/status/run", "/proc/self/status"])
def test_a_directory_that_cannot_be_made_is_a_warning(place: str) -> None:
    found = doctor.directory_finding({"LEAKPROBE_DIRECTORY": place})
    assert (found.state, found.remedy) == ("warning", "set LEAKPROBE_DIRECTORY")


@pytest.mark.parametrize(
    ("cgroup", "said"),
    [
        (CgroupMemory(None, None, None), "no control group"),
        (CgroupMemory(1, None, GIB), "v1 sets none; 8.0 GiB in the machine"),
        (CgroupMemory(2, 2 * GIB, GIB), "2.0 GiB by control group v2, 1.0 GiB of it used"),
        (CgroupMemory(2, 2 * GIB, None), "2.0 GiB by control group v2; 8.0 GiB"),
    ],
)
def test_memory_limit(cgroup: CgroupMemory, said: str) -> None:
    assert said in doctor.memory_limit_finding(cgroup, 8 * GIB).found


def test_proc(tmp_path: Path) -> None:
    assert doctor.proc_finding().state == "ok"
    hidden = doctor.proc_finding(tmp_path)
    assert hidden.state == "warning"
    assert "statm" in hidden.found


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("1.10.0", "ok"),
        ("0.40", "ok"),
        ("0.41.dev1", "ok"),
        ("0.39.9", "warning"),
        (None, "missing"),
    ],
)
def test_starlette(version: str | None, state: str) -> None:
    def lookup(name: str) -> str:
        if version is None:
            raise PackageNotFoundError(name)
        return version

    assert doctor.starlette_finding(lookup).state == state


def test_drawing() -> None:
    assert doctor.drawing_finding(lambda: "graphviz") == Finding("drawing", "ok", "graphviz")
    nothing = doctor.drawing_finding(lambda: None)
    assert nothing.state == "missing"
    assert "apt-get install graphviz" in str(nothing.remedy)


def test_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "EXTRAS", {"graph": ("json",), "demo": ("surely_not_installed",)})
    assert doctor.extra_finding("graph").state == "ok"
    found = doctor.extra_finding("demo")
    assert (found.state, found.remedy) == ("missing", "pip install 'leakprobe-agent[demo]'")


def test_the_text_counts_what_is_not_well_and_says_what_to_do() -> None:
    rows = (Finding("a", "ok", "fine"), Finding("b", "missing", "gone", "pip install it"))
    text = doctor.report_text(Report("1.2", rows))
    assert text.splitlines()[0] == "leakprobe 1.2: 1 of 2 checks have something to say."
    assert "      pip install it" in text.splitlines()
    assert "all is well" in doctor.report_text(Report("1.2", rows[:1]))


def test_the_json_says_the_same() -> None:
    report = Report("1.2", (Finding("a", "warning", "slow", None),))
    row = {"name": "a", "state": "warning", "found": "slow", "remedy": None}
    assert json.loads(doctor.report_json(report)) == {"schema": 1, "version": "1.2", "rows": [row]}


def test_this_machine_is_examined_without_an_exception() -> None:
    report = doctor.examine(os.environ)
    names = [row.name for row in report.rows]
    assert len(names) == len(set(names))
    assert [row for row in report.rows if row.state == "missing" and not row.remedy] == []
