"""A real service in a child process, for as long as a `with` block lasts."""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from leakprobe.demo import tied
from leakprobe.errors import LeakprobeError

__all__ = ["HOST", "Service", "ServiceFailed", "choose_port", "running_service"]

HOST = "127.0.0.1"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
POLL_S = 0.05
LINES_SHOWN = 15


class ServiceFailed(LeakprobeError):
    """The service did not start, died, or does not answer as it should."""


@dataclass(frozen=True, slots=True)
class Service:
    """A running service: where it answers, and the file that its stderr goes to."""

    app: str
    url: str
    process: subprocess.Popen[bytes]
    log: IO[bytes]

    def last_lines(self) -> str:
        """The end of what it wrote to stderr."""
        self.log.seek(0)
        text = self.log.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-LINES_SHOWN:])

    def check_alive(self) -> None:
        """See that the process is there.

        Raises:
            ServiceFailed: it has ended; with its exit code and last lines.
        """
        code = self.process.poll()
        if code is not None:
            raise ServiceFailed(f"{self.app} ended with {code}:\n{self.last_lines()}".rstrip(":\n"))


def choose_port(wanted: int) -> int:
    """A port that is free on the loopback interface: the wanted one if it can be had."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServiceFailed(f"no free port on {HOST}")


@contextmanager
def running_service(
    app: str,
    port: int,
    environment: Mapping[str, str] = os.environ,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Service]:
    """Serve an application with uvicorn on the loopback interface.

    Args:
        app: the application as uvicorn wants it, `module:name`.
        port: the port to listen on.
        environment: the child's environment.
        sleep: how to wait between two looks at the child.

    Raises:
        ServiceFailed: it ended, or listened on nothing, before the start timeout.
    """
    where = ("--host", HOST, "--port", str(port), "--log-level", "warning")
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603  (our own interpreter, no shell)
            tied.command("uvicorn", app, *where),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(environment),
            process_group=0,  # Ctrl-C in a terminal reaches us alone; we end the child
        )
        service = Service(app, f"http://{HOST}:{port}", process, log)
        try:
            _wait_until_listening(service, port, sleep)
            yield service
        finally:
            _stop(process)


def _wait_until_listening(service: Service, port: int, sleep: Callable[[float], None]) -> None:
    """Return once somebody accepts; uvicorn listens only when the application has started."""
    for _ in range(int(START_TIMEOUT_S / POLL_S)):
        service.check_alive()
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                service.check_alive()
                return
        sleep(POLL_S)
    raise ServiceFailed(
        f"{service.app} did not listen on port {port} within {START_TIMEOUT_S:.0f} s:\n"
        f"{service.last_lines()}".rstrip(":\n")
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
