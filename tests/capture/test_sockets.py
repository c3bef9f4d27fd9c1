"""Sockets by their descriptors, and none of them changed by the look."""

import os
import socket
import struct
from collections.abc import Iterator

import pytest

from leakprobe.capture.sockets import Socket, parse_address, read_socket


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket, socket.socket]]:
    """A server that listens, a client, and the server's end of their connection."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
        server.accept()[0] as accepted,
    ):
        yield server, client, accepted


def test_both_ends_of_a_connection(
    pair: tuple[socket.socket, socket.socket, socket.socket],
) -> None:
    server, client, accepted = pair
    port, own = server.getsockname()[1], client.getsockname()[1]
    here, there = f"127.0.0.1:{port}", f"127.0.0.1:{own}"
    assert read_socket(server.fileno()) == Socket("tcp", here, port, listens=True)
    assert read_socket(client.fileno()) == Socket("tcp", there, own, here, port)
    assert read_socket(accepted.fileno()) == Socket("tcp", here, port, there, own)


def test_a_look_leaves_a_socket_blocking(
    pair: tuple[socket.socket, socket.socket, socket.socket],
) -> None:
    _, client, _ = pair
    socket.setdefaulttimeout(1.0)  # Python's own object would unblock the descriptor now
    try:
        read_socket(client.fileno())
    finally:
        socket.setdefaulttimeout(None)
    assert os.get_blocking(client.fileno())


def test_other_kinds() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
        assert read_socket(udp.fileno()).kind == "udp"
        assert read_socket(tcp.fileno()) == Socket("tcp", "0.0.0.0:0", 0)  # bound nowhere
    left, right = socket.socketpair()
    with left, right:
        assert read_socket(left.fileno()) == Socket("unix")


def test_what_is_no_socket() -> None:
    read, write = os.pipe()
    assert read_socket(read) == Socket()
    os.close(read)
    os.close(write)
    assert read_socket(write) == Socket()


def packed(family: int, rest: bytes) -> bytes:
    return struct.pack("=H", family) + rest


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            packed(socket.AF_INET, b"\x1f\x90\x0a\x00\x00\x05" + bytes(8)),
            (socket.AF_INET, "10.0.0.5:8080", 8080),
        ),
        (
            packed(socket.AF_INET6, b"\x00\x50" + bytes(4) + bytes(15) + b"\x01" + bytes(4)),
            (socket.AF_INET6, "[::1]:80", 80),
        ),
        (packed(socket.AF_UNIX, b"/run/x.sock\0"), (socket.AF_UNIX, "/run/x.sock", None)),
        (packed(socket.AF_UNIX, b"\0name"), (socket.AF_UNIX, "@name", None)),
        (packed(socket.AF_UNIX, b"/\xff\0"), (socket.AF_UNIX, "/\ufffd", None)),
        (packed(socket.AF_UNIX, b""), (socket.AF_UNIX, "", None)),
        (packed(16, bytes(10)), (16, "", None)),
        (b"\0", (None, "", None)),
    ],
)
def test_addresses(raw: bytes, expected: tuple[int | None, str, int | None]) -> None:
    assert parse_address(raw) == expected


def test_a_family_without_a_name_is_a_number() -> None:
    try:
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
    except OSError:
        pytest.skip("this system refuses netlink sockets")
    with netlink:
        assert read_socket(netlink.fileno()).kind == f"family {int(socket.AF_NETLINK)}"
