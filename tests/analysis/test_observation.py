"""Series that are kept small."""

from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.observation import MOST_OBSERVATIONS, Column, Table, Timeline


def test_a_timeline_keeps_the_first_the_latest_and_at_most_so_many() -> None:
    timeline = Timeline()
    for second in range(8640):
        timeline.add(10.0 * second, {"GET /": second})
    assert len(timeline) == MOST_OBSERVATIONS
    assert timeline.times[0] == 0.0
    assert timeline.times[-20:] == [86390.0 - 10 * n for n in range(19, -1, -1)]
    gaps = [
        after - before for before, after in zip(timeline.times, timeline.times[1:], strict=False)
    ]
    assert max(gaps[:40]) <= 4 * min(gaps[:40])
    assert timeline.latest == 8639


def test_hours_without_load_do_not_displace_the_minute_that_had_some() -> None:
    timeline = Timeline()
    for second in range(20_000):
        timeline.add(float(second), {"GET /": 40 * min(max(second - 100, 0), 60)})
    busy = [time for time in timeline.times if 100 <= time <= 160]
    assert len(busy) >= 12


def test_a_timeline_knows_what_is_later() -> None:
    timeline = Timeline()
    assert timeline.follows(0.0)
    timeline.add(5.0, {})
    assert not timeline.follows(5.0)
    assert timeline.follows(5.1)
    assert timeline.size_bytes > 0


changes = st.lists(st.integers(-5, 5), min_size=1, max_size=400)


@given(changes)
@settings(deadline=None)
def test_a_column_says_what_was_seen_at_each_observation_that_is_kept(values: list[int]) -> None:
    timeline = Timeline()
    table: Table[str] = Table(timeline, forgets=True)
    truth = {}
    for second, value in enumerate(values):
        serial = timeline.add(float(second), {})
        table.file(serial, {"one": value})
        truth[serial] = value
    column = table.get("one")
    assert column is not None
    assert column.values(timeline.serials) == [truth[serial] for serial in timeline.serials]
    assert column.last == values[-1]
    assert column.changes <= 2 * MOST_OBSERVATIONS
    assert table.size_bytes > 0


def test_what_never_changes_takes_no_more_room() -> None:
    column = Column(0, 7)
    size = column.size_bytes
    for serial in range(1, 1000):
        column.put(serial, 7)
    assert (column.size_bytes, column.changes) == (size, 0)


def test_before_it_was_seen_there_was_none() -> None:
    column = Column(3, 7)
    column.put(5, 9)
    assert column.values([0, 2, 3, 4, 5, 6]) == [0, 0, 7, 7, 9, 9]
    assert column.first_serial == 3


def test_what_is_not_seen_is_none_or_gone() -> None:
    counted: Table[str] = Table(Timeline(), forgets=False)
    named: Table[str] = Table(Timeline(), forgets=True)
    for table in (counted, named):
        table.file(0, {"stays": 1, "goes": 5})
        table.file(1, {"stays": 1})
    gone = counted.get("goes")
    assert gone is not None
    assert gone.last == 0
    assert named.get("goes") is None
    assert len(named) == 1
    counted.file(2, {"stays": 1})
    assert [key for key, _ in counted.items()] == ["stays"]
