"""Parsed answers of a media server stay in a dictionary, as trees of elements."""

import xml.etree.ElementTree as ET
from itertools import count

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

VIDEOS = 100
VIDEO = '<video key="1" title="A film"><media/></video>'
ANSWER = f"<library>{VIDEO * VIDEOS}</library>"

CASE = Case(
    __name__,
    "ElementTree kept",
    Load({"POST /library": 1, INNOCENT: 1}),
    Leak(
        resource="python",
        types=("xml.etree.ElementTree.Element",),
        holder=r"element_tree\.libraries\b",
        kind="module global",
        route="POST /library",
        bytes_per_request=45_600,  # sizes of all objects, counted
    ),
)

leaky, fixed = make_service(), make_service()
numbers = count()
libraries: dict[int, ET.Element] = {}


@leaky.post("/library")
def library() -> int:
    root = ET.fromstring(ANSWER)  # leaks
    libraries[next(numbers)] = root
    return len(root)


@fixed.post("/library")
def library_and_clear() -> int:
    root = ET.fromstring(ANSWER)
    videos = len(root)
    root.clear()
    return videos
