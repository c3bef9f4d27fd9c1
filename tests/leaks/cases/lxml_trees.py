"""The same with lxml, whose trees are native memory behind one Python object."""

from itertools import count

from lxml import etree

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

VIDEOS = 200
VIDEO = '<video key="1" title="A film"><media/></video>'
ANSWER = f"<library>{VIDEO * VIDEOS}</library>"

CASE = Case(
    __name__,
    "lxml trees kept",
    Load({"POST /library": 1, INNOCENT: 1}),
    Leak(
        resource="native",
        types=("lxml.etree._Element",),
        holder=r"lxml_trees\.libraries\b",
        kind="module global",
        route="POST /library",
        bytes_per_request=147_800,  # of malloc, by mallinfo2 before and after 100 of them
        objects_per_request=1,
        also=("python",),
    ),
)

leaky, fixed = make_service(), make_service()
numbers = count()
libraries: dict[int, etree._Element] = {}


@leaky.post("/library")
def library() -> int:
    root = etree.fromstring(ANSWER)  # leaks
    libraries[next(numbers)] = root  # leaks
    return len(root)


@fixed.post("/library")
def library_and_forget() -> int:
    return len(etree.fromstring(ANSWER))
