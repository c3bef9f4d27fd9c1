"""What a page is made of, before anybody decides whether it becomes text or HTML."""

from dataclasses import dataclass
from typing import ClassVar

from leakprobe.render.table import Kind, Table

__all__ = ["Action", "Chart", "Fact", "Facts", "Hint", "Lines", "Page", "Picture", "Section"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is so: `RSS`, `212 MiB`, `10 % of 2.0 GiB`.

    `grows` draws the eye to it; `lines` are unfolded where there is room (a stack).
    """

    label: str
    value: str
    detail: str = ""
    grows: bool = False
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts side by side: cards on a page, lines in a terminal.

    `sentences`: they are too long for cards, and stand below each other.
    """

    shape: ClassVar[str] = "facts"

    title: str
    facts: tuple[Fact, ...]
    sentences: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A gauge over time: points of (seconds since the epoch, value), oldest first."""

    shape: ClassVar[str] = "chart"

    title: str
    points: tuple[tuple[float, float], ...]
    kind: Kind = "bytes"


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that stand as they are. Leading spaces count."""

    shape: ClassVar[str] = "lines"

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that the browser asks for: `path` is below the endpoints. Not in text."""

    shape: ClassVar[str] = "picture"

    title: str
    path: str
    alternative: str


Section = Table | Facts | Chart | Lines | Picture


@dataclass(frozen=True, slots=True)
class Hint:
    """Where to go next: a path below the endpoints with its query, and what it answers."""

    path: str
    meaning: str
    method: str = "GET"

    @property
    def is_link(self) -> bool:
        """Whether following it changes nothing and needs no name to be filled in."""
        return self.method == "GET" and not {"{", "…"} & set(self.path)


@dataclass(frozen=True, slots=True)
class Action:
    """A button that changes something: POST to `path`, below the endpoints."""

    path: str
    label: str


@dataclass(frozen=True, slots=True)
class Page:
    """One answer for people.

    Attributes:
        title: two or three words.
        headline: the answer in a sentence or two, before any table.
        path: the endpoint that the page is about, to mark it in the navigation.
        hints: what to ask next.
        actions: buttons; a browser only.
        refresh_s: after how many seconds a browser asks again.
    """

    title: str
    headline: str
    sections: tuple[Section, ...] = ()
    path: str = ""
    hints: tuple[Hint, ...] = ()
    actions: tuple[Action, ...] = ()
    refresh_s: int | None = None
