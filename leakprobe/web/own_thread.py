"""Runs a call in a thread of its own, so that it never stands on the event loop.

Not in the event loop's thread pool: in an incident the application's own blocking calls
may fill it, and its idle threads would stay behind and be counted as the application's.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import anyio.to_thread

from leakprobe.own_threads import OwnThread

__all__ = ["in_own_thread"]

Result = TypeVar("Result")


async def in_own_thread(call: Callable[[], Result]) -> Result:
    """What `call` returns or raises, from a thread that ends with it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        # Another event loop, trio: what anyio has for it will do.
        return await anyio.to_thread.run_sync(call)
    future: Future[Result] = Future()

    def run() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
            future.set_exception(error)
        else:
            future.set_result(result)

    OwnThread("answer", run).start()
    return await asyncio.wrap_future(future)
