"""A C extension forgets to give a reference back: the object lives, and nothing refers to it."""

import ctypes

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

IMAGE_BYTES = 10_000

CASE = Case(
    __name__,
    "reference count of a C extension",
    Load({"POST /thumbnails": 1, INNOCENT: 1}),
    Leak(
        resource="python",
        types=(f"{__name__}.Image",),
        holder=None,
        route="POST /thumbnails",
        bytes_per_request=IMAGE_BYTES + 110,
        objects_per_request=1,
    ),
)


class Image:
    """Pixels."""

    def __init__(self, pixels: bytes) -> None:
        self.pixels = pixels


take_reference, give_back = ctypes.pythonapi.Py_IncRef, ctypes.pythonapi.Py_DecRef
for function in (take_reference, give_back):
    function.argtypes = [ctypes.py_object]
    function.restype = None


def shrink() -> Image:
    image = Image(bytes(IMAGE_BYTES))  # leaks
    take_reference(image)
    return image


leaky, fixed = make_service(), make_service()


@leaky.post("/thumbnails")
def thumbnail() -> int:
    return len(shrink().pixels)


@fixed.post("/thumbnails")
def thumbnail_and_give_back() -> int:
    image = shrink()
    give_back(image)
    return len(image.pixels)
