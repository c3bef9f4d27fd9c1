"""Asking the endpoints: what is sent, what is shown of it, and what refusals become."""

import shlex
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from leakprobe.demo.pages import Access, Endpoints, Question, access_to
from leakprobe.demo.service_process import ServiceFailed
from leakprobe.errors import LeakprobeError
from leakprobe.settings import Settings
from leakprobe.web.tokens import load_or_create_token

ACCESS = Access("http://localhost:1/debug/memory", "s3cret", "$(cat /run/token)", "in a file")


def endpoints(
    answer: Callable[[httpx.Request], httpx.Response], waited: list[float] | None = None
) -> Endpoints:
    sleep = (waited if waited is not None else []).append
    return Endpoints(ACCESS, sleep=sleep, transport=httpx.MockTransport(answer))


def test_the_request_carries_the_token_and_asks_as_curl_does() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, text="rows\n")

    with endpoints(answer) as asked:
        assert asked.text(Question("/diff", {"by": "line"})) == "rows"
    assert str(seen[0].url) == "http://localhost:1/debug/memory/diff?by=line"
    assert seen[0].headers["authorization"] == "Bearer s3cret"
    assert seen[0].headers["accept"] == "*/*"


def test_the_command_does_the_same_and_hides_the_token() -> None:
    with endpoints(lambda request: httpx.Response(200)) as asked:
        command = asked.curl(Question("/baseline", {"label": "a b", "x": "1"}, "POST"), "a b.png")
    assert "s3cret" not in command
    assert shlex.split(command) == [
        *("curl", "-s", "-H", "Authorization: Bearer $(cat /run/token)"),
        *("-X", "POST", "-o", "a b.png"),
        "http://localhost:1/debug/memory/baseline?label=a+b&x=1",
    ]
    assert "s3cret" not in repr(ACCESS)


def test_a_busy_agent_is_asked_again_when_it_said_so() -> None:
    answers = [(409, "3"), (429, "soon"), (200, "")]
    waited: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        status, retry_after = answers.pop(0)
        return httpx.Response(status, headers={"Retry-After": retry_after}, text="[1]")

    with endpoints(answer, waited) as asked:
        assert asked.json(Question("/types")) == [1]
    assert waited == [3.0, 1.0]


def test_an_agent_that_stays_busy_is_given_up() -> None:
    with (
        endpoints(lambda request: httpx.Response(409, text="busy")) as asked,
        pytest.raises(ServiceFailed, match=r"/types answered 409: busy"),
    ):
        asked.text(Question("/types"))


@pytest.mark.parametrize("response", [httpx.Response(200, text="<html>"), httpx.Response(404)])
def test_what_is_not_json_is_a_failure_of_the_service(response: httpx.Response) -> None:
    with endpoints(lambda request: response) as asked, pytest.raises(ServiceFailed):
        asked.json(Question("/types"))


def test_a_service_that_cannot_be_reached_is_a_failure() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with endpoints(answer) as asked, pytest.raises(ServiceFailed, match="refused"):
        asked.ask(Question("/"))


def test_the_token_is_the_one_that_is_set() -> None:
    access = access_to("http://h:1", Settings(token="abc", path="/m"))
    assert (access.url, access.token) == ("http://h:1/m", "abc")
    assert (access.token_in_shell, access.token_place) == (
        "$LEAKPROBE_TOKEN",
        "in LEAKPROBE_TOKEN",
    )


def test_or_from_the_run_directory(tmp_path: Path) -> None:
    place = tmp_path / "it's here"
    token = load_or_create_token(str(place))
    access = access_to("http://h:1", Settings(directory=str(place)))
    assert access.token == token
    assert shlex.split(access.token_in_shell[2:-1]) == ["cat", str(place / "token")]


def test_no_token_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(LeakprobeError, match="no token in"):
        access_to("http://h:1", Settings(directory=str(tmp_path)))
