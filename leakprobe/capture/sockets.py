"""A socket's kind and ends, asked of the kernel by its descriptor (Linux)."""

import ctypes
import socket
import struct
from dataclasses import dataclass

from leakprobe.capture.libc import find_function

__all__ = ["Socket", "parse_address", "read_socket"]

ADDRESS_BYTES = 128  # struct sockaddr_storage
FAMILY_BYTES = 2
KINDS: dict[int | None, str] = {socket.SOCK_STREAM: "tcp", socket.SOCK_DGRAM: "udp"}


@dataclass(frozen=True, slots=True)
class Socket:
    """What the kernel says of a socket.

    Attributes:
        kind: `tcp`, `udp`, `unix`, or another family by its number; empty: it is none.
        local: its own address as text, or a path; empty where it has none.
        local_port: None where there are no ports.
        peer: the address that it is connected to; empty where it is not.
        peer_port: None where there are no ports.
        listens: whether it accepts connections.
    """

    kind: str = ""
    local: str = ""
    local_port: int | None = None
    peer: str = ""
    peer_port: int | None = None
    listens: bool = False


def read_socket(descriptor: int) -> Socket:
    """What this descriptor is, if it is a socket; nothing of it is changed."""
    family, local, local_port = _address("getsockname", descriptor)
    if family is None:
        return Socket()
    _, peer, peer_port = _address("getpeername", descriptor)
    return Socket(
        kind=_kind(family, _option(descriptor, socket.SO_TYPE)),
        local=local,
        local_port=local_port,
        peer=peer,
        peer_port=peer_port,
        listens=_option(descriptor, socket.SO_ACCEPTCONN) == 1,
    )


def _kind(family: int, type_of_socket: int | None) -> str:
    if family in {socket.AF_INET, socket.AF_INET6}:
        return KINDS.get(type_of_socket, "raw")
    return "unix" if family == socket.AF_UNIX else f"family {family}"


def _address(question: str, descriptor: int) -> tuple[int | None, str, int | None]:
    """Family, address and port; nothing where the kernel refuses."""
    buffer = ctypes.create_string_buffer(ADDRESS_BYTES)
    length = ctypes.c_uint(ADDRESS_BYTES)
    ask = find_function(question, ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    if ask is None or ask(descriptor, buffer, ctypes.byref(length)) != 0:
        return None, "", None
    return parse_address(buffer.raw[: length.value])


def parse_address(raw: bytes) -> tuple[int | None, str, int | None]:
    """A `struct sockaddr` (ip(7), ipv6(7), unix(7)) as family, text and port."""
    if len(raw) < FAMILY_BYTES:
        return None, "", None
    (family,) = struct.unpack_from("=H", raw)
    path = raw[FAMILY_BYTES:]
    if family == socket.AF_INET:
        (port,) = struct.unpack_from(">H", raw, 2)
        return family, f"{socket.inet_ntop(family, raw[4:8])}:{port}", port
    if family == socket.AF_INET6:
        (port,) = struct.unpack_from(">H", raw, 2)
        return family, f"[{socket.inet_ntop(family, raw[8:24])}]:{port}", port
    if family == socket.AF_UNIX and path:
        # The name of an abstract socket begins with a zero byte and ends with the address.
        name = b"@" + path[1:] if path[0] == 0 else path.split(b"\0", 1)[0]
        return family, name.decode("utf-8", "replace"), None
    return family, "", None


def _option(descriptor: int, option: int) -> int | None:
    ask = find_function("getsockopt", ctypes.c_int, *[ctypes.c_int] * 3, *[ctypes.c_void_p] * 2)
    value = ctypes.c_int()
    length = ctypes.c_uint(ctypes.sizeof(value))
    place, room = ctypes.byref(value), ctypes.byref(length)
    refused = ask is None or ask(descriptor, socket.SOL_SOCKET, option, place, room)
    return None if refused else value.value
