import random
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.moments import MOMENT_WORDS
from leakprobe.analysis.retention import most_kept, thin
from leakprobe.errors import BadParameter, NotAvailable, UnknownName
from leakprobe.history import History, Needs
from leakprobe.model import Container, LiveStack, Snapshot, TypeCount
from leakprobe.settings import RetentionRule, parse_retention
from tests.making import a_snapshot, a_stack, live, snapshots
from tests.test_packing import actual_size

RULES = parse_retention("1m@10s,10m@1m")
PLENTY = 32 << 20
STACKS = (live(a_stack(("/srv/app.py", 1, "f")), 100),)
TYPES = (TypeCount("app.Result", 1, 2, 3),)


def a_history(max_bytes: int = PLENTY) -> History:
    return History(RULES, max_bytes)


def filled(seconds: range, *, types_every: int = 1) -> History:
    history = a_history()
    for second in seconds:
        types = None if second % types_every else TYPES
        history.add(a_snapshot(history.new_id(), uptime_s=second, stacks=STACKS, types=types))
    return history


def uptimes(history: History) -> list[float]:
    return [snapshot.uptime_s for snapshot in history.gauge_series()]


def many_stacks(chance: random.Random, count: int) -> tuple[LiveStack, ...]:
    return tuple(
        live(
            a_stack(*((f"/srv/{chance.randrange(50)}.py", chance.randrange(999), f"f{n}"),) * 3),
            chance.randrange(1, 1 << 30),
        )
        for n in range(count)
    )


def test_an_empty_album_has_nothing() -> None:
    history = a_history()
    assert (history.start, history.baseline, history.previous(), history.at(0)) == (None,) * 4
    assert (history.list(), history.gauge_series(), len(history)) == ((), (), 0)
    with pytest.raises(UnknownName, match="no snapshot 'start'"):
        history.resolve("start", uptime_s=0)


@given(snapshots)
@settings(deadline=None)
def test_what_is_kept_comes_back_as_it_was(snapshot: Snapshot) -> None:
    history = a_history()
    history.add(snapshot)
    assert history.get(snapshot.id) == history.start == history.baseline == snapshot
    assert history.previous() == history.at(0) == snapshot


def test_ids_differ_are_safe_to_type_and_are_no_moments() -> None:
    history = a_history()
    ids = [history.new_id() for _ in range(100)]
    assert ids[:3] == ["s1", "s2", "s3"]
    assert len(set(ids)) == 100
    assert not set(ids) & set(MOMENT_WORDS)


def test_rolling_snapshots_are_thinned_and_the_newest_stays() -> None:
    history = filled(range(0, 601, 5))
    assert uptimes(history) == [0, 5, *range(60, 540, 60), *range(540, 610, 10)]


def test_the_start_the_baseline_and_the_pinned_stay() -> None:
    history = a_history()
    history.add(a_snapshot("s1", uptime_s=1))
    history.add(a_snapshot("s2", uptime_s=2), pinned=True)
    history.add(a_snapshot("s3", uptime_s=3))
    history.mark_baseline("s3")
    for second in range(4, 3000, 7):
        history.add(a_snapshot(history.new_id() + "x", uptime_s=second))
    assert uptimes(history)[:3] == [1, 2, 3]
    assert uptimes(history)[3] > 2000
    history.mark_baseline(history.list()[0].id)
    history.add(a_snapshot("last", uptime_s=3000))
    assert uptimes(history)[:2] == [1, 2]
    assert uptimes(history)[2] > 2000


def test_some_of_those_with_types_remain_at_every_age() -> None:
    history = a_history()
    for second in range(0, 601, 5):
        types = TYPES if second % 30 == 25 else None
        history.add(a_snapshot(history.new_id(), uptime_s=second, types=types))
    walked = [s.uptime_s for s in history.gauge_series() if s.types is not None]
    assert walked == [*range(25, 540, 60), 565, 595]


@given(
    st.lists(st.tuples(st.floats(0.1, 100), st.booleans(), st.booleans()), max_size=80),
)
@settings(deadline=None)
def test_the_album_keeps_what_thinning_keeps_and_not_more_than_it_may(
    steps: list[tuple[float, bool, bool]],
) -> None:
    history, now, times = a_history(), 0.0, list[float]()
    history.add(a_snapshot("first", uptime_s=-1.0))
    for wait, stacks, types in steps:
        now += wait
        times.append(now)
        snapshot = a_snapshot(history.new_id(), uptime_s=now)
        history.add(
            replace(snapshot, stacks=STACKS if stacks else None, types=TYPES if types else None)
        )
    kept = set(uptimes(history))
    assert {times[at] for at in thin(times, RULES, now)} <= kept
    assert len(history) <= 1 + 3 * most_kept(RULES)


def test_snapshots_that_arrive_late_are_put_in_order() -> None:
    history = a_history()
    for number, uptime_s in enumerate([1.0, 30.0, 20.0]):
        history.add(a_snapshot(f"s{number}", uptime_s=uptime_s))
    assert uptimes(history) == [1.0, 20.0, 30.0]
    assert [snapshot.id for snapshot in history.list()] == ["s1", "s2", "s0"]


