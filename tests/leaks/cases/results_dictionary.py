"""Finished tasks stay in a dictionary, with the sound that they transcribed."""

from dataclasses import dataclass
from itertools import count

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

PCM_BYTES = 100_000

CASE = Case(
    __name__,
    "results dictionary",
    Load({"POST /asr": 1, INNOCENT: 1}),
    Leak(
        resource="python",
        types=(f"{__name__}.TaskResult",),
        holder=r"results_dictionary\.task_results\b",
        kind="module global",
        route="POST /asr",
        bytes_per_request=PCM_BYTES + 300,  # the result, its key, its strings
        objects_per_request=1,
    ),
)


@dataclass
class TaskResult:
    """What a finished transcription is remembered as."""

    task_id: str
    pcm: bytes
    text: str | None = None


leaky, fixed = make_service(), make_service()
task_numbers = count()
task_results: dict[str, TaskResult] = {}


def transcribe() -> TaskResult:
    task_id = f"task-{next(task_numbers)}"
    task_results[task_id] = TaskResult(task_id, bytes(PCM_BYTES))  # leaks
    task_results[task_id].text = f"{task_id}: a door opens"
    return task_results[task_id]


@leaky.post("/asr")
def asr() -> str | None:
    return transcribe().text


@fixed.post("/asr")
def asr_and_forget() -> str | None:
    result = transcribe()
    del task_results[result.task_id]
    return result.text
