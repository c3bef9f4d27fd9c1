import math
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.render.units import (
    bytes_text,
    clock_text,
    count_text,
    decimal_text,
    duration_text,
    estimate_text,
    moment_text,
    number_text,
    share_text,
    short_path,
    source_text,
)
from tests.render.samples import hostile_text, numbers, whole_numbers


@pytest.mark.parametrize(
    ("n", "text", "growth"),
    [
        (None, "-", "-"),
        (math.nan, "-", "-"),
        (math.inf, "-", "-"),
        (0, "0 B", "0 B"),
        (1e-9, "0 B", "0 B"),
        (0.04, "0.04 B", "+0.04 B"),
        (0.4, "0.4 B", "+0.4 B"),
        (12.5, "12.5 B", "+12.5 B"),
        (1023, "1023 B", "+1023 B"),
        (1024, "1.0 KiB", "+1.0 KiB"),
        (524288, "512 KiB", "+512 KiB"),
        (-524288, "-512 KiB", "-512 KiB"),
        (1023.7 * 1024, "1.0 MiB", "+1.0 MiB"),
        (1.4 * 1024**2, "1.4 MiB", "+1.4 MiB"),
        (99.96 * 1024, "100 KiB", "+100 KiB"),
        (3 << 60, "3.0 EiB", "+3.0 EiB"),
    ],
)
def test_sizes(n: float | None, text: str, growth: str) -> None:
    assert bytes_text(n) == text
    assert bytes_text(n, sign=True) == growth


@pytest.mark.parametrize(
    ("n", "text", "growth"),
    [
        (None, "-", "-"),
        (math.nan, "-", "-"),
        (0, "0 B", "0 B"),
        (-0.4, "0 B", "0 B"),
        (999.4, "999 B", "+999 B"),
        (999.6, "1.0 kB", "+1.0 kB"),
        (84_170, "84.2 kB", "+84.2 kB"),
        (999_949, "999.9 kB", "+999.9 kB"),
        (999_951, "1.00 MB", "+1.00 MB"),
        (8_420_000, "8.42 MB", "+8.42 MB"),
        (-8_420_000, "-8.42 MB", "-8.42 MB"),
        (2.5e13, "25,000.00 GB", "+25,000.00 GB"),
    ],
)
def test_decimal_sizes(n: float | None, text: str, growth: str) -> None:
    assert decimal_text(n) == text
    assert decimal_text(n, sign=True) == growth


@pytest.mark.parametrize(
    ("n", "error", "text", "growth"),
    [
        (None, 5, "-", "-"),
        (5, None, "-", "-"),
        (math.nan, 5, "-", "-"),
        (5, math.inf, "-", "-"),
        (1.4 * 1024**2, 0, "1.4 MiB", "+1.4 MiB"),
        (0, 0, "0 B", "0 B"),
        (4.1 * 1024**2, 0.4 * 1024**2, "≈ 4.1 ± 0.4 MiB", "≈ +4.1 ± 0.4 MiB"),
        (-4.1 * 1024**2, 0.4 * 1024**2, "≈ -4.1 ± 0.4 MiB", "≈ -4.1 ± 0.4 MiB"),
        (512 * 1024, 64.3 * 1024, "≈ 512 ± 64 KiB", "≈ +512 ± 64 KiB"),
        (512 * 1024, 300, "≈ 512 ± 0.3 KiB", "≈ +512 ± 0.3 KiB"),
        (1.2 * 1024**3, 3 * 1024**2, "≈ 1.2 ± 0.003 GiB", "≈ +1.2 ± 0.003 GiB"),
        (5 << 60, 1, "≈ 5.0 ± <0.001 EiB", "≈ +5.0 ± <0.001 EiB"),
        (300, 2 << 20, "≈ 0.0 ± 2.0 MiB", "≈ 0.0 ± 2.0 MiB"),
        (3.2 * 1024, 512 * 1024, "≈ 3 ± 512 KiB", "≈ +3 ± 512 KiB"),
        (12, 5, "≈ 12 ± 5 B", "≈ +12 ± 5 B"),
        (0, 900, "≈ 0 ± 900 B", "≈ 0 ± 900 B"),
    ],
)
def test_estimated_sizes(n: float | None, error: float | None, text: str, growth: str) -> None:
    assert estimate_text(n, error) == text
    assert estimate_text(n, error, sign=True) == growth


