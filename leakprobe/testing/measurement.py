"""One measured value, as a plain number with the words that belong to it."""

from typing import Self

__all__ = ["Measurement"]


class Measurement(float):
    """Memory in use in MB (1,000,000 bytes), after a collection.

    It is a `float`, so `max(profiler.measurements)` and `f"{value:.1f}"` work as with one.

    Attributes:
        label: what was measured, in the words of who asked; may be empty.
    """

    __slots__ = ("label",)

    label: str

    def __new__(cls, mb: float, label: str = "") -> Self:
        """A value, and what it is of."""
        self = super().__new__(cls, mb)
        self.label = label
        return self
