"""Three parts of a subtitle service, each with its leak; `fixed.py` has the same without."""

import asyncio
import io
import threading
from dataclasses import dataclass

PCM_BYTES = 480_000  # 15 s of 16 kHz, 16-bit sound on one channel
CLEANUP_DELAY_S = 3600.0


@dataclass
class TaskResult:
    task_id: str
    pcm: bytes
    text: str = ""


task_results: dict[str, TaskResult] = {}
open_buffers: list[io.BytesIO] = []


async def asr(task_id: str) -> str:
    """Leak 1: what is finished stays in the dictionary, with its sound."""
    result = task_results[task_id] = TaskResult(task_id, pcm=bytes(PCM_BYTES))
    await asyncio.sleep(0)
    result.text = f"{len(result.pcm)} bytes of silence"
    return result.text


def schedule_model_cleanup() -> None:
    """Leak 2: the timer of the call before goes on waiting, in its own thread."""
    timer = threading.Timer(CLEANUP_DELAY_S, print, args=("model deleted",))
    timer.daemon = True
    timer.start()


def detect_language() -> str:
    """Leak 3: the buffer is never closed, and never forgotten."""
    segment = extract_audio_segment()
    return f"language of {len(segment.read())} bytes"


def extract_audio_segment() -> io.BytesIO:
    segment = io.BytesIO(bytearray(PCM_BYTES))
    open_buffers.append(segment)
    return segment
