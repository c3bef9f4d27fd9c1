"""Asking a service: which address, which token, and what refusals become."""

from pathlib import Path

import pytest

from leakprobe.commands.remote import Unreachable, ask, remote_at
from leakprobe.errors import LeakprobeError
from leakprobe.settings import Settings
from leakprobe.web.tokens import load_or_create_token
from tests.commands.answering import answering

SETTINGS = Settings(token="s3cret")


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("http://127.0.0.1:8000", ("http", "127.0.0.1", 8000, "/debug/memory")),
        ("127.0.0.1:8000/", ("http", "127.0.0.1", 8000, "/debug/memory")),
        ("localhost", ("http", "localhost", None, "/debug/memory")),
        ("https://h/app/debug/memory/", ("https", "h", None, "/app/debug/memory")),
        ("http://[::1]:9/m", ("http", "::1", 9, "/m")),
    ],
)
def test_a_url_names_the_service_or_its_endpoints(
    url: str, where: tuple[str, str, int | None, str]
) -> None:
    remote = remote_at(url, None, SETTINGS)
    assert (remote.scheme, remote.host, remote.port, remote.path) == where
    assert remote.token == "s3cret"
    assert "s3cret" not in repr(remote)


@pytest.mark.parametrize(
    "url", ["", "ftp://h", "http://", "http://h:port", "http://h:99999", "http://u:p@h", "h/\nx"]
)
def test_what_is_no_such_url_is_wrong_usage(url: str) -> None:
    with pytest.raises(LeakprobeError, match="URL such as"):
        remote_at(url, "t", SETTINGS)


def test_the_token_given_wins_else_that_of_the_run_directory(tmp_path: Path) -> None:
    place = str(tmp_path / "run")
    token = load_or_create_token(place)
    settings = Settings(directory=place)
    assert remote_at("h", None, settings).token == token
    assert remote_at("h", "given", settings).token == "given"


@pytest.mark.parametrize("made", [True, False])
def test_no_token_is_said_with_what_to_do(tmp_path: Path, made: bool) -> None:
    place = tmp_path / "run"
    if made:
        place.mkdir(mode=0o700)
    with pytest.raises(LeakprobeError, match="give --token"):
        remote_at("h", None, Settings(directory=str(place)))


def test_the_question_carries_the_token() -> None:
    with answering((200, {}, b"fine")) as noted:
        said = ask(remote_at(noted.url, "t", SETTINGS), "/suspects?limit=3", "text/plain")
    assert said.text == "fine"
    assert noted.paths == ["/debug/memory/suspects?limit=3"]
    assert noted.tokens == ["Bearer t"]


def test_a_busy_agent_is_asked_again_when_it_said_so() -> None:
    waited: list[float] = []
    busy = [(409, {"Retry-After": "3"}, b""), (429, {"Retry-After": "soon"}, b"")]
    with answering(*busy, (200, {}, b"")) as noted:
        ask(remote_at(noted.url, "t", SETTINGS), "/", "*/*", sleep=waited.append)
    assert waited == [3.0, 1.0]


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (401, b"", LeakprobeError, "token is wrong"),
        (404, b"", Unreachable, "is it the path"),
        (507, b"no memory\nto spare", LeakprobeError, "no memory to spare"),
        (500, b"", LeakprobeError, "answered 500"),
        (302, b"", LeakprobeError, "answered 302"),
    ],
)
def test_a_refusal_becomes_an_error(
    status: int, body: bytes, error: type[Exception], said: str
) -> None:
    with (
        answering((status, {"Location": "http://127.0.0.1:1/"}, body)) as noted,
        pytest.raises(error, match=said),
    ):
        ask(remote_at(noted.url, "t", SETTINGS), "/", "*/*")


def test_nobody_there_is_said(free_port: int) -> None:
    with pytest.raises(Unreachable, match="refused"):
        ask(remote_at(f"127.0.0.1:{free_port}", "t", SETTINGS), "/", "*/*")


def test_what_is_not_json_is_no_agent() -> None:
    with answering((200, {}, b"<html>")) as noted, pytest.raises(Unreachable):
        ask(remote_at(noted.url, "t", SETTINGS), "/", "*/*").json()