@given(n=st.none() | whole_numbers | numbers, error=st.none() | whole_numbers | numbers)
@settings(deadline=None)
def test_any_estimate_is_said_shortly(n: float | None, error: float | None) -> None:
    said = estimate_text(n, error, sign=True)
    assert re.fullmatch(r"[\w.±≈<+\- ]{1,32}", said)
    assert ("≈" in said) is ("±" in said)


@pytest.mark.parametrize(
    ("n", "text", "growth"),
    [
        (None, "-", "-"),
        (0, "0", "0"),
        (0.001, "0", "0"),
        (0.384, "0.38", "+0.38"),
        (1240, "1,240", "+1,240"),
        (-1240, "-1,240", "-1,240"),
        (10**400, "1.0e+300", "+1.0e+300"),
        (12345678901234567, "1.2e+16", "+1.2e+16"),
    ],
)
def test_numbers(n: float | None, text: str, growth: str) -> None:
    assert number_text(n) == text
    assert number_text(n, sign=True) == growth


def test_counts() -> None:
    assert count_text(1, "request") == "1 request"
    assert count_text(0, "request") == "0 requests"
    assert count_text(1200, "child", "children") == "1,200 children"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "-"),
        (0, "0 %"),
        (0.013, "1.3 %"),
        (0.5, "50 %"),
        (12.0, "1,200 %"),
        (1e-9, "<0.01 %"),
        (-0.25, "-25 %"),
    ],
)
def test_shares(share: float | None, text: str) -> None:
    assert share_text(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0, "0 s"),
        (1e-9, "0 s"),
        (0.00004, "0.04 ms"),
        (0.0042, "4.2 ms"),
        (0.12, "120 ms"),
        (0.99999, "1.0 s"),
        (9.96, "10 s"),
        (61, "61 s"),
        (-61, "-61 s"),
        (119.7, "120 s"),
        (120, "2 min"),
        (125, "2 min 5 s"),
        (3599.9, "1 h"),
        (11400, "3 h 10 min"),
        (86399, "1 d"),
        (90000, "1 d 1 h"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration_text(seconds) == text


def test_moments() -> None:
    assert moment_text(1795207377.9) == "2026-11-20T20:42:57Z"
    assert clock_text(1795207377.9) == "20:42:57Z"
    assert [moment_text(m) for m in (None, math.nan, 1e300, 10**400, -1e14)] == ["-"] * 5


@pytest.mark.parametrize(
    ("file", "short"),
    [
        ("/v/lib/python3.11/site-packages/starlette/routing.py", "starlette/routing.py"),
        ("/usr/lib/python3/dist-packages/apt/cache.py", "apt/cache.py"),
        ("/usr/lib/python3.11/threading.py", "threading.py"),
        ("/home/me/.pyenv/versions/3.13.0/lib/python3.13t/asyncio/tasks.py", "asyncio/tasks.py"),
        ("C:\\Python\\Lib\\site-packages\\anyio\\_core.py", "anyio/_core.py"),
        ("C:\\work\\service\\app\\main.py", "service/app/main.py"),
        ("/srv/services/subtitles/app/main.py", "subtitles/app/main.py"),
        ("/srv/app/main.py", "/srv/app/main.py"),
        ("app.py", "app.py"),
        ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap>"),
        ("<string/with/many/slashes>", "<string/with/many/slashes>"),
        ("/a\n/b/c/d/e\x1b.py", "c/d/e\\x1b.py"),
        ("", ""),
    ],
)
def test_paths_keep_what_is_recognisable(file: str, short: str) -> None:
    assert short_path(file) == short


def test_sources() -> None:
    assert source_text("app.py", 42, "asr") == "app.py:42 asr"
    assert source_text("app.py", None, "asr") == "app.py asr"
    assert source_text("app.py", None, None) == "app.py"
    assert source_text("app.py", 42, None) == "app.py:42"


@pytest.mark.parametrize(
    "say",
    [bytes_text, decimal_text, number_text, duration_text, share_text, moment_text, clock_text],
)
@given(n=st.none() | whole_numbers | numbers)
@settings(deadline=None)
def test_any_number_is_said_shortly(say: Callable[[float | None], str], n: float | None) -> None:
    assert re.fullmatch(r"[\w.,:%<>+\- ]{1,32}", say(n))


@given(hostile_text)
@settings(deadline=None)
def test_any_path_is_printable(file: str) -> None:
    assert short_path(file).isprintable()
