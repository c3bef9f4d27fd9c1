from collections.abc import Iterable
from http.cookies import SimpleCookie

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Scope

from leakprobe.errors import BadParameter, CrossOrigin, Refusal, TooManyRequests, Unauthorized
from leakprobe.web.auth import COOKIE, SESSION_S, Doorkeeper, safe_next

TOKEN = "correct-horse-battery-staple"
BASE = "/debug/memory"
BEARER = ("Authorization", f"Bearer {TOKEN}")


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def request(
    *headers: tuple[str, str],
    method: str = "GET",
    query: str = "",
    scheme: str = "http",
    client: str | None = "192.0.2.1",
) -> Scope:
    return {
        "type": "http",
        "method": method,
        "scheme": scheme,
        "query_string": query.encode("latin-1"),
        "headers": [(n.lower().encode(), v.encode("latin-1")) for n, v in headers],
        "client": None if client is None else (client, 1234),
    }


def doorkeeper(token: str = TOKEN, clock: Clock | None = None) -> Doorkeeper:
    clock = clock or Clock()
    return Doorkeeper(token, clock=clock, monotonic=clock)


def session(door: Doorkeeper) -> tuple[str, str]:
    value = door.sign_in(request(method="POST"), TOKEN, BASE)
    return ("Cookie", value.partition(";")[0])


def statuses(door: Doorkeeper, requests: Iterable[Scope]) -> list[int]:
    found = []
    for scope in requests:
        try:
            door.check(scope)
            found.append(200)
        except Refusal as refusal:
            found.append(refusal.status)
    return found


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_right_token_passes(scheme: str, method: str) -> None:
    doorkeeper().check(request(("Authorization", f"{scheme} {TOKEN}"), method=method))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Bearer{TOKEN}",
        TOKEN,
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN.upper()}",
        f"Bearer x{TOKEN}",
        f"Bearer {TOKEN} {TOKEN}",
        "Bearer \xff\xfe",
        "Bearer " + "x" * 100_000,
    ],
)
def test_anything_else_is_unauthorized(value: str) -> None:
    with pytest.raises(Unauthorized) as refused:
        doorkeeper().check(request(("Authorization", value)))
    assert TOKEN not in str(refused.value)


def test_no_token_at_all_is_unauthorized() -> None:
    with pytest.raises(Unauthorized, match="Authorization: Bearer"):
        doorkeeper().check(request())


def test_two_tokens_are_unauthorized() -> None:
    with pytest.raises(Unauthorized):
        doorkeeper().check(request(BEARER, BEARER))


def test_wrong_and_missing_tokens_get_the_same_words() -> None:
    messages = set()
    for headers in ([], [("Authorization", "Bearer wrong")], [("Cookie", f"{COOKIE}=1.a.b")]):
        with pytest.raises(Unauthorized) as refused:
            doorkeeper().check(request(*headers))
        messages.add(str(refused.value))
    assert len(messages) == 1


def test_long_tokens_that_differ_only_at_their_end_are_told_apart() -> None:
    long = "x" * 511
    door = doorkeeper(long + "a")
    door.check(request(("Authorization", f"Bearer {long}a")))
    with pytest.raises(Unauthorized):
        door.check(request(("Authorization", f"Bearer {long}b")))


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"authorization", b"cookie", b"origin"]))
def test_no_header_opens_the_door_or_breaks_it(value: bytes, name: bytes) -> None:
    scope = request()
    scope["headers"] = [(name, value), (b"cookie", COOKIE.encode() + b"=" + value)]
    with pytest.raises(Unauthorized):
        doorkeeper().check(scope)


# The session


def test_session_cookie_has_every_guard() -> None:
    cookie = SimpleCookie(doorkeeper().sign_in(request(method="POST"), TOKEN, BASE))[COOKIE]
    assert cookie["path"] == BASE
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Strict"
    assert cookie["max-age"] == str(SESSION_S)
    assert cookie["secure"] == ""
    assert TOKEN not in cookie.value
    assert session(doorkeeper()) != session(doorkeeper())


def test_session_cookie_is_secure_over_https() -> None:
    value = doorkeeper().sign_in(request(method="POST", scheme="https"), TOKEN, BASE)
    assert value.endswith("; Secure")


@pytest.mark.parametrize("base", ["/a;b", "/a\r\nSet-Cookie: x=y", "/a, b", "/ä"])
def test_base_cannot_break_out_of_the_cookie(base: str) -> None:
    value = doorkeeper().sign_in(request(method="POST"), TOKEN, base)
    assert value.isascii()
    assert value.isprintable()
    assert value.count(";") == 4
    assert "," not in value


