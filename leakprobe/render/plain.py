"""Strings of the application, made safe to print and cut to a width.

A type, a thread or a label may be named anything. What a terminal or a browser could
take for more than text (escape sequences, line breaks, text that runs backwards,
half of a surrogate pair) is shown as an escape, as Python's `repr` would.
"""

from itertools import accumulate, takewhile
from typing import Literal
from unicodedata import east_asian_width

__all__ = ["ELLIPSIS", "Keep", "columns_of", "fit", "plain"]

Keep = Literal["start", "end", "both"]

ELLIPSIS = "…"


def plain(text: str) -> str:
    """The text with every character that `str.isprintable` denies as a Python escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def columns_of(text: str) -> int:
    """Columns that a terminal needs at most: two for wide characters, one for any other.

    Wide are those of East Asian width W and F (Unicode Standard Annex 11). A combining
    mark counts as one, though it takes none: rather too narrow a table than a torn one.
    """
    if text.isascii():
        return len(text)
    return sum(_columns(c) for c in text)


def fit(text: str, columns: int, keep: Keep = "start") -> str:
    """The text where it fits into so many columns, else its kept part and an ellipsis."""
    if columns_of(text) <= columns:
        return text
    room = columns - 1
    if room < 0:
        return ""
    if keep == "start":
        return _head(text, room) + ELLIPSIS
    if keep == "end":
        return ELLIPSIS + _tail(text, room)
    return _head(text, room - room // 2) + ELLIPSIS + _tail(text, room // 2)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _columns(character: str) -> int:
    return 2 if east_asian_width(character) in "WF" else 1


def _head(text: str, columns: int) -> str:
    widths = takewhile(lambda width: width <= columns, accumulate(map(_columns, text)))
    return text[: sum(1 for _ in widths)]


def _tail(text: str, columns: int) -> str:
    return _head(text[::-1], columns)[::-1]
