"""What a listing must never do to the application; in a process of its own."""

import subprocess
import sys

FREE_LIST = """
import asyncio, gc
from leakprobe.capture.functions import FunctionNames
from leakprobe.capture.heap.types import count_types
from leakprobe.capture.pace import Pace
from leakprobe.capture.referrers.search import find_referrers

async def main():
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_result, 1)
    await future
asyncio.run(main())
count_types()
find_referrers("dict", limit=1, depth=2)
FunctionNames().learn(Pace())
gc.collect()
print("fine")
"""


def output_of(code: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return ran.stdout.strip()


def test_a_collection_after_a_walk_comes_to_an_end() -> None:
    assert output_of(FREE_LIST) == "fine"
