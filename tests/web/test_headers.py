import re

import pytest

from leakprobe.errors import CaptureBusy, Refusal, TooManyRequests, Unauthorized, WrongMethod
from leakprobe.model import Price
from leakprobe.web.headers import (
    Headers,
    new_nonce,
    price_headers,
    refusal_headers,
    security_headers,
)


def decoded(headers: Headers) -> dict[str, str]:
    assert len({name for name, _ in headers}) == len(headers)
    return {name.decode("ascii"): value.decode("ascii") for name, value in headers}


@pytest.mark.parametrize("nonce", [None, "abc"])
def test_every_answer_is_guarded(nonce: str | None) -> None:
    headers = decoded(security_headers(nonce))
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    policy = dict(
        part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert policy.get("style-src") == (None if nonce is None else "'nonce-abc'")
    assert "script-src" not in policy
    assert not re.search(r"https?:|\*|unsafe", headers["content-security-policy"])


def test_own_forms_keep_their_origin() -> None:
    assert decoded(security_headers())["referrer-policy"] == "same-origin"


def test_header_names_are_as_asgi_wants_them() -> None:
    every = [
        *security_headers("n"),
        *price_headers(Price(), 1),
        *refusal_headers(Unauthorized("x", retry_after_s=1), ["GET"]),
    ]
    assert all(name == name.lower() for name, _ in every)


def test_lists_are_not_shared() -> None:
    security_headers().append((b"x", b"y"))
    assert b"x" not in dict(security_headers())


def test_nonces_differ_and_fit_into_a_policy() -> None:
    nonces = {new_nonce() for _ in range(100)}
    assert len(nonces) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", nonce) for nonce in nonces)


def test_price_is_stated_twice() -> None:
    assert decoded(price_headers(Price(1.23456, 20.0, 15.5), 25.0)) == {
        "leakprobe-pause-ms": "1.235",
        "server-timing": "pause;dur=1.235, capture;dur=20.000, cpu;dur=15.500, total;dur=25.000",
    }


def test_the_copy_of_the_process_is_part_of_the_price() -> None:
    timing = decoded(price_headers(Price(4.0, 300.0, 2.0, 290.0, 1 << 26), 310.0))["server-timing"]
    assert timing == (
        "pause;dur=4.000, capture;dur=300.000, cpu;dur=2.000, child-cpu;dur=290.000, "
        "total;dur=310.000"
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_senseless_price_is_zero(value: float) -> None:
    assert decoded(price_headers(Price(pause_ms=value), 1))["leakprobe-pause-ms"] == "0.000"


@pytest.mark.parametrize(
    ("refusal", "allow", "expected"),
    [
        (Unauthorized("x"), (), {"www-authenticate": 'Bearer realm="leakprobe"'}),
        (CaptureBusy("x", retry_after_s=3), (), {"retry-after": "3"}),
        (TooManyRequests("x", retry_after_s=1), (), {"retry-after": "1"}),
        (WrongMethod("x"), ("GET", "POST"), {"allow": "GET, POST"}),
        (WrongMethod("x"), (), {}),
    ],
)
def test_refusal_says_what_to_do(
    refusal: Refusal, allow: tuple[str, ...], expected: dict[str, str]
) -> None:
    assert decoded(refusal_headers(refusal, allow)) == expected
