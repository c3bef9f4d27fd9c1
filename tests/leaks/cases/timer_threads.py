"""Each unload of a model starts a timer that nobody cancels and joins."""

import threading

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

MODEL_BYTES = 50_000
HOUR_S = 3600.0

CASE = Case(
    __name__,
    "timer threads",
    Load({"POST /models/unload": 1, INNOCENT: 5}),
    Leak(
        resource="threads",
        types=("threading.Timer",),
        holder=r"threading\._active\b|Timer|\bself\b",  # the table of threads, or its own frames
        route="POST /models/unload",
        bytes_per_request=MODEL_BYTES + 3_000,  # with the thread's own objects
        objects_per_request=1,
        also=("python",),
    ),
)

leaky, fixed = make_service(), make_service()


def release_model(model: bytes) -> int:
    return len(model)


def start_timer() -> threading.Timer:
    timer = threading.Timer(HOUR_S, release_model, args=(bytes(MODEL_BYTES),))  # leaks
    timer.daemon = True
    timer.start()  # leaks
    return timer


@leaky.post("/models/unload")
def unload() -> bool:
    return start_timer().is_alive()


@fixed.post("/models/unload")
def unload_and_join() -> bool:
    timer = start_timer()
    timer.cancel()
    timer.join()
    return timer.is_alive()
