"""Stacks by number from a table that the test made."""

import pytest

from leakprobe.capture import sampled_stacks
from leakprobe.capture.pace import Pace
from leakprobe.capture.sampled_stacks import RawFrame, SampledStacks
from leakprobe.model import Frame, Stack

PACE = Pace(pause=lambda _: None)


class HostileName(str):
    """A file name of the application's that bites."""

    __slots__ = ()

    def __hash__(self) -> int:
        raise RuntimeError("hash of the application's object")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("comparison with the application's object")


class Table:
    """Frames by number; counts how often it is asked."""

    def __init__(self, **frames: tuple[RawFrame, ...]) -> None:
        self.frames = {int(name.removeprefix("n")): raw for name, raw in frames.items()}
        self.asked: list[int] = []

    def __call__(self, number: int) -> tuple[RawFrame, ...]:
        self.asked.append(number)
        return self.frames[number]


def raw(line: int) -> RawFrame:
    return ("/srv/app.py", line, "asr")


def test_a_stack_is_resolved_once_for_as_long_as_it_is_asked_for() -> None:
    table = Table(n1=(raw(1),), n2=(raw(2), raw(1)))
    stacks = SampledStacks(table)
    first = stacks.of([1, 2, 1], PACE)
    assert first == {
        1: Stack((Frame("/srv/app.py", 1, "asr"),)),
        2: Stack((Frame("/srv/app.py", 2, "asr"), Frame("/srv/app.py", 1, "asr"))),
    }
    assert stacks.of([2], PACE)[2] is first[2]
    assert sorted(table.asked) == [1, 2]
    stacks.of([1], PACE)
    assert sorted(table.asked) == [1, 1, 2]


def test_equal_frames_are_one_object() -> None:
    stacks = SampledStacks(Table(n1=(raw(1),), n2=(raw(2), raw(1)))).of([1, 2], PACE)
    assert stacks[1].frames[0] is stacks[2].frames[1]


def test_an_unknown_stack_and_one_without_python_frames_are_empty() -> None:
    assert SampledStacks(Table(n1=())).of([1, 9], PACE) == {1: Stack(()), 9: Stack(())}


def test_a_name_that_bites_is_not_touched() -> None:
    frame = (HostileName("/srv/app.py"), 3, HostileName("asr"))
    assert SampledStacks(Table(n1=(frame,))).of([1], PACE)[1] == Stack((Frame("?", 3, "?"),))


def test_frames_of_generated_code_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled_stacks, "FEWEST_FRAMES_KEPT", 10)
    stacks = SampledStacks(lambda number: (("<generated>", number, "f"), raw(1)))
    shared = stacks.of([0], PACE)[0].frames[1]
    for number in range(1, 1000):
        (stack,) = stacks.of([number], PACE).values()
        assert stack.frames[1] is shared
    assert len(stacks._stacks) == 1
    assert len(stacks._frames) <= 21
    stacks.clear()
    assert not stacks._stacks
    assert not stacks._frames
