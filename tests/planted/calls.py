"""Functions that are called again and again: some keep a little more with each call, some do not.

Each of the innocent ones has kept all that it ever keeps after 128 calls.
"""

import contextlib
import ctypes
import functools
import gc
import itertools
import logging
import os
import random
import threading
from collections import deque
from collections.abc import Callable

__all__ = ["INNOCENT_CALLS", "LEAKY_CALLS"]

numbers = itertools.count()
kept: list[object] = []
seen: set[str] = set()
waiting = threading.Event()
churned: dict[int, bytes] = {}
batch: list[bytes] = []
newest: deque[bytes] = deque(maxlen=100)
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p


def keeps_2_kb() -> None:
    kept.append(bytes(2_000))


def keeps_100_bytes() -> None:
    seen.add(f"task-{next(numbers):08}")


@functools.cache
def remembered_for_ever(number: int) -> str:
    return f"{number} " * 100


def fills_a_cache_without_bound() -> None:
    remembered_for_ever(next(numbers))


def keeps_an_exception() -> None:
    try:
        raise ValueError(bytes(500))
    except ValueError as error:
        kept.append(error)


def keeps_a_thread() -> None:
    threading.Thread(target=waiting.wait, daemon=True).start()


def keeps_a_descriptor() -> None:
    os.open(os.devnull, os.O_RDONLY)


def keeps_malloc() -> None:
    ctypes.memset(libc.malloc(1_000), 1, 1_000)


@functools.lru_cache(maxsize=128)
def remembered(number: int) -> str:
    return f"{number} " * 200


def fills_a_cache_of_128() -> None:
    remembered(next(numbers))


def keeps_the_newest_100() -> None:
    newest.append(random.randbytes(1_000))


def leaves_a_cycle() -> None:
    cycle: list[object] = [bytes(10_000)]
    cycle.append(cycle)


def takes_1_mb_for_a_while() -> None:
    bytearray(b"\1") * 1_000_000


def takes_more_or_less() -> None:
    random.randbytes(random.randrange(1, 100_000))


def adds_and_removes() -> None:
    number = next(numbers)
    churned[number] = bytes(1_000)
    churned.pop(number - 20, None)


def empties_a_batch_of_32() -> None:
    batch.append(random.randbytes(1_000))
    if len(batch) == 32:
        batch.clear()


def logs() -> None:
    logging.getLogger("calls").warning("done: %s", "x" * 300 + str(next(numbers)))


def prints() -> None:
    print("x" * 300, next(numbers))  # noqa: T201 - what is captured is the question


def imports_at_first() -> None:
    import plistlib

    plistlib.dumps({"number": next(numbers)})


def joins_its_thread() -> None:
    thread = threading.Thread(target=bytes, args=(10_000,))
    thread.start()
    thread.join()


def closes_its_file() -> None:
    with open(os.devnull, "rb") as file:  # noqa: PTH123 - the plainest way
        file.read()


def raises_and_catches() -> None:
    with contextlib.suppress(ValueError):
        int("x" * 100)


def collects() -> None:
    leaves_a_cycle()
    gc.collect(0)


def _by_name(*calls: Callable[[], None]) -> dict[str, Callable[[], None]]:
    return {call.__name__: call for call in calls}


LEAKY_CALLS = _by_name(
    keeps_2_kb,
    keeps_100_bytes,
    fills_a_cache_without_bound,
    keeps_an_exception,
    keeps_a_thread,
    keeps_a_descriptor,
    keeps_malloc,
)
INNOCENT_CALLS = _by_name(
    fills_a_cache_of_128,
    keeps_the_newest_100,
    leaves_a_cycle,
    takes_1_mb_for_a_while,
    takes_more_or_less,
    adds_and_removes,
    empties_a_batch_of_32,
    logs,
    prints,
    imports_at_first,
    joins_its_thread,
    closes_its_file,
    raises_and_catches,
    collects,
)
