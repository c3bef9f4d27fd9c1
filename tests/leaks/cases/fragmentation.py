"""Freed memory that cannot be used again: small blocks that stay keep the holes apart.

A large buffer is shrunk to what was read into it, as CPython does in `socket.recv`
(Modules/socketmodule.c), and what was read is kept. The hole behind it is a little too
small for the next buffer.
"""

import ctypes

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

BUFFER_BYTES = 50_000
MESSAGE_BYTES = 24

CASE = Case(
    __name__,
    "fragmentation",
    Load({"POST /messages": 1, INNOCENT: 1}),
    Leak(
        resource="allocator",
        types=(),
        holder=None,
        route="POST /messages",
        bytes_per_request=BUFFER_BYTES - MESSAGE_BYTES,
        sited=False,
    ),
)

library = ctypes.CDLL(None)
library.malloc.restype = library.realloc.restype = ctypes.c_void_p
library.malloc.argtypes = [ctypes.c_size_t]
library.realloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
library.free.argtypes = [ctypes.c_void_p]


def buffer() -> int:
    address = library.malloc(BUFFER_BYTES)
    ctypes.memset(address, 1, BUFFER_BYTES)
    return int(address)


def read() -> tuple[int, int]:
    """Two messages, each at the start of its buffer: behind the second the heap may end."""
    first, second = buffer(), buffer()
    return library.realloc(first, MESSAGE_BYTES), library.realloc(second, MESSAGE_BYTES)


leaky, fixed = make_service(), make_service()


@leaky.post("/messages")
async def keep_messages() -> int:
    return len(read())


@fixed.post("/messages")
async def read_messages() -> int:
    messages = read()
    for message in messages:
        library.free(message)
    return len(messages)
