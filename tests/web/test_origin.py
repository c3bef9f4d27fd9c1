import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Scope

from leakprobe.web.origin import from_own_page, header_values

HOST = ("Host", "svc.example:8000")
OWN = ("Origin", "http://svc.example:8000")


def request(*headers: tuple[str, str], scheme: str = "http") -> Scope:
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return {"type": "http", "scheme": scheme, "headers": encoded}


def test_header_values_in_any_case_and_number() -> None:
    scope = request(("Cookie", "a"), ("X", "b"), ("cookie", "c"))
    assert header_values(scope, b"cookie") == [b"a", b"c"]
    assert header_values(scope, b"origin") == []


@pytest.mark.parametrize(
    "headers",
    [
        [HOST, OWN],
        [HOST, ("Origin", "https://svc.example:8000")],  # a proxy took the TLS off
        [("Host", "svc.example"), ("Origin", "http://svc.example")],
        [("Host", "svc.example:80"), ("Origin", "http://svc.example")],
        [("Host", "svc.example:443"), ("Origin", "https://svc.example")],
        [("Host", "SVC.example"), ("Origin", "http://svc.example")],
        [("Host", "[::1]:8000"), ("Origin", "http://[::1]:8000")],
        [HOST, ("Sec-Fetch-Site", "same-origin")],
        [("Host", "behind.proxy"), OWN, ("Sec-Fetch-Site", "same-origin")],
    ],
)
def test_own_page(headers: list[tuple[str, str]]) -> None:
    assert from_own_page(request(*headers))


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [HOST],
        [OWN],
        [HOST, ("Origin", "null")],
        [HOST, ("Origin", "")],
        [HOST, ("Origin", "http://evil.example")],
        [HOST, ("Origin", "http://svc.example")],
        [HOST, ("Origin", "http://svc.example:8001")],
        [HOST, ("Origin", "http://xsvc.example:8000")],
        [HOST, ("Origin", "ftp://svc.example:8000")],
        [HOST, ("Origin", "svc.example:8000")],
        [HOST, ("Origin", "http://svc.example:8000/")],
        [("Host", "svc.example:443"), ("Origin", "http://svc.example")],
        [HOST, OWN, OWN],
        [HOST, HOST, OWN],
        [("Host", ""), ("Origin", "http://")],
        [HOST, ("Sec-Fetch-Site", "cross-site")],
        [HOST, ("Sec-Fetch-Site", "none")],
        [HOST, OWN, ("Sec-Fetch-Site", "same-site")],
    ],
)
def test_other_page(headers: list[tuple[str, str]]) -> None:
    assert not from_own_page(request(*headers))


def test_page_from_http_is_not_ours_over_https() -> None:
    assert not from_own_page(request(HOST, OWN, scheme="https"))
    assert from_own_page(request(HOST, ("Origin", "https://svc.example:8000"), scheme="https"))


@settings(deadline=None)
@given(st.binary(max_size=50), st.binary(max_size=50), st.binary(max_size=20))
def test_any_bytes_get_an_answer(origin: bytes, host: bytes, site: bytes) -> None:
    headers = [(b"origin", origin), (b"host", host), (b"sec-fetch-site", site)]
    assert from_own_page({"headers": headers}) == (site == b"same-origin")
    assert not from_own_page({"headers": [(b"origin", b"\0" + origin), (b"host", host)]})
