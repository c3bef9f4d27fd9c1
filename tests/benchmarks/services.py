"""The same FastAPI service four times: bare, and with the agent in three settings."""

import os
import time

from fastapi import FastAPI
from pydantic import BaseModel

from leakprobe import LeakProbeMiddleware


class Cue(BaseModel):
    number: int
    start_s: float
    text: str
    tags: list[str]


class Subtitles(BaseModel):
    language: str
    cues: list[Cue]


def _cue(number: int) -> Cue:
    return Cue(number=number, start_s=number * 1.5, text=f"line {number}", tags=["a", "b"])


SUBTITLES = Subtitles(language="da", cues=[_cue(number) for number in range(300)])

app = FastAPI()
if os.environ.get("BENCH_AGENT") == "yes":
    app.add_middleware(LeakProbeMiddleware)


@app.get("/trivial")
async def trivial() -> dict[str, str]:
    return {"hello": "world"}


@app.post("/parse")
async def parse(subtitles: Subtitles) -> int:
    return len(subtitles.cues)


@app.get("/cpu")
async def cpu() -> float:
    return time.process_time()
