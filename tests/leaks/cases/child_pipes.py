"""Child processes that wait for ever for somebody to read what they wrote."""

import subprocess

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

OUTPUT_BYTES = 200_000  # more than a pipe holds
COMMAND = ("head", "-c", str(OUTPUT_BYTES), "/dev/zero")

CASE = Case(
    __name__,
    "child processes with unread pipes",
    Load({"POST /convert": 1, INNOCENT: 9}),
    Leak(
        resource="children",
        types=("subprocess.Popen",),
        holder=r"child_pipes\.converting\b",
        kind="module global",
        route="POST /convert",
        bytes_per_request=4_700,  # sizes of all objects, counted
        objects_per_request=1,
        also=("fds", "python"),
    ),
)

leaky, fixed = make_service(), make_service()
converting: list[subprocess.Popen[bytes]] = []


@leaky.post("/convert")
def convert() -> int:
    process = subprocess.Popen(COMMAND, stdout=subprocess.PIPE)  # leaks
    converting.append(process)
    return process.pid


@fixed.post("/convert")
def convert_and_read() -> int:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE) as process:
        return len(process.communicate()[0])
