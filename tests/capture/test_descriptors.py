"""Descriptors by what they are: real ones, and names that stay the same."""

import os
import socket
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from leakprobe.capture.descriptors import read_descriptors
from leakprobe.capture.pace import Pace


def read(proc: Path | None = None) -> Counter[str]:
    return Counter(read_descriptors(Pace(), *([] if proc is None else [proc])))


def test_everything_that_is_opened_is_named(tmp_path: Path) -> None:
    before = read()
    with ExitStack() as stack:
        opened = stack.enter_context
        for number in range(3):
            opened((tmp_path / f"upload-{number}.wav").open("w"))
            descriptor, _ = tempfile.mkstemp(dir=tmp_path)
            stack.callback(os.close, descriptor)
        opened((tmp_path / "app.log").open("w"))
        server = opened(socket.create_server(("127.0.0.1", 0)))
        port = server.getsockname()[1]
        for _ in range(2):
            opened(socket.create_connection(server.getsockname()))
            opened(server.accept()[0])
        opened(socket.socket())
        for end in (*os.pipe(), os.eventfd(0)):
            stack.callback(os.close, end)
        assert read() - before == {
            f"file {tmp_path}/upload-*.wav": 3,
            f"file {tmp_path}/*": 3,
            f"file {tmp_path}/app.log": 1,
            f"tcp socket that listens on 127.0.0.1:{port}": 1,
            f"tcp socket to 127.0.0.1:{port}": 2,
            f"tcp socket of a client of port {port}": 2,
            "tcp socket": 1,
            "pipe": 2,
            "eventfd": 1,
        }
    assert read() == before


def test_both_ends_of_a_path(tmp_path: Path) -> None:
    before, path = read(), str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)
        with server.accept()[0]:
            assert set(read() - before) == {
                f"unix socket that listens on {path}",
                f"unix socket of a client of {path}",
                f"unix socket to {path}",
            }


def link(proc: Path, number: int, target: str) -> None:
    (proc / "self/fd").mkdir(parents=True, exist_ok=True)
    (proc / f"self/fd/{number}").symlink_to(target)


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/srv/app.log", "file /srv/app.log"),
        ("/srv/app.log (deleted)", "file /srv/app.log (deleted)"),
        ("/srv/v2/part-00017-of-80.bin", "file /srv/v2/part-*-of-*.bin"),
        ("/tmp/tmpx8_2kq1a", "file /tmp/*"),  # a name, not a file
        ("/tmp/tmpabcdefgh.wav", "file /tmp/*.wav"),
        ("/tmp/tmpfiles.conf", "file /tmp/tmpfiles.conf"),
        ("/dev/urandom", "device /dev/urandom"),
        ("/dev/pts/3", "device /dev/pts/*"),
        ("/memfd:frames (deleted)", "file /memfd:frames (deleted)"),
        ("pipe:[4711]", "pipe"),
        ("net:[4026531840]", "net"),
        ("anon_inode:[eventpoll]", "eventpoll"),
        ("anon_inode:inotify", "inotify"),
        ("/srv/\x1b[31m", "file /srv/?[*"),
    ],
)
def test_names(target: str, name: str, tmp_path: Path) -> None:
    link(tmp_path, 3, target)
    assert read(tmp_path) == {name: 1}


def test_beyond_the_first_4096_they_are_counted_only(tmp_path: Path) -> None:
    for number in range(4100):
        link(tmp_path, number, "/srv/a")
    assert read(tmp_path) == {"file /srv/a": 4096, "not looked at: beyond the first 4,096": 4}


def test_a_descriptor_that_is_closed_meanwhile_is_none(tmp_path: Path) -> None:
    link(tmp_path, 3, "/srv/a")
    (tmp_path / "self/fd/4").mkdir()
    assert read(tmp_path) == {"file /srv/a": 1}
    assert read(tmp_path / "nowhere") == {}
