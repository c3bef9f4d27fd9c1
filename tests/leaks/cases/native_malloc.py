"""A C library's memory that nobody frees: Python sees an address, and no object."""

import ctypes

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

PICTURE_BYTES = 30_000

CASE = Case(
    __name__,
    "native memory of a C library",
    Load({"POST /pictures": 1, INNOCENT: 1}),
    Leak(
        resource="native",
        types=(),
        holder=None,
        route="POST /pictures",
        bytes_per_request=PICTURE_BYTES,
        sited=False,
    ),
)

library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.malloc.argtypes = [ctypes.c_size_t]
library.free.argtypes = [ctypes.c_void_p]


def decode() -> int:
    address = library.malloc(PICTURE_BYTES)
    ctypes.memset(address, 1, PICTURE_BYTES)
    return int(address)


leaky, fixed = make_service(), make_service()


@leaky.post("/pictures")
def show() -> int:
    return decode() % 2


@fixed.post("/pictures")
def show_and_free() -> int:
    address = decode()
    library.free(address)
    return address % 2