def test_token_pasted_with_a_line_end_signs_in() -> None:
    doorkeeper().sign_in(request(method="POST"), f" {TOKEN}\n", BASE)


@pytest.mark.parametrize("text", ["", "wrong", TOKEN + "x", "\ud800", "ä", "x" * 100_000])
def test_wrong_token_does_not_sign_in(text: str) -> None:
    with pytest.raises(Unauthorized):
        doorkeeper().sign_in(request(method="POST"), text, BASE)


def test_session_reads_until_it_expires() -> None:
    clock = Clock()
    door = doorkeeper(clock=clock)
    scope = request(session(door))
    door.check(scope)
    clock.now += SESSION_S - 1
    door.check(scope)
    clock.now += 1
    with pytest.raises(Unauthorized):
        door.check(scope)


def test_sibling_with_the_same_token_accepts_the_session_and_another_does_not() -> None:
    cookie = session(doorkeeper())
    doorkeeper().check(request(cookie))
    with pytest.raises(Unauthorized):
        doorkeeper(TOKEN + "2").check(request(cookie))


def test_cookie_is_not_the_token_and_the_token_no_cookie() -> None:
    door = doorkeeper()
    with pytest.raises(Unauthorized):
        door.check(request(("Cookie", f"{COOKIE}={TOKEN}")))
    with pytest.raises(Unauthorized):
        door.check(request(("Authorization", "Bearer " + session(door)[1].partition("=")[2])))


def test_every_changed_character_breaks_the_session() -> None:
    door = doorkeeper()
    name, value = session(door)
    for place in range(len(COOKIE) + 1, len(value)):
        changed = "1" if value[place] == "0" else "0"
        scope = request((name, value[:place] + changed + value[place + 1 :]), client=None)
        assert statuses(door, [scope]) != [200], place


def test_session_is_found_among_other_cookies() -> None:
    door = doorkeeper()
    mine = session(door)[1]
    door.check(request(("Cookie", f"a=b; {mine}; c=d")))
    door.check(request(("Cookie", "a=b"), ("Cookie", mine)))
    door.check(request(("Cookie", f"{COOKIE}=planted; {mine}")))
    door.check(request(("Cookie", mine), ("Authorization", "Basic dXNlcjpwYXNz")))
    with pytest.raises(Unauthorized):
        door.check(request(("Cookie", f"x{mine}")))


def test_wrong_bearer_token_is_refused_in_spite_of_a_session() -> None:
    door = doorkeeper()
    with pytest.raises(Unauthorized):
        door.check(request(session(door), ("Authorization", "Bearer wrong")))


def test_signing_out_ends_the_cookie() -> None:
    cookie = SimpleCookie(doorkeeper().sign_out(request(method="DELETE"), BASE))[COOKIE]
    assert (cookie.value, cookie["max-age"], cookie["path"]) == ("", "0", BASE)


# What a session may do


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH", "ANY"])
def test_session_changes_things_from_its_own_page_only(method: str) -> None:
    door = doorkeeper()
    door.check(request(session(door), ("Sec-Fetch-Site", "same-origin"), method=method))
    for headers in ([], [("Sec-Fetch-Site", "cross-site")]):
        with pytest.raises(CrossOrigin, match="Origin"):
            door.check(request(session(door), *headers, method=method))


def test_bearer_token_needs_no_origin() -> None:
    doorkeeper().check(request(BEARER, ("Origin", "http://evil.example"), method="POST"))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_with_a_session_needs_no_origin(method: str) -> None:
    door = doorkeeper()
    door.check(request(session(door), ("Sec-Fetch-Site", "cross-site"), method=method))


# A token in the URL


@pytest.mark.parametrize(
    "query",
    [
        f"token={TOKEN}",
        f"access_token={TOKEN}",
        f"limit=5&token={TOKEN}",
        f"to%6ben={TOKEN}",
        f"TOKEN={TOKEN}",
        f"+token={TOKEN}",
    ],
)
def test_token_in_a_url_is_refused_and_not_echoed(query: str) -> None:
    with pytest.raises(Unauthorized, match="access logs") as refused:
        doorkeeper().check(request(query=query))
    assert TOKEN not in str(refused.value)
    with pytest.raises(BadParameter, match="access logs") as bad:
        doorkeeper().check(request(BEARER, query=query))
    assert TOKEN not in str(bad.value)
    assert bad.value.name in {"token", "access_token"}


