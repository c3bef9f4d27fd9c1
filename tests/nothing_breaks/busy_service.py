"""A service whose answers can be checked, for a load with everything of leakprobe at work."""

import asyncio
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor

from fastapi import BackgroundTasks, FastAPI

from leakprobe import LeakProbeMiddleware

app = FastAPI()
app.add_middleware(LeakProbeMiddleware)
pool = ThreadPoolExecutor(4)
done: list[int] = []


def squares(most: int) -> list[dict[str, object]]:
    return [{"number": n, "square": n * n, "text": str(n) * (n % 20)} for n in range(most)]


@app.get("/async/{most}")
async def in_coroutine(most: int) -> list[dict[str, object]]:
    return squares(most)


@app.get("/thread/{most}")
def in_thread(most: int) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(json.dumps(squares(most)))
    return found


@app.get("/tasks/{most}")
async def in_tasks(most: int, background: BackgroundTasks) -> list[dict[str, object]]:
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(asyncio.to_thread(squares, most))
    other = loop.run_in_executor(pool, squares, most)
    background.add_task(done.append, most)
    if await task != await other:
        raise AssertionError("two threads made different squares")
    return await task


@app.get("/remains")
def remains() -> dict[str, int]:
    """What must not grow."""
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - /proc
        "threads": threading.active_count(),
    }