def test_a_list_shows_outlines_the_newest_first() -> None:
    history = filled(range(0, 60, 10), types_every=20)
    assert [(s.uptime_s, s.stacks, s.types) for s in history.list(3)] == [
        (50, (), None),
        (40, (), ()),
        (30, (), None),
    ]
    assert len(history.list()) == len(history) == 6
    assert history.list(0) == ()


def test_the_series_may_begin_later() -> None:
    history = filled(range(0, 60, 10))
    assert [point.uptime_s for point in history.gauge_series(30)] == [30, 40, 50]
    assert history.gauge_series(30)[0].gauges.rss_bytes == 100_000_000


def test_what_is_removed_is_gone_and_its_role_passes_on() -> None:
    history = filled(range(0, 60, 10))
    first, second, third = (snapshot.id for snapshot in history.gauge_series()[:3])
    history.mark_baseline(third)
    assert history.resolve("baseline", uptime_s=60).id == third
    history.remove(third)
    assert history.resolve("baseline", uptime_s=60).id == first
    history.remove(first)
    assert history.resolve("start", uptime_s=60).id == second
    with pytest.raises(UnknownName):
        history.get(first)


@pytest.mark.parametrize(
    "ask",
    [
        lambda history: history.get("s99"),
        lambda history: history.remove("s99"),
        lambda history: history.mark_baseline("s99"),
        lambda history: history.previous("s99"),
        lambda history: history.resolve("s99", uptime_s=0),
        lambda history: history.resolve("previous", uptime_s=0, before="s99"),
    ],
)
def test_an_unknown_id_is_refused_with_the_nearest(ask: Callable[[History], object]) -> None:
    history = filled(range(0, 100, 10))
    with pytest.raises(UnknownName) as refusal:
        ask(history)
    assert "s9" in refusal.value.nearest


def test_moments_are_resolved_to_whole_snapshots() -> None:
    history = filled(range(0, 60, 10), types_every=40)
    history.add(a_snapshot("s7", uptime_s=60, label="release"), pinned=True)

    def resolved(text: str, needs: Needs = None, before: str | None = None) -> float:
        return history.resolve(text, needs=needs, uptime_s=65, before=before).uptime_s

    assert resolved("start") == resolved("baseline") == 0
    assert resolved("release") == resolved("previous") == resolved("s7") == 60
    assert resolved("release", "stacks") == 50
    assert resolved("-10s", "types") == 40
    assert resolved("previous", "types") == 40
    assert resolved("previous", before="s7") == 50
    assert history.resolve("previous", needs="stacks", uptime_s=65).stacks == STACKS
    assert history.resolve("previous", needs="types", uptime_s=65).types == TYPES
    assert history.at(28, needs="types") == history.resolve("-37s", needs="types", uptime_s=65)
    assert history.previous("s7", needs="types") == history.at(40)


def test_what_cannot_be_resolved_is_refused_by_its_parameter() -> None:
    history = a_history()
    history.add(a_snapshot("s1"))
    with pytest.raises(BadParameter, match="parameter to='-x'"):
        history.resolve("-x", uptime_s=1, parameter="to")
    with pytest.raises(NotAvailable, match="has types"):
        history.resolve("start", needs="types", uptime_s=1)


def test_of_two_with_one_label_the_newest_is_meant() -> None:
    history = a_history()
    for number in (1, 2):
        history.add(a_snapshot(f"s{number}", uptime_s=number, label="here"), pinned=True)
    assert history.resolve("here", uptime_s=9).id == "s2"


# The limit.


def test_hundreds_of_snapshots_stay_within_the_limit_by_count_of_real_bytes() -> None:
    history, chance = a_history(150_000), random.Random(3)
    pool = many_stacks(chance, 300)
    for second in range(400):
        pool = (*pool[5:], *many_stacks(chance, 5))
        types = [TypeCount(f"app.T{n}", n, n, n) for n in range(second % 50)]
        history.add(
            a_snapshot(
                history.new_id(),
                uptime_s=second * 5.0,
                stacks=chance.sample(pool, 150),
                types=types,
            ),
            pinned=second % 100 == 7,
        )
        assert history.self_bytes <= 150_000
        if second % 100 == 99:
            assert actual_size(history) <= 150_000
    newest, start = history.previous(), history.start
    assert newest is not None
    assert start is not None
    assert len(newest.stacks or ()) == len(start.stacks or ()) == 150


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans()), max_size=8), st.integers(1, 8))
@settings(deadline=None, max_examples=20)
def test_the_limit_holds_for_whatever_comes(
    sizes: list[tuple[int, bool]], stacks_each: int
) -> None:
    history, chance = a_history(24_000), random.Random(1)
    for number, (size, pinned) in enumerate(sizes):
        stacks = many_stacks(chance, size * stacks_each)
        snapshot = a_snapshot(history.new_id(), uptime_s=number * 10.0, stacks=stacks, types=TYPES)
        history.add(snapshot, pinned=pinned)
        assert actual_size(history) <= history.self_bytes <= 24_000
        assert history.list(1)[0].id == snapshot.id


