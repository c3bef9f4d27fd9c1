"""`gc.freeze` with every request, "so that the collector has less to do": it never looks again.

What was frozen as part of a cycle is not collected, though the collector is on.
"""

import gc

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

PIXEL_BYTES = 20_000

CASE = Case(
    __name__,
    "cycles with the collector frozen",
    Load({"POST /canvases": 1, INNOCENT: 1}),
    Leak(
        resource="python",
        types=(f"{__name__}.Canvas", f"{__name__}.Layer"),
        holder=None,
        route="POST /canvases",
        bytes_per_request=PIXEL_BYTES + 200,
        objects_per_request=1,
    ),
)


class Canvas:
    """Something to draw on; it knows its layer, and the layer knows it."""

    def __init__(self) -> None:
        self.layer = Layer(self)  # leaks


class Layer:
    """The pixels of a canvas."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.pixels = bytes(PIXEL_BYTES)  # leaks


def draw() -> int:
    canvas = Canvas()  # leaks
    return len(canvas.layer.pixels)


leaky, fixed = make_service(), make_service()


@leaky.post("/canvases")
def draw_and_freeze() -> int:
    size = draw()
    gc.freeze()
    return size


@fixed.post("/canvases")
def draw_only() -> int:
    return draw()
