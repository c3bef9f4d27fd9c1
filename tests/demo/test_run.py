"""`leakprobe demo` as a stranger runs it: a real service, real load, the truth on the screen."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from examples import subtitle_service
from leakprobe.demo.service_process import HOST

END_TO_END = pytest.mark.slow  # real load, real heap walks, a real picture
COMMAND = [sys.executable, "-P", "-m", "leakprobe", "demo"]
PNG = b"\x89PNG\r\n\x1a\n"
LEAKING_LINE = 1 + next(
    number
    for number, line in enumerate(Path(subtitle_service.__file__).read_text().splitlines())
    if "upload.ljust(ASR_LEAK_BYTES" in line
)


def environment(directory: Path, **more: str) -> dict[str, str]:
    own = {k: v for k, v in os.environ.items() if not k.startswith("LEAKPROBE_")}
    return {**own, "LEAKPROBE_DIRECTORY": str(directory / "run"), **more}


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    output: str
    document: dict[str, Any]  # Any: parsed JSON
    picture: Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Done:
    place = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [*COMMAND, "--once", "--json", "--seconds", "2", "--port", "0", "--png", "who.png"],
        cwd=place,
        env=environment(place),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Done(done.returncode, done.stderr, json.loads(done.stdout), place / "who.png")


@END_TO_END
def test_it_is_silent_in_a_pipe_and_every_request_was_answered(demo: Done) -> None:
    assert (demo.code, demo.output) == (0, "")
    assert demo.document["schema"] == 1
    assert demo.document["load"]["requests"] > 0
    assert demo.document["load"]["failed"] == 0


@END_TO_END
def test_the_first_row_of_the_diff_is_the_leaking_line(demo: Done) -> None:
    first = demo.document["diff"]["rows"][0]
    assert Path(first["file"]).name == "subtitle_service.py"
    assert (first["line"], first["function"]) == (LEAKING_LINE, "asr")
    assert first["bytes_per_request"] == pytest.approx(subtitle_service.ASR_LEAK_BYTES, rel=0.2)


@END_TO_END
def test_the_leaked_type_is_among_the_first(demo: Done) -> None:
    first = [row["type"] for row in demo.document["types"]["rows"][:3]]
    assert "leakprobe.examples.subtitle_service.TaskResult" in first


@END_TO_END
def test_the_timer_threads_are_one_group(demo: Done) -> None:
    groups = [row for row in demo.document["threads"]["rows"] if row["count"] > 1]
    in_timers = [
        row["count"]
        for row in groups
        if any("Timer.run" in str(frame["function"]) for frame in row["stack"])
    ]
    unloads = demo.document["load"]["requests"] * 4 // 40
    assert in_timers == [unloads + 1]  # and the one of the warm-up


@END_TO_END
def test_the_holder_is_named_and_drawn(demo: Done) -> None:
    assert "task_results" in json.dumps(demo.document["referrers"])
    if demo.document["picture"] is None:
        assert "leakprobe-agent[graph]" in demo.document["no_picture"]
    else:
        assert demo.document["picture"] == str(demo.picture)
        assert demo.picture.read_bytes().startswith(PNG)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


@END_TO_END
def test_it_serves_on_until_interrupted(tmp_path: Path, taken_port: int) -> None:
    with subprocess.Popen(
        [*COMMAND, "--seconds", "1", "--port", str(taken_port)],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        deadline = threading.Timer(100, process.kill)
        deadline.start()
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("The token is in "):
                break
        shown = "".join(lines)
        port = int(re.findall(rf"Port {taken_port} is taken; using (\d+)", shown)[0])
        with socket.create_connection((HOST, port), timeout=5):
            process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        deadline.cancel()
    with socket.socket() as probe:
        assert probe.connect_ex((HOST, port)) != 0
    commands = re.findall(
        r"^\$ curl -s -H \"Authorization: Bearer \$\(cat .*$", shown, re.MULTILINE
    )
    assert len(commands) >= 6
    assert f"subtitle_service.py:{LEAKING_LINE}" in shown
    assert (tmp_path / "run" / "token").read_text().strip() not in shown


def test_a_service_that_dies_ends_it_with_3_and_its_last_words(tmp_path: Path) -> None:
    broken = tmp_path / "uvicorn"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise RuntimeError('uvicorn is broken here')")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [*COMMAND, "--once", "--port", "0"],
        cwd=tmp_path,
        env=environment(tmp_path, PYTHONPATH=path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert "RuntimeError: uvicorn is broken here" in done.stderr


def test_a_wrong_setting_ends_it_with_2_and_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--once"],
        env=environment(tmp_path, LEAKPROBE_FRAMES="many"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "frames='many'" in done.stderr
