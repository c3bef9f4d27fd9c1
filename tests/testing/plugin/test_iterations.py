"""Repeating the bodies of tests: whoever runs them, a leak is told from what comes once."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.native import needs_sampler

BODIES = Path(__file__).with_name("repeated_bodies.py")
ITERATIONS = 6
PLUGINS = ("pytest_asyncio.plugin", "anyio.pytest_plugin", "tests.testing.plugin.repetition_probe")
STATES = {"leak": "leak", "levels": "levels off", "none": "no growth"}


@dataclass(frozen=True, slots=True)
class Repeated:
    """One run of the bodies: verdicts by test, and what pytest printed."""

    verdicts: dict[str, dict[str, object] | None]
    printed: str

    def called(self, first: str) -> dict[str, dict[str, object] | None]:
        """Those whose names begin with a word."""
        return {name: v for name, v in self.verdicts.items() if word_of(name) == first}


def word_of(name: str) -> str:
    last = name.rpartition("::")[2]
    if "[" in last and not last.endswith("[asyncio]"):
        return last.partition("[")[2].rstrip("]")
    return last.partition("[")[0].removeprefix("test_").partition("_")[0]


def run_bodies(directory: Path, *arguments: str) -> Repeated:
    shutil.copy(BODIES, directory / "test_bodies.py")
    (directory / "pytest.ini").write_text("[pytest]\nmarkers = asyncio\n", encoding="utf-8")
    plugins = [part for name in PLUGINS for part in ("-p", name)]
    # Without its summary, which repeats what was said where it is not cut (as on a server).
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-rN",
        *plugins,
        "-p",
        "no:cacheprovider",
        *arguments,
    ]
    verdicts = directory / "verdicts.json"
    environment = {
        **os.environ,
        "PYTHONPATH": str(BODIES.parents[3]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PROBE_ITERATIONS": str(ITERATIONS),
        "PROBE_VERDICTS": str(verdicts),
    }
    ended = subprocess.run(
        command,
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,  # some of the bodies fail
    )
    printed = ended.stdout + ended.stderr
    assert verdicts.exists(), printed
    return Repeated(json.loads(verdicts.read_text(encoding="utf-8")), printed)


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> Repeated:
    return run_bodies(tmp_path_factory.mktemp("bodies"), "--anyio-mode=strict")


@needs_sampler
@pytest.mark.parametrize("word", ["leak", "levels", "none"])
def test_a_leak_is_told_from_what_comes_once(repeated: Repeated, word: str) -> None:
    found = {
        name: verdict and (verdict["state"], verdict["iterations"])
        for name, verdict in repeated.called(word).items()
    }
    said = (STATES[word], ITERATIONS)
    quiet = {said, ("levels off", ITERATIONS)} if word == "none" else {said}
    assert {name: verdict for name, verdict in found.items() if verdict not in quiet} == {}
    assert len(found) >= 3


@needs_sampler
def test_the_size_of_a_leak_is_exact(repeated: Repeated) -> None:
    verdict = repeated.verdicts["test_leak"]
    assert verdict is not None
    assert verdict["bytes_per_iteration"] == pytest.approx(20_000, rel=0.02)
    assert str(verdict["text"]).startswith("grew by 20.")
    assert str(verdict["text"]).endswith(" kB per iteration, in 5 of 5 iterations")


def test_what_cannot_be_repeated_says_why(repeated: Repeated) -> None:
    found = repeated.called("once")
    subtests = "pytest keeps the reports of its subtests"
    decorated = "@memory_leak_test repeats it, and judges it"
    assert {name: verdict and verdict["text"] for name, verdict in found.items()} == {
        "Case::test_once_with_subtests": f"not repeated: {subtests}",
        "test_once_with_hypothesis": "not repeated: hypothesis repeats it, and keeps what it found",
        "test_once_with_memory_leak_test": f"not repeated: {decorated}",
        "TestDecorated::test_once_asyncio": f"not repeated: {decorated}",
        "test_once_that_returns": "not repeated: it returns something",
    }
    assert {verdict and verdict["iterations"] for verdict in found.values()} == {1}


def test_errors_and_skips_are_those_of_the_test(repeated: Repeated) -> None:
    without = {**repeated.called("fails"), **repeated.called("skips")}
    assert len(without) == 6
    assert set(without.values()) == {None}
    for said in (
        "LookupError: at first",
        "LookupError: in a coroutine",
        "AssertionError: the third",
        f"leakprobe: in iteration 3 of {ITERATIONS}",
        "3 failed",
        "2 skipped, 1 xfailed",
    ):
        assert said in repeated.printed
    assert repeated.printed.count("leakprobe: in iteration") == 1
    assert "iterations.py" not in repeated.printed  # our frames are none of theirs