@pytest.mark.parametrize("query", ["", "tokens=1", "limit=5", "\xff=%ff", "mytoken=1"])
def test_other_queries_pass(query: str) -> None:
    doorkeeper().check(request(BEARER, query=query))


# Limits


def test_guessing_is_limited_per_client_and_the_owner_never_locked_out() -> None:
    clock = Clock()
    door = doorkeeper(clock=clock)
    wrong = request(("Authorization", "Bearer wrong"))
    assert statuses(door, [wrong] * 15) == [401] * 10 + [429] * 5
    with pytest.raises(TooManyRequests) as refused:
        door.check(wrong)
    assert refused.value.retry_after_s == 1
    assert statuses(door, [request(BEARER), request(session(door))]) == [200, 200]
    other = request(("Authorization", "Bearer wrong"), client="192.0.2.2")
    assert statuses(door, [other]) == [401]
    clock.now += 1
    assert statuses(door, [wrong] * 2) == [401, 429]


def test_guessing_from_many_addresses_is_limited_too() -> None:
    door = doorkeeper()
    wrong = [request(("Authorization", "Bearer wrong"), client=f"192.0.2.{n}") for n in range(200)]
    assert statuses(door, wrong) == [401] * 100 + [429] * 100
    assert statuses(door, [request(BEARER)]) == [200]


def test_signing_in_counts_as_guessing() -> None:
    door = doorkeeper()
    for _ in range(10):
        with pytest.raises(Unauthorized):
            door.sign_in(request(method="POST"), "wrong", BASE)
    with pytest.raises(TooManyRequests):
        door.sign_in(request(method="POST"), "wrong", BASE)
    assert door.sign_in(request(method="POST"), TOKEN, BASE)


def test_strangers_cannot_use_up_the_owners_limit() -> None:
    door = doorkeeper()
    found = statuses(door, [request()] * 300)
    assert (found.count(401), found.count(429)) == (200, 100)
    assert statuses(door, [request(BEARER)]) == [200]


def test_owner_has_a_generous_limit() -> None:
    clock = Clock()
    door = doorkeeper(clock=clock)
    assert statuses(door, [request(BEARER)] * 201) == [200] * 200 + [429]
    clock.now += 1
    assert statuses(door, [request(BEARER)] * 101) == [200] * 100 + [429]


def test_client_that_the_server_does_not_name_is_limited_as_one() -> None:
    wrong = request(("Authorization", "Bearer wrong"), client=None)
    assert statuses(doorkeeper(), [wrong] * 11)[-1] == 429


# Where to go after signing in


@pytest.mark.parametrize(
    "text",
    [
        BASE,
        f"{BASE}/",
        f"{BASE}?format=html",
        f"{BASE}/diff?from=-10m&include=*/app//*.py",
        f"{BASE}/referrers?type=a.B%3Clocals%3E",
        f"{BASE}/types#top",
        f"{BASE}/diff?next=http://x/..",
    ],
)
def test_path_below_the_base_is_kept(text: str) -> None:
    assert safe_next(text, BASE) == text


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "/",
        "//evil.example",
        "http://evil.example/debug/memory/",
        "javascript:alert(1)",
        "/debug/memoryx",
        "/debug/memory.evil.example",
        "\\\\evil.example",
        f"{BASE}\\..\\x",
        f"{BASE}/\r\nSet-Cookie: a=b",
        f"{BASE}/\t",
        f"{BASE}/ x",
        f"{BASE}/ä",
        f"{BASE}/../../x",
        f"{BASE}/..",
        f"{BASE}/%2e%2E/x",
        f"{BASE}/.%2e/x",
        f"{BASE}//evil.example",
        f"{BASE}/%2f/x",
        f"{BASE}/%5C/x",
        f"{BASE}/{'x' * 3000}",
    ],
)
def test_way_out_of_the_base_leads_home(text: str | None) -> None:
    assert safe_next(text, BASE) == BASE


@pytest.mark.parametrize(
    ("text", "expected"),
    [("/diff", "/diff"), ("/", "/"), ("", "/"), ("//evil.example", "/"), (None, "/")],
)
def test_base_may_be_the_root(text: str | None, expected: str) -> None:
    assert safe_next(text, "") == expected


@settings(deadline=None)
@given(st.text(max_size=50), st.sampled_from([BASE, ""]), st.booleans())
def test_result_is_always_a_harmless_path(text: str, base: str, below: bool) -> None:
    result = safe_next(base + text if below else text, base)
    assert result.startswith(base or "/")
    assert not result.startswith("//")
    assert result.isascii()
    assert result.isprintable()
    assert "\\" not in result
