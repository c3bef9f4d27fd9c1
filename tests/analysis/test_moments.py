import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.moments import Mark, Needs, find, nearest, previous
from leakprobe.errors import BadParameter, NotAvailable, UnknownName

MARKS = (
    Mark("s1", "start", 0.0, stacks=True, types=True),
    Mark("s2", None, 10.0, stacks=True, types=False),
    Mark("s3", "release", 20.0, stacks=True, types=False),
    Mark("s4", "release", 30.0, stacks=False, types=False),
    Mark("s5", None, 40.0, stacks=True, types=True),
    Mark("s6", "s2", 50.0, stacks=True, types=False),
)


def found(text: str, needs: Needs = None, *, baseline: int = 0, before: int | None = None) -> str:
    at = find(MARKS, text, needs=needs, uptime_s=60.0, baseline=baseline, before=before)
    return MARKS[at].id


@pytest.mark.parametrize(
    ("text", "needs", "expected"),
    [
        ("start", None, "s1"),
        ("baseline", None, "s1"),
        ("previous", None, "s6"),
        ("previous", "types", "s5"),
        ("-0s", None, "s6"),
        ("-31s", None, "s4"),
        ("-31s", "stacks", "s3"),
        ("-0.5m", "types", "s5"),
        ("-1d", None, "s1"),
        ("s3", None, "s3"),
        ("s3", "types", "s1"),
        ("s4", "types", "s5"),
        ("release", None, "s4"),
        ("release", "stacks", "s3"),
        ("s2", None, "s2"),
    ],
)
def test_a_moment_is_the_nearest_snapshot_that_has_what_is_needed(
    text: str, needs: Needs, expected: str
) -> None:
    assert found(text, needs) == expected


def test_the_baseline_is_the_marked_one() -> None:
    assert found("baseline", baseline=2) == "s3"
    assert found("baseline", "types", baseline=3) == "s5"


def test_previous_never_is_the_snapshot_it_is_previous_to() -> None:
    assert found("previous", before=4) == "s4"
    assert found("previous", "types", before=4) == "s1"
    with pytest.raises(UnknownName, match="no snapshot 'previous'; none has been taken before"):
        found("previous", before=0)


@pytest.mark.parametrize("text", ["", "-", "-10", "-10x", "--10m", "-ten minutes", "x" * 201])
def test_what_is_no_moment_is_a_bad_parameter(text: str) -> None:
    with pytest.raises(BadParameter, match=r"^parameter to=") as refusal:
        find(MARKS, text, needs=None, uptime_s=60.0, parameter="to")
    assert "an age such as -10m" in str(refusal.value)


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(UnknownName) as refusal:
        found("relaese")
    assert refusal.value.nearest[0] == "release"
    with pytest.raises(UnknownName) as refusal:
        found("strat")
    assert "start" in refusal.value.nearest
    with pytest.raises(UnknownName, match="GET /snapshots lists what is kept"):
        found("0")


@pytest.mark.parametrize("text", ["start", "baseline", "previous", "-10m", "s1"])
def test_before_the_first_snapshot_there_is_none(text: str) -> None:
    with pytest.raises(UnknownName, match=f"no snapshot '{text}'"):
        find((), text, needs=None, uptime_s=0.0)


@pytest.mark.parametrize("text", ["start", "baseline", "previous", "-10m", "s2", "release"])
@pytest.mark.parametrize("needs", ["stacks", "types"])
def test_where_no_snapshot_has_what_is_needed_it_is_not_available(text: str, needs: Needs) -> None:
    bare = [Mark(m.id, m.label, m.uptime_s, stacks=False, types=False) for m in MARKS]
    with pytest.raises(NotAvailable, match=f"no such snapshot has (allocation )?{needs}"):
        find(bare, text, needs=needs, uptime_s=60.0)


marks = st.lists(
    st.builds(
        Mark,
        id=st.uuids().map(str),
        label=st.none(),
        uptime_s=st.floats(0, 1e6),
        stacks=st.booleans(),
        types=st.booleans(),
    ),
    max_size=8,
)


@given(marks, st.floats(0, 1e6), st.sampled_from([None, "stacks", "types"]))
@settings(deadline=None)
def test_nothing_that_has_it_is_nearer_than_the_nearest(
    some: list[Mark], uptime_s: float, needs: Needs
) -> None:
    at = nearest(some, uptime_s, needs)
    holding = [abs(mark.uptime_s - uptime_s) for mark in some if mark.holds(needs)]
    assert (at is None) is (holding == [])
    if at is not None:
        assert some[at].holds(needs)
        assert abs(some[at].uptime_s - uptime_s) == min(holding)


@given(marks, st.sampled_from([None, "stacks", "types"]))
@settings(deadline=None)
def test_nothing_that_has_it_lies_between_a_mark_and_its_previous(
    some: list[Mark], needs: Needs
) -> None:
    at = previous(some, len(some), needs)
    between = some if at is None else some[at + 1 :]
    assert not any(mark.holds(needs) for mark in between)
    assert at is None or some[at].holds(needs)
