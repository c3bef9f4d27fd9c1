import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message, Receive

from leakprobe.errors import BadParameter, BodyTooLarge, Refusal
from leakprobe.web.bodies import MOST_BODY_BYTES, parse_body, parse_query, read_body
from leakprobe.web.params import read_parameters, text

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", []),
        (b"a=1&b=2", [("a", "1"), ("b", "2")]),
        (b"a=1&a=2", [("a", "1"), ("a", "2")]),
        (b"group", [("group", "")]),
        (b"a=", [("a", "")]),
        (b"=b", [("", "b")]),
        (b"a=b+c%20d&e=%C3%A9", [("a", "b c d"), ("e", "é")]),
        ("match=é".encode(), [("match", "é")]),
        (b"a=1;b=2", [("a", "1;b=2")]),
    ],
)
def test_query_becomes_pairs(query: bytes, expected: list[tuple[str, str]]) -> None:
    assert parse_query(query) == expected


@pytest.mark.parametrize("query", [b"a=%ff", b"a=\xff", b"%c3%28=1", b"a=%ed%a0%80"])
def test_query_that_is_not_utf8_is_refused(query: bytes) -> None:
    with pytest.raises(BadParameter, match=r"parameter query=.*must be UTF-8"):
        parse_query(query)


@pytest.mark.parametrize("query", [b"a=1&" * 101, b"a=" + b"x" * 16384])
def test_long_query_is_refused(query: bytes) -> None:
    with pytest.raises(BadParameter, match=r"must (have|be) at most"):
        parse_query(query)


@pytest.mark.parametrize("content_type", [None, FORM, JSON, "text/plain"])
def test_empty_body_has_no_parameters(content_type: str | None) -> None:
    assert parse_body(content_type, b"") == []


@pytest.mark.parametrize("content_type", [FORM, FORM.upper(), FORM + "; charset=utf-8"])
def test_form_body(content_type: str) -> None:
    assert parse_body(content_type, b"label=a+b&limit=5") == [("label", "a b"), ("limit", "5")]


def test_json_body_keeps_numbers_as_they_were_written() -> None:
    body = b'{"label": "a b", "limit": 10, "x": 1}'
    assert parse_body(JSON, body) == [("label", "a b"), ("limit", "10"), ("x", "1")]
    assert parse_body(JSON, b'{"a": 1e3, "b": -0.50}') == [("a", "1e3"), ("b", "-0.50")]
    assert parse_body(JSON, b'{"a": true, "b": false}') == [("a", "true"), ("b", "false")]


def test_number_of_many_digits_is_only_text() -> None:
    digits = "9" * 5000
    assert parse_body(JSON, f'{{"limit": {digits}}}'.encode()) == [("limit", digits)]


def test_name_given_twice_in_json_is_seen() -> None:
    assert parse_body(JSON, b'{"a": 1, "a": 2}') == [("a", "1"), ("a", "2")]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"x",
        b"[]",
        b'"a"',
        b"1",
        b"null",
        b"true",
        b'[["a", "1"]]',
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"[" * 60_000,
        b'{"a":' * 10_000,
    ],
)
def test_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadParameter, match=r"parameter body=.*must be a JSON object"):
        parse_body(JSON, body)


@pytest.mark.parametrize(
    ("value", "kind"),
    [("null", "NoneType"), ("[]", "list"), ("{}", "object"), ("NaN", "number")],
)
def test_json_value_of_another_kind_names_its_parameter(value: str, kind: str) -> None:
    with pytest.raises(BadParameter, match=rf"parameter a='\({kind}\)': must be a text"):
        parse_body(JSON, f'{{"a": {value}}}'.encode())


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "multipart/form-data; boundary=x", "application/xml"]
)
def test_other_content_type_is_refused_by_name(content_type: str | None) -> None:
    with pytest.raises(BadParameter, match=r"parameter Content-Type=.*must be application/json or"):
        parse_body(content_type, b"a=1")


def test_body_of_the_largest_size_is_read_and_a_larger_one_refused() -> None:
    body = b"label=" + b"x" * (MOST_BODY_BYTES - 6)
    assert len(parse_body(FORM, body)) == 1
    with pytest.raises(BodyTooLarge, match="at most 65536 bytes"):
        parse_body(FORM, body + b"x")


def test_parameter_in_query_and_body_is_given_twice() -> None:
    pairs = parse_query(b"label=a") + parse_body(FORM, b"label=a")
    with pytest.raises(BadParameter, match="given twice"):
        read_parameters((text("label"),), pairs)


def receiving(messages: Iterable[Message]) -> Receive:
    waiting = iter(messages)

    async def receive() -> Message:
        return next(waiting)

    return receive


def chunk(body: bytes, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def test_body_in_pieces_is_put_together() -> None:
    messages = [chunk(b"a=", True), chunk(b"", True), chunk(b"1", False)]
    assert asyncio.run(read_body(receiving(messages))) == b"a=1"


def test_message_without_its_optional_keys_is_an_empty_body() -> None:
    assert asyncio.run(read_body(receiving([{"type": "http.request"}]))) == b""


def test_client_that_leaves_ends_the_body() -> None:
    messages = [chunk(b"a=", True), {"type": "http.disconnect"}]
    assert asyncio.run(read_body(receiving(messages))) == b"a="


def test_endless_body_is_cut_at_the_limit() -> None:
    read = 0

    async def receive() -> Message:
        nonlocal read
        read += 1000
        return chunk(b"x" * 1000, True)

    with pytest.raises(BodyTooLarge):
        asyncio.run(read_body(receive))
    assert read <= MOST_BODY_BYTES + 1000


FIELDS = st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=10), max_size=5)


@settings(deadline=None)
@given(FIELDS)
def test_all_three_ways_say_the_same(fields: dict[str, str]) -> None:
    expected = list(fields.items())
    encoded = urlencode(fields).encode("ascii")
    assert parse_query(encoded) == expected
    assert parse_body(FORM, encoded) == expected
    assert parse_body(JSON, json.dumps(fields).encode()) == expected


@settings(deadline=None)
@given(st.binary(max_size=100), st.sampled_from([FORM, JSON, "text/plain", None]))
def test_any_body_is_read_or_refused(body: bytes, content_type: str | None) -> None:
    with suppress(Refusal):
        pairs = parse_body(content_type, body)
        assert all(isinstance(text, str) for pair in pairs for text in pair)


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_any_query_is_read_or_refused(query: bytes) -> None:
    with suppress(Refusal):
        assert all(len(pair) == 2 for pair in parse_query(query))
