"""The server of our own, asked over real sockets."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from leakprobe import LeakProbe, Settings
from leakprobe.web.server import ProbeServer

HEADERS = {"authorization": "Bearer x"}


@pytest.fixture
def probe() -> Iterator[LeakProbe]:
    with LeakProbe(Settings(token="x", tracer="off", heap_budget=0.0)) as probe:
        yield probe


@pytest.fixture
def server(probe: LeakProbe) -> Iterator[ProbeServer]:
    with probe.serve("127.0.0.1", 0) as server:
        yield server


def test_the_same_endpoints_answer_from_a_thread_of_ours(server: ProbeServer) -> None:
    assert server.url == f"http://127.0.0.1:{server.port}/debug/memory"
    answer = httpx.get(f"{server.url}/threads?format=json", headers=HEADERS)
    assert answer.status_code == 200
    assert not [row for row in answer.json()["rows"] if row["name"].startswith("leakprobe")]
    assert httpx.get(f"{server.url}/").status_code == 401
    assert httpx.head(f"{server.url}/", headers=HEADERS).content == b""
    taken = httpx.post(f"{server.url}/snapshots", headers=HEADERS, data={"label": "a"})
    assert taken.status_code == 200
    dropped = httpx.delete(f"{server.url}/snapshots/s9999", headers=HEADERS)
    assert dropped.status_code == 404
    too_large = httpx.post(f"{server.url}/snapshots", headers=HEADERS, content=b"x" * 70_000)
    assert too_large.status_code == 413


@pytest.mark.parametrize(
    "request_line",
    [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\ncontent-length: -5\r\n\r\n", b"\x00\xff\r\n\r\n"],
)
def test_nonsense_does_not_end_it(server: ProbeServer, request_line: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as peer:
        peer.sendall(request_line)
        peer.recv(1000)
    assert httpx.get(f"{server.url}/", headers=HEADERS).status_code == 200


def test_a_client_that_leaves_at_once_is_nobodys_problem(server: ProbeServer) -> None:
    socket.create_connection(("127.0.0.1", server.port)).close()
    assert httpx.get(f"{server.url}/", headers=HEADERS).status_code == 200


def test_stop_twice(probe: LeakProbe) -> None:
    server = probe.serve()
    server.stop()
    server.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_a_port_that_is_taken_is_an_os_error_and_leaves_nothing(
    probe: LeakProbe, server: ProbeServer
) -> None:
    with pytest.raises(OSError, match="in use"):
        probe.serve("127.0.0.1", server.port)
