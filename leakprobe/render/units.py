"""Numbers as people read them: 1.4 MiB, ≈ 4.1 ± 0.4 MiB, 1,240, 61 s, 2026-11-20T20:42:57Z.

What is not known, or is no finite number, reads `-`.
"""

import math
import re
from datetime import UTC, datetime
from typing import TypeGuard

from leakprobe.render.plain import plain

__all__ = [
    "ESTIMATED",
    "UNKNOWN",
    "bytes_text",
    "clock_text",
    "count_text",
    "decimal_text",
    "duration_text",
    "estimate_text",
    "moment_text",
    "number_text",
    "share_text",
    "short_path",
    "source_text",
]

UNKNOWN = "-"
ESTIMATED = "≈"

BYTE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
KIB = 1024
# With so many decimals as make three digits or so of what a test leaves behind.
DECIMAL_UNITS = (("B", 0), ("kB", 1), ("MB", 2), ("GB", 2))
KB = 1000
LARGEST_SIZE = 1 << 72
KEPT_DIGITS = 100
NEXT_TO_NOTHING = 0.0005
READS_AS_ZERO = 0.05
LEAST_ERROR = 0.001
HUNDREDTH_PERCENT = 0.01
TEN_PERCENT = 10
LONGEST_WHOLE_NUMBER = 10**15
SECONDS_ALONE_BELOW = 120
SPANS = ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))
LAST_COMPONENTS = 3
INSTALLED = re.compile(r".*[/\\](?:site|dist)-packages[/\\]", re.DOTALL)
STANDARD = re.compile(r".*[/\\](?:lib|lib64|Lib)[/\\]python3(?:\.\d+)?t?[/\\]", re.DOTALL)


def bytes_text(n: float | None, *, sign: bool = False) -> str:
    """A size in binary units: `1.4 MiB`, `0.4 B`; with `sign`, growth: `+512 KiB`, `0 B`."""
    if not _is_known(n):
        return UNKNOWN
    if abs(n) < NEXT_TO_NOTHING:
        return "0 B"
    size, unit = _scaled(n)
    return f"{_sign(n, sign)}{_digits(size, whole=unit == 0)} {BYTE_UNITS[unit]}"


def decimal_text(n: float | None, *, sign: bool = False) -> str:
    """A size in units of 1,000, as limits of tests are given: `84.2 kB`, `8.42 MB`.

    With `sign`, growth: `+3.24 MB`, `0 B`.
    """
    if not _is_known(n):
        return UNKNOWN
    size, power = min(abs(n), LARGEST_SIZE), 0
    while power < len(DECIMAL_UNITS) - 1 and round(size, DECIMAL_UNITS[power][1]) >= KB:
        size, power = size / KB, power + 1
    unit, decimals = DECIMAL_UNITS[power]
    value = f"{size:,.{decimals}f}"
    before = _sign(n, sign) if value != "0" else ""
    return f"{before}{value} {unit}"


def estimate_text(n: float | None, error: float | None, *, sign: bool = False) -> str:
    """An estimated size with its standard error: `≈ 4.1 ± 0.4 MiB`; exact where that is 0.

    Both in the unit of the larger. With `sign`, growth: `≈ +4.1 ± 0.4 MiB`.
    """
    if not _is_known(n) or not _is_known(error):
        return UNKNOWN
    if not error:
        return bytes_text(n, sign=sign)
    largest, unit = _scaled(max(abs(n), abs(error)))
    decimals = 0 if unit == 0 or round(largest, 1) >= KEPT_DIGITS else 1
    size, around = (min(abs(x), LARGEST_SIZE) / KIB**unit for x in (n, error))
    value = f"{size:.{decimals}f}"
    before = _sign(n, sign) if float(value) else ""
    return f"{ESTIMATED} {before}{value} ± {_error_digits(around, decimals)} {BYTE_UNITS[unit]}"


def number_text(n: float | None, *, sign: bool = False) -> str:
    """A number with thousands separated: `1,240`, `0.38`; with `sign`, growth: `+1,240`."""
    if not _is_known(n):
        return UNKNOWN
    if abs(n) >= LONGEST_WHOLE_NUMBER:
        return f"{_sign(n, sign)}{float(min(abs(n), 10**300)):.1e}"
    size = round(abs(n), 2)
    before = _sign(n, sign) if size else ""
    return f"{before}{size:,.0f}" if size == int(size) else f"{before}{size:,}"


