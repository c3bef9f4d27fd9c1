"""`leakprobe demo`: a service that leaks, load that makes it leak, and the pages that say where.

The service is the example `subtitle_service`, served by uvicorn in a process of its own.
The agent in it has its default settings, but looks every second where nothing else is set:
a verdict needs a dozen looks, and nobody waits two minutes for a demo. All that is shown
comes over HTTP, from the endpoints that every service with the agent has.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Never

import httpx
from rich.console import Console
from rich.progress import Progress

from leakprobe.codec import SCHEMA, JsonValue, to_json
from leakprobe.demo.load import Call, Sent, innocent, one_of_each, rounds, rounds_in, send
from leakprobe.demo.pages import Access, Endpoints, Question, access_to
from leakprobe.demo.service_process import Service, ServiceFailed, choose_port, running_service
from leakprobe.errors import LeakprobeError
from leakprobe.settings import Settings

__all__ = ["DemoOptions", "run_demo"]

MODULE = "leakprobe.examples.subtitle_service"
QUIET_SECONDS = 10.0
QUIET_CONNECTIONS = 4
ENDED_BY_SIGNAL = 128

BASELINE = Question("/baseline", {"label": "before-load"}, "POST")
PAGES = (
    Question("/"),
    Question("/diff", {"from": "baseline", "by": "line", "limit": "8"}),
    Question("/types", {"sort": "growth", "limit": "8"}),
    Question("/threads"),
    Question("/suspects"),
)
HOLDERS = Question("/referrers", {"type": f"{MODULE}.TaskResult"})
PICTURE = Question("/referrers", {**HOLDERS.parameters, "format": "png"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What the command line chose.

    Attributes:
        port: where the service should listen, if that port is free; 0: any.
        once: end after the pages instead of serving on.
        seconds: how long the load lasts.
        connections: how many requests are under way at once.
        png: where the picture goes.
        as_json: print one JSON document instead of pages.
    """

    port: int
    once: bool
    seconds: float
    connections: int
    png: Path
    as_json: bool


def run_demo(options: DemoOptions, environment: Mapping[str, str] = os.environ) -> int:
    """Run the demo; answers the exit code. Ctrl-C and SIGTERM end the service too.

    Raises:
        ServiceFailed: the service did not start, died, or answered with an error.
        LeakprobeError: a setting in the environment is not allowed, there is no token to be
            read, or no place for the picture.
    """
    environment = {"LEAKPROBE_INTERVAL_S": "1", **environment}
    settings = Settings.from_environment(environment)
    with _unwound_by_sigterm():
        port = choose_port(options.port)
        if options.port not in (0, port):
            _say(options, f"Port {options.port} is taken; using {port}.")
        with running_service(f"{MODULE}:app", port, environment) as service:
            _say(options, f"A subtitle service with the agent in it runs at {service.url}")
            try:
                _show_leaks(service, access_to(service.url, settings), options)
            except ServiceFailed:
                service.check_alive()  # if it died, its last lines say more
                raise
    return 0


def _show_leaks(service: Service, access: Access, options: DemoOptions) -> None:
    with Endpoints(access) as endpoints:
        sent = _load(service, endpoints, options)
        if options.as_json:
            print(json.dumps(_document(endpoints, sent, options.png), indent=2))
        else:
            _show_all(endpoints, options.png)
    if not options.once:
        _serve_on(service, access)


def _load(service: Service, endpoints: Endpoints, options: DemoOptions) -> Sent:
    """Warm the service up, mark the baseline, and send the load."""
    asyncio.run(send(service.url, one_of_each(), seconds=0, connections=1))
    _say(options, f"\nA baseline to compare with:\n$ {endpoints.curl(BASELINE)}")
    endpoints.text(BASELINE)
    sent = _send_with_bar(service.url, rounds(rounds_in(options.seconds)), options)
    service.check_alive()
    _say(options, f"\n{sent.requests} requests in {sent.seconds:.1f} s, {sent.failed} failed.")
    return sent


def _send_with_bar(url: str, calls: tuple[Call, ...], options: DemoOptions) -> Sent:
    """Send, with a progress bar on a terminal; in a pipe nothing is shown."""
    console = Console(stderr=True)
    silent = options.as_json or not console.is_terminal
    with Progress(console=console, disable=silent, transient=True) as progress:
        bar = progress.add_task(f"Load on {options.connections} connections", total=len(calls))
        load = send(
            url,
            calls,
            seconds=options.seconds,
            connections=options.connections,
            done=lambda: progress.advance(bar),
        )
        return asyncio.run(load)


def _show_all(endpoints: Endpoints, png: Path) -> None:
    for question in PAGES:
        _show(endpoints, question)
    no_picture = _write_picture(endpoints, png)
    if no_picture is None:
        print(f"\n$ {endpoints.curl(PICTURE, str(png))}")
        print(f"Who keeps the results, as a picture: {png.resolve()}", flush=True)
    else:
        print(f"\nNo picture: {no_picture}")
        _show(endpoints, HOLDERS)


def _show(endpoints: Endpoints, question: Question) -> None:
    print(f"\n$ {endpoints.curl(question)}", flush=True)
    print(endpoints.text(question), flush=True)


def _document(endpoints: Endpoints, sent: Sent, png: Path) -> dict[str, JsonValue]:
    """What the pages show, and what came of the load, as one JSON document."""
    no_picture = _write_picture(endpoints, png)
    return {
        "schema": SCHEMA,
        "url": endpoints.access.url,
        "load": to_json(sent),
        "picture": None if no_picture else str(png.resolve()),
        "no_picture": no_picture,
        **{page.path.strip("/") or "overview": endpoints.json(page) for page in PAGES},
        "referrers": endpoints.json(HOLDERS),
    }


def _write_picture(endpoints: Endpoints, png: Path) -> str | None:
    """Ask for the picture of the holders and keep it; answers why there is none."""
    answer = endpoints.ask(PICTURE)
    if answer.status_code == httpx.codes.NOT_IMPLEMENTED:
        return answer.text.strip()
    if not answer.is_success:
        raise ServiceFailed(f"/referrers answered {answer.status_code}: {answer.text.strip()}")
    try:
        png.write_bytes(answer.content)
    except OSError as error:
        raise LeakprobeError(f"cannot write {png}: {error.strerror}; use --png FILE") from error
    return None


def _serve_on(service: Service, access: Access) -> None:
    """Keep a gentle load that leaks no more, until Ctrl-C."""
    calls = innocent(rounds(1))
    try:
        print(f"\nServing on, with a gentle load, until Ctrl-C: {access.url}/")
        print(f"The token is {access.token_place}", flush=True)
        while True:
            service.check_alive()
            load = send(service.url, calls, seconds=QUIET_SECONDS, connections=QUIET_CONNECTIONS)
            asyncio.run(load)
    except KeyboardInterrupt:
        print()


@contextmanager
def _unwound_by_sigterm() -> Iterator[None]:
    """Let SIGTERM unwind the stack, so that the service ends before we do."""

    def leave(number: int, frame: FrameType | None) -> Never:
        del frame
        sys.exit(ENDED_BY_SIGNAL + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say(options: DemoOptions, text: str) -> None:
    if not options.as_json:
        print(text, flush=True)
