"""A subtitle service that leaks in three ways, beside routes that only look as if they did.

Media servers send it sound and get subtitles back. Each of the three leaks is one that
such services really had:

- `POST /asr` keeps every finished `TaskResult`, with its sound, in the dictionary
  `task_results`: `ASR_LEAK_BYTES` per request.
- `POST /models/unload` starts a `threading.Timer` that nobody cancels and joins, so each
  request leaves a waiting thread and its argument: `UNLOAD_LEAK_BYTES`.
- `POST /detect-language` appends an `io.BytesIO` to `open_buffers`, which is never
  emptied: `DETECT_LEAK_BYTES`.

The other routes work as hard and leave nothing: `POST /subtitles/convert` and
`POST /subtitles/shift` go through `SUBTITLE_BYTES` of text in small pieces,
`GET /languages/{code}` fills a cache that has a limit, `GET /status/{task_id}` looks up.

There is no speech recognition in here: the sound is silence, the words are made up.
Run it with `uvicorn leakprobe.examples.subtitle_service:app`.
"""

import asyncio
import io
import itertools
import threading
import zlib
from dataclasses import dataclass
from functools import lru_cache

from fastapi import FastAPI, Request

from leakprobe import LeakProbeMiddleware

ASR_LEAK_BYTES = 500_000  # 15.6 seconds of 16 kHz, 16-bit, one channel
UNLOAD_LEAK_BYTES = 50_000
DETECT_LEAK_BYTES = 100_000

SUBTITLE_BYTES = 500_000
CONVERT_PIECE_BYTES = 25_000
SHIFT_PIECE_BYTES = 5_000
LANGUAGES_CACHED = 32
UNLOAD_DELAY_S = 6 * 3600.0

SILENCE = b"\0"
CUE = "00:00:01,000 --> 00:00:02,500\nA door opens. Somebody laughs.\n\n"
LANGUAGES = ("Danish", "Dutch", "English", "French", "German", "Italian", "Polish", "Spanish")


@dataclass
class TaskResult:
    """What a finished transcription is remembered as."""

    task_id: str
    text: str
    pcm: bytes


app = FastAPI(title="Subtitle service")
app.add_middleware(LeakProbeMiddleware)

task_numbers = itertools.count(1)
task_results: dict[str, TaskResult] = {}
open_buffers: list[io.BytesIO] = []


@app.post("/asr")
async def asr(request: Request) -> dict[str, str]:
    """Transcribe the sound in the body. Leak: `task_results` only ever grows."""
    upload = await request.body()
    pcm = upload.ljust(ASR_LEAK_BYTES, SILENCE)
    task_id = f"task-{next(task_numbers)}"
    task_results[task_id] = TaskResult(task_id, text=guess_language(pcm), pcm=pcm)
    return {"task_id": task_id, "text": task_results[task_id].text}


@app.post("/models/unload")
def unload_model() -> dict[str, float]:
    """Free the model later. Leak: each call starts one more thread that nobody can stop."""
    state = SILENCE * UNLOAD_LEAK_BYTES
    timer = threading.Timer(UNLOAD_DELAY_S, release_model, args=(state,))
    timer.daemon = True
    timer.start()
    return {"unload_in_s": UNLOAD_DELAY_S}


def release_model(state: bytes) -> int:
    """Hand the model's memory back; answers how much there was."""
    return len(state)


@app.post("/detect-language")
def detect_language() -> dict[str, str]:
    """Listen to a short clip. Leak: its buffer stays in `open_buffers`."""
    clip = io.BytesIO()
    clip.write(SILENCE * DETECT_LEAK_BYTES)
    open_buffers.append(clip)
    return {"language": guess_language(clip.getbuffer())}


def guess_language(sound: bytes | memoryview) -> str:
    return LANGUAGES[zlib.crc32(sound) % len(LANGUAGES)]


@app.post("/subtitles/convert")
async def convert() -> dict[str, int]:
    """Turn SRT into WebVTT, piece by piece; between two pieces others may run."""
    written = 0
    for _ in range(SUBTITLE_BYTES // CONVERT_PIECE_BYTES):
        written += convert_piece(CONVERT_PIECE_BYTES)
        await asyncio.sleep(0)
    return {"written_bytes": written}


def convert_piece(size: int) -> int:
    subtitles = CUE * (size // len(CUE))
    return len(subtitles.replace(",", ".").encode())


@app.post("/subtitles/shift")
def shift() -> dict[str, int]:
    """Move every cue by a second, on a worker thread."""
    pieces = SUBTITLE_BYTES // SHIFT_PIECE_BYTES
    return {"written_bytes": sum(shift_piece(SHIFT_PIECE_BYTES) for _ in range(pieces))}


def shift_piece(size: int) -> int:
    subtitles = CUE * (size // len(CUE))
    return len(subtitles.replace("00:00:0", "00:00:1"))


@app.get("/languages/{code}")
def language(code: str) -> dict[str, str]:
    """Describe a language. The cache is bounded, so it fills and stays."""
    return {"code": code, "about": describe_language(code)}


@lru_cache(maxsize=LANGUAGES_CACHED)
def describe_language(code: str) -> str:
    return f"{LANGUAGES[zlib.crc32(code.encode()) % len(LANGUAGES)]}, spoken since long ago. " * 10


@app.get("/status/{task_id}")
async def status(task_id: str) -> dict[str, str]:
    """Say whether a task is done."""
    return {"task_id": task_id, "state": "done" if task_id in task_results else "unknown"}
