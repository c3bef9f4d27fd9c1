"""File descriptors by kind and target: what `/proc/self/fd` points at (proc(5)).

Sockets are asked for their ends with getsockname(2) and getpeername(2), through ctypes:
Python's `socket` object would make the descriptor non-blocking where the application has
set a default timeout (Modules/socketmodule.c: init_sockobj). /proc/net/tcp is not read: it
lists all sockets of the machine.
"""

import os
import re
from pathlib import Path

from leakprobe.capture.names import clean_name
from leakprobe.capture.pace import Pace
from leakprobe.capture.procfs import PROC, list_numbers
from leakprobe.capture.sockets import Socket, read_socket

__all__ = ["read_descriptors"]

MOST_READ = 4096
PER_STRETCH = 100
UNREAD = f"not looked at: beyond the first {MOST_READ:,}"

# Names that programs make up: with numbers in them, and those of Python's `tempfile`.
MADE_UP = re.compile(r"\w*\d\w*|tmp[a-z0-9_]{8}(?![a-z0-9_])")
FIRST_EPHEMERAL_PORT = 32768  # ip(7): where ip_local_port_range begins


def read_descriptors(pace: Pace, proc: Path = PROC) -> list[str]:
    """What each open descriptor is; nothing where there is no proc(5).

    Files are named by path, with a star for what is made up in the last part of it, so
    that the same files of two moments have the same name.
    """
    numbers = list_numbers(f"{proc}/self/fd")
    named: list[str] = []
    sockets: list[Socket] = []
    for position, number in enumerate(numbers[:MOST_READ], start=1):
        try:
            target = os.readlink(f"{proc}/self/fd/{number}")  # noqa: PTH115  # a path would be cut
        except OSError:
            continue  # closed meanwhile, as is the one through which they were listed
        if target.startswith("socket:"):
            sockets.append(read_socket(number))
        else:
            named.append(_name(target))
        if position % PER_STRETCH == 0:
            pace.rest()
    listening = {each.local_port for each in sockets if each.listens}
    named += [_socket_name(each, listening) for each in sockets]
    return named + [UNREAD] * max(0, len(numbers) - MOST_READ)


def _name(target: str) -> str:
    """`pipe`, `eventfd`, `file /srv/data/*.wav`."""
    if target.startswith("anon_inode:"):
        return clean_name(target.removeprefix("anon_inode:").strip("[]"))
    if not target.startswith("/"):
        return clean_name(target.partition(":")[0])
    directory, _, name = target.rpartition("/")
    kind = "device" if directory.startswith("/dev") else "file"
    return clean_name(f"{kind} {directory}/{MADE_UP.sub('*', name)}")


def _socket_name(one: Socket, listening: set[int | None]) -> str:
    """`tcp socket to 10.0.0.5:5432`, `tcp socket of a client of port 8000`.

    A client's own port is another each time, so it is left out.
    """
    kind = f"{one.kind} socket".lstrip()
    if one.listens:
        return clean_name(f"{kind} that listens on {one.local}")
    if _is_accepted(one, listening):
        where = one.local if one.local_port is None else f"port {one.local_port}"
        return clean_name(f"{kind} of a client of {where}")
    return clean_name(f"{kind} to {one.peer}") if one.peer else kind


def _is_accepted(one: Socket, listening: set[int | None]) -> bool:
    """Whether the other end began: by the ports; a path only the server has."""
    if one.local_port is None:
        return bool(one.local) and not one.peer
    if one.peer_port is None:
        return False
    beyond = one.peer_port >= FIRST_EPHEMERAL_PORT > one.local_port
    return one.local_port in listening or beyond