def count_text(n: int, one: str, many: str | None = None) -> str:
    """A number with what it counts: `1 request`, `120 requests`."""
    return f"{number_text(n)} {one if n == 1 else many or one + 's'}"


def share_text(share: float | None) -> str:
    """A share of one, in percent: `1.3 %`."""
    if not _is_known(share):
        return UNKNOWN
    percent = max(min(share, 10**12), -(10**12)) * 100
    if 0 < abs(percent) < HUNDREDTH_PERCENT:
        return "<0.01 %"
    return f"{percent:,.0f} %" if abs(percent) >= TEN_PERCENT else f"{percent:.2g} %"


def duration_text(seconds: float | None) -> str:
    """A time span in the one or two units that say it: `4.2 ms`, `61 s`, `3 h 10 min`."""
    if not _is_known(seconds):
        return UNKNOWN
    sign, size = ("-" if seconds < 0 else ""), min(abs(seconds), 10**12)
    if size < NEXT_TO_NOTHING / 1000:
        return "0 s"
    if round(size, 4) < 1:
        return f"{sign}{_digits(size * 1000, decimals_below=10)} ms"
    if size < SECONDS_ALONE_BELOW:
        return f"{sign}{_digits(size, decimals_below=10)} s"
    return sign + _two_units(size)


def moment_text(moment: float | None) -> str:
    """A moment in seconds since the epoch as ISO 8601 in UTC: `2026-11-20T20:42:57Z`."""
    return _moment(moment, "%Y-%m-%dT%H:%M:%SZ")


def clock_text(moment: float | None) -> str:
    """The time of day of a moment, in UTC: `20:42:57Z`."""
    return _moment(moment, "%H:%M:%SZ")


def short_path(file: str) -> str:
    """What is recognisable of a source file's path, judged by its text alone.

    An installed or standard module loses what comes before its package, any other file
    all but its last components; `<frozen importlib._bootstrap>` and the like stay.
    """
    for prefix in (INSTALLED, STANDARD):
        if match := prefix.match(file):
            return plain(file[match.end() :].replace("\\", "/"))
    parts = file.replace("\\", "/").split("/")
    if file.startswith("<") or len([p for p in parts if p]) <= LAST_COMPONENTS:
        return plain(file)
    return plain("/".join(parts[-LAST_COMPONENTS:]))


def source_text(file: str, line: int | None, function: str | None) -> str:
    """A place in the code: `path/file.py:42 function`."""
    place = short_path(file) if line is None else f"{short_path(file)}:{line}"
    return place if function is None else f"{place} {plain(function)}"


def _is_known(n: float | None) -> TypeGuard[float]:
    return n is not None and (isinstance(n, int) or math.isfinite(n))


def _sign(n: float, plus: bool) -> str:
    return "-" if n < 0 else "+" if plus and n > 0 else ""


def _scaled(n: float) -> tuple[float, int]:
    """A size in the unit that keeps it below 1024, and which of `BYTE_UNITS` that is."""
    size, unit = min(abs(n), LARGEST_SIZE), 0
    while unit < len(BYTE_UNITS) - 1 and round(size) >= KIB:
        size, unit = size / KIB, unit + 1
    return size, unit


def _error_digits(error: float, decimals: int) -> str:
    """As many digits as the estimate has, more where it would read as zero."""
    if error < LEAST_ERROR:
        return f"<{LEAST_ERROR}"
    text = f"{error:.{decimals}f}"
    return text if float(text) else f"{error:.1g}"


def _digits(size: float, *, whole: bool = False, decimals_below: int = KEPT_DIGITS) -> str:
    """Enough digits to compare by; a whole number of bytes has no decimals."""
    if size < READS_AS_ZERO:
        return f"{size:.1g}"
    if round(size, 1) >= decimals_below or (whole and size == int(size)):
        return f"{size:.0f}"
    return f"{size:.1f}"


def _two_units(size: float) -> str:
    unit_s, unit, part_s, part = next(span for span in SPANS if size >= span[0] - span[2] / 2)
    whole, rest = divmod(round(size / part_s), unit_s // part_s)
    return f"{number_text(whole)} {unit}" + (f" {rest} {part}" if rest else "")


def _moment(moment: float | None, form: str) -> str:
    if not _is_known(moment):
        return UNKNOWN
    try:
        return datetime.fromtimestamp(moment, UTC).strftime(form)
    except (OverflowError, ValueError, OSError):
        return UNKNOWN
