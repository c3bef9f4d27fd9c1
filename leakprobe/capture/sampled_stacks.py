"""Stacks of the sampler by their numbers, resolved once for as long as samples have them."""

from collections.abc import Callable, Iterable, Mapping

from leakprobe.capture.pace import Pace
from leakprobe.model import Frame, Stack

__all__ = ["SampledStacks"]

RawFrame = tuple[str, int, str]

STACKS_PER_STRETCH = 50
FEWEST_FRAMES_KEPT = 1000


class SampledStacks:
    """Names and lines of stacks, from one reading to the next.

    Frames that are equal are one object, so that who keeps stacks can tell them by
    identity.

    Args:
        resolve: file, line and function of each frame of a stack, by its number.
    """

    def __init__(self, resolve: Callable[[int], Iterable[RawFrame]]) -> None:
        self._resolve = resolve
        self._stacks: dict[int, Stack] = {}
        self._frames: dict[tuple[str, int, str | None], Frame] = {}
        self._frames_needed = FEWEST_FRAMES_KEPT

    def of(self, numbers: Iterable[int], pace: Pace) -> Mapping[int, Stack]:
        """The stacks with these numbers; all others are forgotten.

        Args:
            numbers: those of one reading.
            pace: gives other threads their turn.
        """
        known, stacks = self._stacks, {}
        for position, number in enumerate(set(numbers)):
            stacks[number] = known.get(number) or self._stack(number)
            if position % STACKS_PER_STRETCH == 0:
                pace.rest()
        self._stacks = stacks
        if len(self._frames) > 2 * self._frames_needed:
            self._forget_frames()
        return stacks

    def clear(self) -> None:
        """Forget everything."""
        self._stacks = {}
        self._frames = {}

    def _stack(self, number: int) -> Stack:
        try:
            return Stack(tuple(map(self._frame, self._resolve(number))))
        except LookupError:  # stopped and started anew meanwhile
            return Stack(())

    def _frame(self, raw: RawFrame) -> Frame:
        file, line, function = raw
        key = (_exact(file), line, _exact(function))
        return self._frames.get(key) or self._frames.setdefault(key, Frame(*key))

    def _forget_frames(self) -> None:
        used = {id(frame): frame for stack in self._stacks.values() for frame in stack.frames}
        self._frames = {(f.file, f.line, f.function): f for f in used.values()}
        self._frames_needed = max(len(self._frames), FEWEST_FRAMES_KEPT)


def _exact(text: str) -> str:
    """A name as it is; `compile` also takes a subclass of str, which is the application's."""
    return text if type(text) is str else "?"
