"""Units of work with a known truth: what each call keeps, and its innocent twins."""

import asyncio
import ctypes
import functools
import threading
from collections.abc import Callable

__all__ = ["Planted", "Result"]

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]


class Result:
    """What a leaky call keeps."""

    def __init__(self, size: int) -> None:
        self.payload = bytes(size)


class Planted:
    """One of each; everything that was kept goes with `release`."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.blocks: list[int] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.end = threading.Event()
        self.called = 0

    def release(self) -> None:
        """Give everything back."""
        self.results.clear()
        for block in self.blocks:
            libc.free(block)
        self.end.set()

    def keeps_results(self) -> None:
        self.results.append(Result(2000))

    def drops_results(self) -> None:
        Result(2000)

    def keeps_blocks_of_c(self) -> None:
        self.blocks.append(libc.malloc(3000))

    def frees_blocks_of_c(self) -> None:
        libc.free(libc.malloc(3000))

    def leaves_threads(self) -> None:
        threading.Thread(target=self.end.wait, daemon=True).start()

    def joins_threads(self) -> None:
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()

    async def leaves_tasks(self) -> None:
        self.tasks.add(asyncio.create_task(asyncio.sleep(3600)))

    async def awaits_tasks(self) -> None:
        await asyncio.create_task(asyncio.sleep(0))

    def makes_cycles(self) -> None:
        cycle: list[object] = [bytes(5000)]
        cycle.append(cycle)

    def fills_a_cache_first(self) -> None:
        self.called += 1
        if self.called <= 60:
            self.results.append(Result(50_000))


def in_closure() -> Callable[[], None]:
    """Nothing but the callable itself holds what it keeps."""
    kept: list[dict[str, bytes]] = []
    return lambda: kept.append({"a": bytes(1000)})


def in_bounded_cache() -> Callable[[], None]:
    """A cache that fills as long as it is watched, and has a bound."""
    numbers = iter(range(100_000))

    @functools.lru_cache(maxsize=5000)
    def cached(number: int) -> bytes:
        return bytes(1000 + number % 7)

    def call() -> None:
        cached(next(numbers))

    return call
