"""Groups of threads and tasks."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.grouping import group_tasks, group_threads
from leakprobe.model.live import TaskInfo, ThreadInfo
from leakprobe.model.memory import Frame

WAITING = (Frame("threading.py", 324, "Condition.wait"), Frame("app.py", 7, "work"))
READING = (Frame("selectors.py", 468, "select"),)

stacks = st.sampled_from([(), WAITING, READING, WAITING[:1]])
names = st.sampled_from(["a", "b", "Thread-1"])
ages = st.none() | st.floats(0, 1e6)
counts = st.integers(1, 50)
# Quarters add up without rounding, in any order.
cpu = st.none() | st.integers(0, 1000).map(lambda quarters: quarters / 4)
threads = st.lists(
    st.builds(
        ThreadInfo,
        name=names,
        ident=st.integers(0, 9),
        native_id=st.none() | st.integers(1, 9),
        daemon=st.none() | st.booleans(),
        age_s=ages,
        cpu_s=cpu,
        count=counts,
        stack=stacks,
    )
)
tasks = st.lists(
    st.builds(
        TaskInfo,
        name=names,
        coroutine=names,
        state=st.sampled_from(["running", "waiting", "ready"]),
        age_s=ages,
        count=counts,
        stack=stacks,
    )
)

OLD = ThreadInfo("old", 1, 11, True, 9.0, 1.5, 1, WAITING)
YOUNG = ThreadInfo("young", 2, 12, False, 3.0, 0.5, 1, WAITING)
NATIVE = ThreadInfo("jemalloc_bg", 0, 13, None, 5.0, None, 1, ())


def test_a_group_is_named_by_its_oldest_member() -> None:
    other = replace(YOUNG, stack=READING)
    groups = group_threads([other, YOUNG, NATIVE, OLD])
    assert groups == (replace(OLD, count=2, cpu_s=2.0), other, NATIVE)


def test_threads_without_a_stack_are_grouped_by_name() -> None:
    twin = replace(NATIVE, native_id=14, age_s=6.0)
    other = replace(NATIVE, name="grpc_poller")
    assert group_threads([NATIVE, other, twin]) == (replace(twin, count=2), other)


def test_a_task_never_seen_before_is_the_youngest() -> None:
    new = TaskInfo("new", "poll", "ready", None, 1, WAITING)
    old = TaskInfo("old", "poll", "waiting", 0.0, 1, WAITING)
    other = replace(old, coroutine="push")
    assert group_tasks([other, new, old]) == (replace(old, count=2), other)


def test_nothing_is_no_group() -> None:
    assert group_threads([]) == ()
    assert group_tasks([]) == ()


@settings(deadline=None)
@given(threads)
def test_threads_add_up(members: list[ThreadInfo]) -> None:
    groups = group_threads(members)
    assert sum(group.count for group in groups) == sum(member.count for member in members)
    assert sum(g.cpu_s or 0 for g in groups) == sum(m.cpu_s or 0 for m in members)
    assert {group.stack for group in groups} == {member.stack for member in members}
    assert [g.count for g in groups] == sorted((g.count for g in groups), reverse=True)
    ages = [member.age_s for member in members if member.age_s is not None]
    assert max((g.age_s for g in groups if g.age_s is not None), default=None) == max(
        ages, default=None
    )
    for group in groups:
        like = [m for m in members if m.stack == group.stack and (m.stack or m.name == group.name)]
        assert (group.cpu_s is None) == all(member.cpu_s is None for member in like)
        assert any(replace(m, count=group.count, cpu_s=group.cpu_s) == group for m in like)


@settings(deadline=None)
@given(tasks)
def test_tasks_add_up(members: list[TaskInfo]) -> None:
    groups = group_tasks(members)
    assert sum(group.count for group in groups) == sum(member.count for member in members)
    keys = [(group.coroutine, group.stack) for group in groups]
    assert len(keys) == len(set(keys))
    assert set(keys) == {(member.coroutine, member.stack) for member in members}
    assert all(any(replace(m, count=g.count) == g for m in members) for g in groups)


@settings(deadline=None)
@given(threads, tasks)
def test_groups_of_groups_are_the_same_groups(
    some_threads: list[ThreadInfo], some_tasks: list[TaskInfo]
) -> None:
    thread_groups, task_groups = group_threads(some_threads), group_tasks(some_tasks)
    assert group_threads(thread_groups) == thread_groups
    assert group_tasks(task_groups) == task_groups
