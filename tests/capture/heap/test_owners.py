"""The join: sums and errors of planted samples, by line, type and holder."""

import math
import random
from array import array
from dataclasses import replace

import pytest

from leakprobe.capture.heap.layout import NO_GROUP, Group, NodeState, Role, WalkResult, Why
from leakprobe.capture.heap.own import FILE_PREFIX, SHARED_FILE
from leakprobe.capture.heap.owners import find_owners
from leakprobe.capture.pointers import SampledPointers
from leakprobe.model import Frame, Stack
from tests.capture.referrers.planting import MODULE_WAY, node, path, planted, step

ASR = Stack((Frame("app.py", 42, "asr"), Frame("server.py", 7, "serve")))
ASR_LATER = Stack((Frame("app.py", 42, "asr"), Frame("server.py", 9, "serve")))
OTHER = Stack((Frame("app.py", 50, "other"),))
NOWHERE = Stack(())
RESULTS = (
    path(Why.GROUP, *MODULE_WAY, step(20, 21, Role.DICT_VALUE)),
    path(Why.GROUP, *MODULE_WAY, step(20, 22, Role.DICT_VALUE)),
)
NODES = (node(20, "dict"), node(21, "app.Result"), node(22, "str"))
GROUPS = (
    Group("app.Result", RESULTS[0], 3, NodeState.MODULE, 900),
    Group("str", RESULTS[1], 2, NodeState.MODULE, 100),
    Group("leakprobe.agent.Agent", None, 1, NodeState.OWN, 0),
    Group("bytes", None, 1, NodeState.GARBAGE, 0),
)

Sample = tuple[int, Stack, str | None, float, int]


def joined(*samples: Sample) -> tuple[WalkResult, SampledPointers]:
    """A walk's answer to some samples: (group, stack, route, weight, size)."""
    columns = list(zip(*samples, strict=True)) or [()] * 5
    result = replace(planted(NODES, RESULTS), owners=array("I", columns[0]), groups=GROUPS)
    pointers = SampledPointers(
        addresses=array("Q", range(len(samples))),
        stacks=tuple(columns[1]),
        routes=tuple(columns[2]),
        weights=array("d", columns[3]),
        sizes=array("Q", columns[4]),
    )
    return result, pointers


def test_one_row_is_one_line_type_and_holder() -> None:
    owners = find_owners(
        *joined(
            (0, ASR, "POST /asr", 10.0, 100),
            (0, ASR_LATER, "POST /asr", 10.0, 50),
            (1, ASR, None, 2.0, 100),
            (0, OTHER, None, 1.0, 1),
        )
    )
    assert [(o.site, o.type, o.bytes, o.objects, o.samples) for o in owners] == [
        (ASR.frames[0], "app.Result", 1500, 20, 2),
        (ASR.frames[0], "str", 200, 2, 1),
        (OTHER.frames[0], "app.Result", 1, 1, 1),
    ]
    first = owners[0]
    assert first.path is not None
    assert (first.path.text, first.path.objects) == ("app.results[…]", 3)
    assert (first.stack, first.route) == (ASR.frames, "POST /asr")


def test_stack_and_route_are_those_of_most_of_the_memory() -> None:
    (owner,) = find_owners(
        *joined((0, ASR, "GET /a", 1.0, 100), (0, ASR_LATER, "GET /b", 1.0, 300))
    )
    assert (owner.stack, owner.route) == (ASR_LATER.frames, "GET /b")


def test_memory_without_an_object_is_a_row_without_a_type() -> None:
    owners = find_owners(*joined((NO_GROUP, ASR, None, 4.0, 25), (3, NOWHERE, None, 1.0, 10)))
    assert [(o.site, o.type, o.path, o.bytes) for o in owners] == [
        (ASR.frames[0], None, None, 100),
        (None, "bytes", None, 10),
    ]


def test_what_is_leakprobes_own_is_left_out() -> None:
    ours = Stack((Frame("app.py", 1), Frame(f"{FILE_PREFIX}agent/agent.py", 1)))
    request = Stack((Frame("app.py", 1), Frame(SHARED_FILE, 1)))
    example = Stack((Frame(f"{FILE_PREFIX}examples/service.py", 3),))
    owners = find_owners(
        *joined(
            (2, ASR, None, 1.0, 100),
            (0, ours, None, 1.0, 100),
            (NO_GROUP, ours, None, 1.0, 100),
            (0, request, None, 1.0, 7),
            (0, example, None, 1.0, 8),
        )
    )
    assert [owner.bytes for owner in owners] == [8, 7]


def test_no_samples_are_no_rows() -> None:
    assert find_owners(*joined()) == ()


@pytest.mark.parametrize("size", [100, 1000, 100_000])
def test_the_estimate_is_within_its_error(size: int) -> None:
    mean, blocks = 65_536, 4_000_000_000 // size // 100
    chance = 1 - math.exp(-size / mean)
    rng = random.Random(size)
    inside = 0
    for _ in range(40):
        hits = sum(rng.random() < chance for _ in range(min(blocks, 20_000)))
        samples: list[Sample] = [(0, ASR, None, 1 / chance, size)] * hits
        truth = min(blocks, 20_000) * size
        (owner,) = find_owners(*joined(*samples))
        assert owner.bytes_error > 0
        inside += abs(owner.bytes - truth) <= 2 * owner.bytes_error
    assert inside >= 34  # about 95 % of 40
