"""Asks the agent of a running service one question, with what Python brings.

No proxy is used and no redirect followed: the token goes to the address that was given.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import cast
from urllib.parse import urlsplit

from leakprobe.codec import JsonValue
from leakprobe.errors import LeakprobeError, shorten
from leakprobe.run_directory import DirectoryRefused, directory_path
from leakprobe.settings import Settings
from leakprobe.web.tokens import read_token, token_file

__all__ = ["Remote", "Said", "Unreachable", "ask", "remote_at"]

TIMEOUT_S = 60.0
LARGEST_ANSWER = 64 << 20
BUSY = frozenset({409, 429})
BUSY_ATTEMPTS = 10
LONGEST_WAIT_S = 30
OK, UNAUTHORIZED, NOT_FOUND = 200, 401, 404
CONNECTIONS = {"http": HTTPConnection, "https": HTTPSConnection}


class Unreachable(LeakprobeError):
    """The service cannot be reached, or what answers there is no agent."""


@dataclass(frozen=True, slots=True)
class Remote:
    """Where the endpoints of an agent are (`path` without a slash at its end), and the token."""

    scheme: str
    host: str
    port: int | None
    path: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer."""

    status: int
    body: bytes
    retry_after: str | None = None

    @property
    def text(self) -> str:
        """The answer as a terminal can show it."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> JsonValue:
        """The answer as data.

        Raises:
            Unreachable: it is none.
        """
        try:
            return cast("JsonValue", json.loads(self.body))
        except ValueError as error:
            raise Unreachable("what answers there is no agent of leakprobe") from error


def remote_at(url: str, token: str | None, settings: Settings) -> Remote:
    """The agent at an address.

    Args:
        url: of the service, or of its endpoints: `http://127.0.0.1:8000`, with or without
            `/debug/memory`; `http://` may be left out.
        token: the bearer token; None: the setting, else the one in the run directory.
        settings: of whoever asks; their `path` is added to a URL without one.

    Raises:
        LeakprobeError: that is no such URL, or there is no token.
    """
    allowed = "give a URL such as http://127.0.0.1:8000"
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise LeakprobeError(f"{shorten(repr(url))}: {error}; {allowed}") from error
    if parts.scheme not in CONNECTIONS or not host or parts.username or not url.isprintable():
        raise LeakprobeError(f"{shorten(repr(url))}: {allowed}")
    path = parts.path.rstrip("/") or settings.path
    return Remote(parts.scheme, host, port, path, token or _token(settings))


def ask(
    remote: Remote,
    target: str,
    accept: str,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Said:
    """The answer to a GET; waits for its turn while another capture runs.

    Args:
        remote: who is asked.
        target: path below the endpoints, with its query.
        accept: the media type to ask for.
        sleep: waits.

    Raises:
        Unreachable: nobody answers, or not as an agent does.
        LeakprobeError: the token is wrong, or the question was refused.
    """
    for _ in range(BUSY_ATTEMPTS):
        said = _asked(remote, target, accept)
        if said.status not in BUSY:
            break
        sleep(_seconds(said.retry_after))
    if said.status == UNAUTHORIZED:
        raise LeakprobeError("the token is wrong: give --token or set LEAKPROBE_TOKEN")
    if said.status == NOT_FOUND:
        raise Unreachable(f"there is no {remote.path}{target} at {remote.host}: is it the path?")
    if said.status != OK:
        message = " ".join(said.text.split())
        raise LeakprobeError(shorten(message, 300) or f"answered {said.status}")
    return said


def _asked(remote: Remote, target: str, accept: str) -> Said:
    connection = CONNECTIONS[remote.scheme](remote.host, remote.port, timeout=TIMEOUT_S)
    headers = {"Authorization": f"Bearer {remote.token}", "Accept": accept}
    try:
        connection.request("GET", remote.path + target, headers=headers)
        answer = connection.getresponse()
        return Said(answer.status, answer.read(LARGEST_ANSWER), answer.getheader("Retry-After"))
    except (OSError, HTTPException, ValueError) as error:
        where = f"{remote.host}:{connection.port}"
        raise Unreachable(f"{where} cannot be reached: {_words(error)}") from error
    finally:
        connection.close()


def _words(error: Exception) -> str:
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return shorten(str(words), 200)


def _seconds(word: str | None) -> float:
    """Seconds to wait before asking again (RFC 9110, 10.2.3): at least one."""
    known = word is not None and word.isascii() and word.isdigit()
    return min(float(word), LONGEST_WAIT_S) if known and word is not None else 1.0


def _token(settings: Settings) -> str:
    if settings.token is not None:
        return settings.token
    directory = directory_path(settings.directory)
    try:
        token = read_token(directory)
    except DirectoryRefused as error:
        raise LeakprobeError(f"{error}; give --token or set LEAKPROBE_TOKEN") from error
    if token is None:
        raise LeakprobeError(f"no token in {token_file(directory)}; give --token")
    return token
