"""A model remembers every segment that it ever recognised."""

from dataclasses import dataclass, field

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

SEGMENTS = 20
TEXT = "somebody laughs and a door opens "

CASE = Case(
    __name__,
    "segments accumulated by a model",
    Load({"POST /transcribe": 1, INNOCENT: 1}),
    Leak(
        resource="python",
        types=(f"{__name__}.Segment",),
        holder=r"model\.history\b",
        kind="module global",
        route="POST /transcribe",
        bytes_per_request=11_400,  # sizes of all objects, counted
        objects_per_request=SEGMENTS,
    ),
)

leaky, fixed = make_service(), make_service()


@dataclass
class Segment:
    """A few seconds of recognised speech."""

    start_s: float
    end_s: float
    words: list[str] = field(default_factory=list)


class Model:
    """Stands for a speech model: it gives segments, and remembers them as context."""

    def __init__(self) -> None:
        self.history: list[Segment] = []

    def transcribe(self) -> int:
        for number in range(SEGMENTS):
            segment = Segment(number * 2.5, number * 2.5 + 2, f"{TEXT}{number}".split())  # leaks
            self.history.append(segment)
        return len(self.history)

    def reset(self) -> None:
        self.history.clear()


model = Model()


@leaky.post("/transcribe")
async def transcribe() -> int:
    return model.transcribe()


@fixed.post("/transcribe")
async def transcribe_and_reset() -> int:
    segments = model.transcribe()
    model.reset()
    return segments
