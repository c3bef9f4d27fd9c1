"""Flame graphs are drawn of the guilty, and nothing stays of the innocent."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import memray
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe import extras
from leakprobe.errors import LeakprobeError, NotAvailable
from leakprobe.testing.plugin import memray_graph
from leakprobe.testing.plugin.memray_graph import MemrayGraphs, graph_name

kept: list[bytearray] = []


@pytest.fixture(scope="module", autouse=True)
def _started_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A pipe that memray opens in each process with its first tracker, and keeps."""
    with memray.Tracker(tmp_path_factory.mktemp("first") / "recording.bin"):
        pass


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where recordings lie; none is left."""
    directory = tmp_path / "scratch"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    yield directory
    kept.clear()
    assert list(directory.iterdir()) == []


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have drawn."""
    commands: list[list[str]] = []

    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        Path(command[command.index("--output") + 1]).touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(memray_graph, "_run", run)
    return commands


def keep_it() -> None:
    kept.append(bytearray(3_000_000))


def drop_it() -> None:
    bytearray(3_000_000)


def call_deeply(call: Callable[[], None], frames: int = 20) -> None:
    """As a test is called. memray loses as many outer frames as its start returned from."""
    if frames:
        call_deeply(call, frames - 1)
    else:
        call()


def test_the_graph_of_a_guilty_test_shows_what_was_kept(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    graphs = MemrayGraphs(tmp_path / "graphs")
    graphs.start(request.node)
    call_deeply(keep_it)
    call_deeply(drop_it)
    graph = graphs.finish(request.node, guilty=True)
    assert graph is not None
    assert graph.parent == tmp_path / "graphs"
    assert graph.name.startswith("tests-testing-plugin-test_memray_graph.py-test_the_graph_of")
    html = graph.read_text(encoding="utf-8")
    assert "keep_it" in html
    assert "drop_it" not in html


def test_nothing_is_written_for_an_innocent_test(
    request: pytest.FixtureRequest, tmp_path: Path, drawn: list[list[str]]
) -> None:
    graphs = MemrayGraphs(tmp_path / "graphs")
    for _ in range(2):
        graphs.start(request.node)
        assert graphs.finish(request.node, guilty=False) is None
    assert not (tmp_path / "graphs").exists()
    assert drawn == []


def test_one_directory_takes_the_graphs_of_many(
    request: pytest.FixtureRequest, tmp_path: Path, drawn: list[list[str]]
) -> None:
    graphs = MemrayGraphs(tmp_path / "graphs")
    for _ in range(2):
        graphs.start(request.node)
        graphs.finish(request.node, guilty=True)
    assert len(drawn) == 2  # an attempt after the first takes its place
    assert len(list((tmp_path / "graphs").iterdir())) == 1


def test_where_memray_is_missing_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(extras, "EXTRAS", {"memray": ("no_such_module_here",)})
    with pytest.raises(NotAvailable, match=r"pip install 'leakprobe-agent\[memray\]'"):
        MemrayGraphs(tmp_path)


def test_beside_another_tracker_it_is_refused_in_one_line(tmp_path: Path) -> None:
    with memray.Tracker(tmp_path / "other.bin"), pytest.raises(NotAvailable) as refused:
        MemrayGraphs(tmp_path)
    assert "memray records a process only once at a time" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_test_that_somebody_else_records_has_no_graph(
    request: pytest.FixtureRequest, tmp_path: Path, scratch: Path
) -> None:
    graphs = MemrayGraphs(tmp_path / "graphs")
    with memray.Tracker(tmp_path / "other.bin"):
        graphs.start(request.node)
        assert graphs.finish(request.node, guilty=True) is None
    assert list(scratch.iterdir()) == []


@dataclass(frozen=True, slots=True)
class FakeConfig:
    """What pytest-memray adds to a run's options: nothing, where it is not installed."""

    option: bool | None = None
    ini: bool | None = None

    def getoption(self, name: str, default: object) -> object:
        return default if self.option is None else self.option

    def getini(self, name: str) -> bool:
        if self.ini is None:
            raise ValueError(f"unknown configuration value: {name!r}")
        return self.ini


@pytest.mark.parametrize("marker", sorted(memray_graph.ITS_MARKERS))
def test_pytest_memray_has_its_tests_for_itself(marker: str, tmp_path: Path) -> None:
    item = SimpleNamespace(
        config=FakeConfig(), iter_markers=lambda: iter([SimpleNamespace(name=marker)])
    )
    graphs = MemrayGraphs(tmp_path)
    graphs.start(item)  # type: ignore[arg-type]  # all that is asked of an item
    with memray.Tracker(tmp_path / "its.bin"):
        pass
    assert graphs.finish(item, guilty=True) is None  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize("config", [FakeConfig(option=True), FakeConfig(False, True)])
def test_a_run_that_pytest_memray_records_is_refused(config: FakeConfig, tmp_path: Path) -> None:
    item = SimpleNamespace(config=config)
    with pytest.raises(NotAvailable, match=r"pytest-memray \(--memray\)"):
        MemrayGraphs(tmp_path).start(item)  # type: ignore[arg-type]  # all that is asked of it


@pytest.mark.parametrize("config", [FakeConfig(), FakeConfig(False, False)])
def test_a_run_without_pytest_memray_is_not(config: FakeConfig) -> None:
    memray_graph.refuse_pytest_memray(config)  # type: ignore[arg-type]  # all that is asked of it


def test_an_older_memray_draws_without_its_newer_options(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        refused = "--no-web" in command
        return subprocess.CompletedProcess(command, 2 if refused else 0, "", "")

    monkeypatch.setattr(memray_graph, "_run", run)
    graphs = MemrayGraphs(tmp_path)
    graphs.start(request.node)
    assert graphs.finish(request.node, guilty=True) is not None
    assert ["--no-web" in command for command in commands] == [True, False]


def test_a_drawing_that_fails_says_why(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "lines\nno space left\n")

    monkeypatch.setattr(memray_graph, "_run", run)
    graphs = MemrayGraphs(tmp_path)
    graphs.start(request.node)
    with pytest.raises(LeakprobeError, match=r"could not draw .*\.html: no space left"):
        graphs.finish(request.node, guilty=True)


@pytest.mark.parametrize(
    ("nodeid", "readable"),
    [
        ("tests/test_x.py::test_a", "tests-test_x.py-test_a"),
        ("test_x.py::T::test_a[a/b c-../..]", "test_x.py-T-test_a-a-b-c"),
        ("test_x.py::test_a[é]", "test_x.py-test_a"),
        ("x/" * 200 + "test_x.py::test_a", ("x-" * 200 + "test_x.py-test_a")[-120:]),
    ],
)
def test_names_of_files_are_readable(nodeid: str, readable: str) -> None:
    assert graph_name(nodeid).rpartition("-")[0] == readable


@given(st.text(), st.text())
@settings(deadline=None)
def test_names_of_files_are_safe_and_differ(one: str, other: str) -> None:
    name = graph_name(one)
    assert name.isascii()
    assert not set(name) & set('/\\:*?"<>|\0\n ')
    assert not name.startswith(".")
    assert len(name) < 150
    assert (name == graph_name(other)) == (one == other)