def test_past_the_limit_the_oldest_rolling_lists_go_first_and_the_rest_stays() -> None:
    chance = random.Random(5)
    history = a_history(PLENTY)
    for number in range(6):
        stacks = many_stacks(chance, 100)
        history.add(
            a_snapshot(history.new_id(), uptime_s=number * 10.0, stacks=stacks, types=TYPES),
            pinned=number == 1,
        )
    history.mark_baseline("s3")
    holding = {"s1", "s2", "s3", "s4", "s5", "s6"}
    kept = set(holding)
    lost: list[str] = []
    while len(holding) > 3:
        history._max_bytes = history.self_bytes - 1
        history._shrink()
        now = {snapshot.id: snapshot for snapshot in history.list()}
        lost += sorted(
            f"{i} lists" for i in holding - {i for i, s in now.items() if s.stacks is not None}
        )
        lost += sorted(f"{i} whole" for i in kept - set(now))
        holding = {i for i, snapshot in now.items() if snapshot.stacks is not None}
        kept = set(now)
    assert lost == ["s4 lists", "s5 lists", "s4 whole", "s5 whole", "s2 lists"]
    history._max_bytes = history.self_bytes - 1
    history._shrink()
    assert {snapshot.id for snapshot in history.list()} == {"s1", "s3", "s6"}


def test_in_the_end_even_the_start_loses_its_lightest_stacks() -> None:
    stacks = many_stacks(random.Random(7), 64)
    history = a_history(12_000)
    history.add(a_snapshot("s1", stacks=stacks))
    left = history.get("s1").stacks
    assert left
    assert len(left) < len(stacks)
    heaviest = sorted(stacks, key=lambda one: one.bytes, reverse=True)
    assert set(left) == set(heaviest[: len(left)])


def test_where_nothing_is_left_to_drop_the_snapshot_itself_stays() -> None:
    history = a_history(1)
    history.add(a_snapshot("s1", stacks=STACKS, types=TYPES))
    assert history.get("s1") == a_snapshot("s1")


def test_what_was_dropped_leaves_the_tables_empty() -> None:
    history = filled(range(0, 60, 10))
    empty = a_history().self_bytes
    for snapshot in history.list():
        history.remove(snapshot.id)
    assert history.self_bytes <= empty + 200


# Threads and fork.


def test_after_a_fork_the_album_is_empty_though_the_lock_was_held() -> None:
    history = filled(range(0, 60, 10))
    history.mark_baseline("s2")
    with history._lock:
        history.after_fork()
        assert len(history.list()) == 0
    history.add(a_snapshot(history.new_id(), uptime_s=1))
    assert [snapshot.id for snapshot in history.list()] == ["s7"]
    assert history.baseline == history.start


def test_many_threads_add_read_and_remove_at_once() -> None:
    history = History((RetentionRule(1000, 1),), 200_000)
    history.add(a_snapshot(history.new_id(), stacks=STACKS))
    errors: list[Exception] = []

    def work(number: int) -> None:
        chance = random.Random(number)
        try:
            for _ in range(40):
                stacks = many_stacks(chance, 20)
                snapshot = a_snapshot(
                    history.new_id(), uptime_s=chance.random() * 900, stacks=stacks
                )
                history.add(snapshot, pinned=True)
                for outline in history.list(3):
                    try:
                        history.get(outline.id)
                        if chance.random() < 0.3:
                            history.remove(outline.id)
                    except UnknownName:
                        continue
        except Exception as error:  # noqa: BLE001 - shown by the test's thread
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert actual_size(history) <= history.self_bytes <= 200_000


def test_a_completed_snapshot_takes_the_place_of_what_it_was() -> None:
    history = filled(range(0, 30, 10), types_every=100)
    bare = history.get("s2")
    assert bare.types is None
    complete = replace(bare, types=TYPES, containers=(Container(1, "builtins.dict", 99),))
    history.update(complete)
    assert history.get("s2") == complete
    assert uptimes(history) == [0, 10, 20]
    assert history.resolve("s1", needs="types", uptime_s=30).id in {"s1", "s2"}
    with pytest.raises(UnknownName):
        history.update(replace(complete, id="s99"))


def test_completing_a_snapshot_again_and_again_takes_no_more_room() -> None:
    history = filled(range(0, 30, 10))
    sizes = []
    for length in range(5):
        containers = tuple(Container(at, "builtins.dict", length) for at in range(500))
        history.update(replace(history.get("s2"), containers=containers))
        sizes.append(history.self_bytes)
    assert len(set(sizes)) == 1


def test_what_outgrows_the_album_is_dropped_also_when_it_comes_later() -> None:
    history = History(RULES, 1 << 20)
    history.add(a_snapshot("s1", stacks=STACKS))
    containers = tuple(Container(at, "builtins.dict", 99) for at in range(100_000))
    history.update(replace(history.get("s1"), containers=containers))
    assert history.self_bytes <= 1 << 20
    assert len(history) == 1
