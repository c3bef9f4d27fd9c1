"""A child that serves: it starts, it says why it did not, and it never outlives its parent."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from leakprobe.demo.service_process import HOST, ServiceFailed, choose_port, running_service

APP = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
"""
PARENT = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
from leakprobe.demo.service_process import running_service
with running_service("served:app", int(sys.argv[1]), os.environ) as service:
    print(service.process.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "served.py").write_text(APP)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path}


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_service_answers_and_is_gone_afterwards(
    environment: dict[str, str], free_port: int
) -> None:
    with running_service("served:app", free_port, environment) as service:
        service.check_alive()
        with socket.create_connection((HOST, free_port), timeout=5):
            pass
        assert service.url == f"http://127.0.0.1:{free_port}"
    assert service.process.returncode is not None
    with socket.socket() as probe:
        assert probe.connect_ex((HOST, free_port)) != 0


def test_one_that_cannot_start_says_why(environment: dict[str, str], free_port: int) -> None:
    with (
        pytest.raises(ServiceFailed, match=r"^served:nothing ended with \d+:(.|\n)*nothing"),
        running_service("served:nothing", free_port, environment),
    ):
        pass


def test_one_whose_port_is_taken_says_so(environment: dict[str, str], taken_port: int) -> None:
    def serve() -> None:
        with running_service("served:app", taken_port, environment) as service:
            service.process.wait(30)
            service.check_alive()

    with pytest.raises(ServiceFailed, match="address already in use"):
        serve()


def test_one_that_dies_says_so(environment: dict[str, str], free_port: int) -> None:
    with running_service("served:app", free_port, environment) as service:
        service.process.kill()
        service.process.wait()
        with pytest.raises(ServiceFailed, match="served:app ended with -9"):
            service.check_alive()


def test_an_exception_ends_it(environment: dict[str, str], free_port: int) -> None:
    def fail() -> None:
        with running_service("served:app", free_port, environment) as service:
            pids.append(service.process.pid)
            raise LookupError

    pids: list[int] = []
    with pytest.raises(LookupError):
        fail()
    assert not psutil.pid_exists(pids[0])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_does_not_outlive_its_parent(
    environment: dict[str, str], free_port: int, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(free_port)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(number)
        parent.wait(30)
        gone, alive = psutil.wait_procs([child], timeout=30)
        assert (gone, alive) == ([child], [])


def test_a_port_that_is_free_is_taken_as_wished(free_port: int, taken_port: int) -> None:
    assert choose_port(free_port) == free_port
    assert choose_port(taken_port) not in (taken_port, 0)
