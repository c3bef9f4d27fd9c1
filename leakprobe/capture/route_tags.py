"""What a request carries in its context, so that samples taken meanwhile know its route.

Context is what asyncio copies into tasks and anyio into worker threads, so a tag follows
a request where its work goes. The route itself is known only once the application has
routed: the tag is set before, and told at the end.
"""

from collections.abc import Callable
from contextvars import ContextVar
from itertools import count
from typing import TYPE_CHECKING

from leakprobe.capture.requests import MOST_ROUTES, OTHER

if TYPE_CHECKING:
    from leakprobe.capture._native._sampler import Tag

__all__ = ["ROUTE_TAG", "RouteTags"]

# Contexts hold their variables for ever, so there is one for the process.
ROUTE_TAG: ContextVar["Tag"] = ContextVar("leakprobe_route_tag")


class RouteTags:
    """Makes tags while a sampler runs, and numbers the routes.

    At most `MOST_ROUTES` routes are told apart; what comes after them shares one more.

    Attributes:
        new_tag: makes a tag of the sampler's; None while there is nothing to tag for. Who
            tags a request sets what this returns as `ROUTE_TAG`, and when the request is
            done gives it the number of its route (`Tag.resolve`) and resets the variable.
    """

    def __init__(self) -> None:
        self.new_tag: Callable[[], Tag] | None = None
        self._numbers: dict[str, int] = {}
        self._labels: dict[int, str] = {}
        self._next = count(1)

    def start(self, new_tag: Callable[[], "Tag"]) -> None:
        """Tag requests from now on.

        Args:
            new_tag: makes a tag of the sampler's.
        """
        self.new_tag = new_tag

    def stop(self) -> None:
        """Tag none any more; those that have a tag keep it until they end."""
        self.new_tag = None

    def label(self, number: int) -> str | None:
        """The route of a number that a tag was resolved to; None for none."""
        return self._labels.get(number)

    def number(self, label: str) -> int:
        """The number that stands for a route, `METHOD /template`."""
        known = self._numbers.get(label)
        if known is not None:
            return known
        name = label if len(self._labels) < MOST_ROUTES else OTHER
        known = self._numbers.get(name)
        if known is not None:
            return known
        # First the label, so that who reads the number finds it. Of two threads that meet
        # here with one route, one number is used and the other left.
        number = next(self._next)
        self._labels[number] = name
        return self._numbers.setdefault(name, number)
