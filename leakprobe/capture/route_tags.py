"""What a request carries in its context, so that samples taken meanwhile know its route.

Context is what asyncio copies into tasks and anyio into worker threads, so a tag follows
a request where its work goes. The route itself is known only once the application has
routed: the tag is set before, and told at the end.
"""

from collections.abc import Callable
from contextvars import ContextVar, Token
from itertools import count
from typing import TYPE_CHECKING

from leakprobe.capture.requests import MOST_ROUTES, OTHER

if TYPE_CHECKING:
    from leakprobe.capture._native._sampler import Tag

__all__ = ["ROUTE_TAG", "RouteTags", "Tagged"]

# Contexts hold their variables for ever, so there is one for the process.
ROUTE_TAG: ContextVar["Tag"] = ContextVar("leakprobe_route_tag")

Tagged = tuple["Tag", Token["Tag"]]


class RouteTags:
    """Tags requests while a sampler runs, and numbers their routes.

    It stands in the path of every request: two calls that do next to nothing. At most
    `MOST_ROUTES` routes are told apart; what comes after them shares one more.
    """

    def __init__(self) -> None:
        self._new_tag: Callable[[], Tag] | None = None
        self._numbers: dict[str, int] = {}
        self._labels: dict[int, str] = {}
        self._next = count(1)

    def start(self, new_tag: Callable[[], "Tag"]) -> None:
        """Tag requests from now on.

        Args:
            new_tag: makes a tag of the sampler's.
        """
        self._new_tag = new_tag

    def stop(self) -> None:
        """Tag none any more; those that have a tag keep it until they end."""
        self._new_tag = None

    def begin(self) -> Tagged | None:
        """Tag what runs in this context from now on; what to hand to `end`, if anything."""
        new_tag = self._new_tag
        if new_tag is None:
            return None
        tag = new_tag()
        return tag, ROUTE_TAG.set(tag)

    def end(self, tagged: Tagged, label: str | None) -> None:
        """Say which route it was, and bring back what the context had before.

        Args:
            tagged: what `begin` returned.
            label: the route, `METHOD /template`; None: it has none.
        """
        tag, token = tagged
        if label is not None:
            tag.resolve(self._numbers.get(label) or self._number(label))
        try:  # noqa: SIM105 - contextlib.suppress costs more than all the rest of this
            ROUTE_TAG.reset(token)
        except ValueError:
            # The coroutine was closed from another context than it ran in (by the collector,
            # or at the end of a loop); its own context goes with it.
            pass

    def label(self, number: int) -> str | None:
        """The route of a number that a tag was resolved to; None for none."""
        return self._labels.get(number)

    def _number(self, label: str) -> int:
        name = label if len(self._labels) < MOST_ROUTES else OTHER
        known = self._numbers.get(name)
        if known is not None:
            return known
        # First the label, so that who reads the number finds it. Of two threads that meet
        # here with one route, one number is used and the other left.
        number = next(self._next)
        self._labels[number] = name
        return self._numbers.setdefault(name, number)
