import functools
import inspect
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from leakprobe.model import Handler
from leakprobe.web.handlers import handler_of
from tests.hostile import alive_zoo


def decorated(function: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(function)
    def wrapper(*args: object, **kwargs: object) -> object:
        return function(*args, **kwargs)

    return wrapper


def plain(request: Request) -> Response:
    if request:
        pass
    return PlainTextResponse("ok")


async def coroutine(_: Request) -> list[Callable[[], int]]:
    return [
        lambda: 1,
        lambda: (
            2
        ),
    ]  # fmt: skip


@decorated
@decorated
def twice(_: Request) -> Response:
    return PlainTextResponse("ok")


class Classy(HTTPEndpoint):
    async def get(self, _: Request) -> Response:
        return PlainTextResponse("ok")

    @decorated
    async def post(self, _: Request) -> Response:
        return PlainTextResponse("ok")


class Inheriting(Classy):
    pass


class Service:
    def method(self, _: Request) -> Response:
        return PlainTextResponse("ok")

    def __call__(self, _: Request) -> Response:
        return PlainTextResponse("ok")


def lines_of(function: Callable[..., object]) -> tuple[int, int]:
    source, first = inspect.getsourcelines(inspect.unwrap(function))
    return first, first + len(source) - 1


def handler(endpoint: object, method: str = "GET") -> Handler | None:
    return handler_of({"endpoint": endpoint, "method": method}, "GET /x")


@pytest.mark.parametrize(
    ("endpoint", "function"),
    [
        (plain, plain),
        (twice, twice),
        (functools.partial(plain), plain),
        (functools.partial(functools.partial(twice), 1), twice),
        (Service().method, Service.method),
        (functools.partial(Service().method), Service.method),
    ],
)
def test_function_is_found_below_its_wrappers(
    endpoint: object, function: Callable[..., object]
) -> None:
    assert handler(endpoint) == Handler("GET /x", __file__, *lines_of(function))


def test_last_line_covers_the_functions_inside() -> None:
    found = handler(coroutine)
    assert found is not None
    source = Path(__file__).read_text(encoding="utf-8").splitlines()
    assert source[found.first_line - 1].startswith("async def coroutine")
    assert source[found.last_line - 1].strip() == "2"


@pytest.mark.parametrize(
    ("endpoint", "method", "function"),
    [
        (Classy, "GET", Classy.get),
        (Classy, "HEAD", Classy.get),
        (Classy, "POST", Classy.post),
        (Inheriting, "GET", Classy.get),
    ],
)
def test_class_answers_with_a_method(
    endpoint: object, method: str, function: Callable[..., object]
) -> None:
    assert handler(endpoint, method) == Handler("GET /x", __file__, *lines_of(function))


@pytest.mark.parametrize("method", ["DELETE", "", "BREW", "__CLASS__", "__DOC__"])
def test_class_without_that_method_has_no_handler(method: str) -> None:
    assert handler(Classy, method) is None


@pytest.mark.parametrize("endpoint", [None, Starlette(), Service(), len, "".join, int, 5])
def test_what_is_no_python_function_has_no_handler(endpoint: object) -> None:
    assert handler(endpoint) is None


def test_function_that_wraps_itself_ends() -> None:
    def strange() -> None: ...

    strange.__wrapped__ = strange  # type: ignore[attr-defined]  # what broken decorators do
    assert handler(strange) is not None


def test_function_that_wraps_something_hostile_is_found_itself() -> None:
    def strange() -> None: ...

    with alive_zoo() as animals:
        for animal in animals:
            strange.__wrapped__ = animal  # type: ignore[attr-defined]  # as above
            found = handler(strange)
            assert found is not None
            del strange.__wrapped__  # type: ignore[attr-defined]  # as above


def test_hostile_endpoints_are_left_alone() -> None:
    with alive_zoo() as animals:
        for animal in animals:
            handler(animal)
            handler(functools.partial(handler, animal))
