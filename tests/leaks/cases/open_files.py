"""`tempfile.mkstemp` answers an open descriptor, and here nobody closes it.

No Python object stands for it: a number is all that was ever there.
"""

import os
import tempfile
from pathlib import Path

from tests.leaks.service import make_service
from tests.leaks.truth import INNOCENT, Case, Leak, Load

CASE = Case(
    __name__,
    "unclosed files",
    Load({"POST /recordings": 1, INNOCENT: 1}),
    Leak(
        resource="fds",
        types=(),
        holder=None,
        route="POST /recordings",
        objects_per_request=1,
        sited=False,
    ),
)


def record() -> tuple[int, int]:
    descriptor, name = tempfile.mkstemp(suffix=".wav")
    recording = Path(name)
    recording.write_bytes(bytes(1_000))
    size = recording.stat().st_size
    recording.unlink()
    return descriptor, size


leaky, fixed = make_service(), make_service()


@leaky.post("/recordings")
def keep_recording() -> int:
    return record()[1]


@fixed.post("/recordings")
def keep_recording_and_close() -> int:
    descriptor, size = record()
    os.close(descriptor)
    return size
