"""What `leaky.py` does, without its leaks."""

import asyncio
import io
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from .leaky import CLEANUP_DELAY_S, PCM_BYTES, TaskResult

RESULTS_KEPT = 3


class TaskResultCache:
    """Remembers the newest results, and forgets the others."""

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._results: OrderedDict[str, TaskResult] = OrderedDict()

    def add(self, result: TaskResult) -> TaskResult:
        self._results[result.task_id] = result
        while len(self._results) > self._max_size:
            self._results.popitem(last=False)
        return result


class ModelCleanup:
    """At most one timer waits."""

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None

    def schedule(self) -> None:
        self.cancel()
        self._timer = threading.Timer(CLEANUP_DELAY_S, print, args=("model deleted",))
        self._timer.start()

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
            self._timer = None


task_results = TaskResultCache(RESULTS_KEPT)
model_cleanup = ModelCleanup()


async def asr(task_id: str) -> str:
    """Fix 1: a bound."""
    result = task_results.add(TaskResult(task_id, pcm=bytes(PCM_BYTES)))
    await asyncio.sleep(0)
    result.text = f"{len(result.pcm)} bytes of silence"
    return result.text


def schedule_model_cleanup() -> None:
    """Fix 2: the timer before is cancelled, and joined."""
    model_cleanup.schedule()


def detect_language() -> str:
    """Fix 3: a context manager."""
    with extract_audio_segment() as segment:
        return f"language of {len(segment.read())} bytes"


@contextmanager
def extract_audio_segment() -> Iterator[io.BytesIO]:
    segment = io.BytesIO(bytearray(PCM_BYTES))
    try:
        yield segment
    finally:
        segment.close()
