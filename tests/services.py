"""Real services for tests: a free port, and uvicorn in a child process."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from leakprobe.demo.service_process import Service, choose_port, running_service

__all__ = ["StartService", "free_port", "serve"]

# Settings of whoever runs the tests are not settings of the services under test.
INHERITED = {k: v for k, v in os.environ.items() if not k.startswith(("LEAKPROBE_", "PYTHONWARN"))}


class StartService(Protocol):
    """What the fixture `running_service` gives: call it to start a service."""

    def __call__(self, app: str, **environment: str) -> Service: ...


def free_port() -> int:
    """A port on the loopback interface that was free a moment ago."""
    return choose_port(0)


@contextmanager
def serve(app: str, environment: Mapping[str, str]) -> Iterator[Service]:
    """Serve `module:name` with these variables added; pytest shows its stderr on a failure."""
    with running_service(app, free_port(), {**INHERITED, **environment}) as service:
        try:
            yield service
        finally:
            sys.stderr.write(f"{app} wrote:\n{service.last_lines()}\n")
