"""Asks a running service's endpoints what `curl` would ask, and says which command that is."""

import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlencode

import httpx

from leakprobe.codec import JsonValue
from leakprobe.demo.service_process import ServiceFailed
from leakprobe.errors import LeakprobeError
from leakprobe.run_directory import directory_path
from leakprobe.settings import Settings
from leakprobe.web.tokens import read_token, token_file

__all__ = ["Access", "Endpoints", "Question", "access_to"]

ANSWER_TIMEOUT_S = 120.0
BUSY = frozenset({httpx.codes.CONFLICT, httpx.codes.TOO_MANY_REQUESTS})
BUSY_ATTEMPTS = 30


@dataclass(frozen=True, slots=True)
class Access:
    """Where the endpoints are and what opens them.

    Attributes:
        url: address of the overview, without a slash at its end.
        token: the bearer token.
        token_in_shell: how a shell gets at the token, so that no command shows it.
        token_place: the same in words.
    """

    url: str
    token: str = field(repr=False)
    token_in_shell: str
    token_place: str


@dataclass(frozen=True, slots=True)
class Question:
    """One request to an endpoint."""

    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"

    @property
    def target(self) -> str:
        """Path and query."""
        query = urlencode(self.parameters)
        return f"{self.path}?{query}" if query else self.path


def access_to(service_url: str, settings: Settings) -> Access:
    """How to reach the agent of a service with these settings, as the service's user.

    Raises:
        LeakprobeError: no token is set, and the run directory has none that can be read.
    """
    url = service_url + settings.path
    if settings.token is not None:
        return Access(url, settings.token, "$LEAKPROBE_TOKEN", "in LEAKPROBE_TOKEN")
    directory = directory_path(settings.directory)
    file, token = token_file(directory), read_token(directory)
    if token is None:
        raise LeakprobeError(f"no token in {file}; set LEAKPROBE_TOKEN")
    return Access(url, token, f"$(cat {shlex.quote(file)})", f"in {file}")


class Endpoints:
    """The endpoints of one service; a context manager that closes its connection.

    Args:
        access: where they are.
        sleep: waits while another capture runs.
        transport: for tests.
    """

    def __init__(
        self,
        access: Access,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.access = access
        self._sleep = sleep
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {access.token}", "Accept": "*/*"},
            timeout=ANSWER_TIMEOUT_S,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    def curl(self, question: Question, output: str | None = None) -> str:
        """The command that asks the same, ready to paste."""
        parts = ["curl", "-s", "-H", f'"Authorization: Bearer {self.access.token_in_shell}"']
        if question.method != "GET":
            parts += ["-X", question.method]
        if output is not None:
            parts += ["-o", shlex.quote(output)]
        return " ".join([*parts, shlex.quote(self.access.url + question.target)])

    def ask(self, question: Question) -> httpx.Response:
        """The answer; waits for its turn while another capture runs.

        Raises:
            ServiceFailed: the service cannot be reached.
        """
        for _ in range(BUSY_ATTEMPTS):
            answer = self._request(question)
            if answer.status_code not in BUSY:
                break
            self._sleep(_retry_after_s(answer))
        return answer

    def text(self, question: Question) -> str:
        """The answer that `curl` would print.

        Raises:
            ServiceFailed: it cannot be reached, or answers with an error.
        """
        return _good(question, self.ask(question)).text.rstrip("\n")

    def json(self, question: Question) -> JsonValue:
        """The same answer as data.

        Raises:
            ServiceFailed: it cannot be reached, answers with an error or not with JSON.
        """
        parameters = {**question.parameters, "format": "json"}
        answer = _good(question, self.ask(Question(question.path, parameters, question.method)))
        try:
            return cast("JsonValue", answer.json())
        except ValueError as error:
            raise ServiceFailed(f"{question.path} did not answer with JSON") from error

    def _request(self, question: Question) -> httpx.Response:
        try:
            return self._client.request(question.method, self.access.url + question.target)
        except httpx.HTTPError as error:
            raise ServiceFailed(f"{question.path}: {type(error).__name__}: {error}") from error


def _retry_after_s(answer: httpx.Response) -> float:
    """Seconds to wait before asking again (RFC 9110, 10.2.3): at least one."""
    word = answer.headers.get("Retry-After", "")
    return float(word) if word.isascii() and word.isdigit() and 0 < len(word) < 3 else 1.0  # noqa: PLR2004


def _good(question: Question, answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        raise ServiceFailed(
            f"{question.path} answered {answer.status_code}: {answer.text.strip()[:300]}"
        )
    return answer
