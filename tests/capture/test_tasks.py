"""Tasks: real event loops, in this thread and in others."""

import asyncio
import gc
import sys
import threading
import time
import weakref
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from leakprobe.analysis.grouping import group_tasks
from leakprobe.capture.tasks import TaskCamera, find_tasks, registered_tasks, tracked_tasks
from leakprobe.model.live import TaskInfo
from tests.hostile import HostileTask, alive_zoo, assert_untouched, biting_tasks

PyTask = asyncio.tasks._PyTask  # type: ignore[attr-defined]  # private
Work = Callable[[], Coroutine[Any, Any, Any]]


class LoopThread:
    """An event loop that runs in a thread of its own until the block ends."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.tasks: list[asyncio.Task[Any]] = []

    def spawn(self, work: Work, name: str, kind: Any = asyncio.Task) -> None:
        """Start a task and return once it stands where it waits."""

        async def start() -> None:
            self.tasks.append(kind(work(), loop=self.loop, name=name))
            for _ in range(3):
                await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(start(), self.loop).result(10)

    def close(self) -> None:
        async def cancel() -> None:
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)
            self.tasks.clear()

        asyncio.run_coroutine_threadsafe(cancel(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@contextmanager
def loop_thread() -> Iterator[LoopThread]:
    runner = LoopThread()
    runner.thread.start()
    try:
        yield runner
    finally:
        runner.close()


async def wait_forever() -> None:
    await asyncio.Event().wait()


async def outer() -> None:
    await wait_forever()


def named(name: str, rows: tuple[TaskInfo, ...]) -> TaskInfo:
    (found,) = [row for row in rows if row.name == name]
    return found


def read() -> tuple[TaskInfo, ...]:
    return TaskCamera().read()[0]


def test_an_await_chain_is_followed_to_the_future() -> None:
    with loop_thread() as runner:
        runner.spawn(outer, "planted")
        row = named("planted", read())
    assert (row.coroutine, row.state, row.count, row.age_s) == ("outer", "waiting", 1, None)
    assert [frame.function for frame in row.stack] == ["Event.wait", "wait_forever", "outer"]
    first = wait_forever.__code__.co_firstlineno
    assert (row.stack[1].file, row.stack[1].line) == (__file__, first + 1)


def test_tasks_of_several_loops_are_one_list() -> None:
    with ExitStack() as stack:
        for number in range(3):
            runner = stack.enter_context(loop_thread())
            for _ in range(20):
                runner.spawn(outer, f"loop {number}")
        rows = [row for row in read() if row.name.startswith("loop")]
    assert len(rows) == 60
    assert len({id(row.stack) for row in rows}) == 1, "equal stacks are kept once"
    (group,) = group_tasks(rows)
    assert group.count == 60


@pytest.mark.parametrize("kind", [asyncio.Task, PyTask, type("Own", (asyncio.Task,), {})])
def test_every_kind_of_task(kind: Any) -> None:
    with loop_thread() as runner:
        runner.spawn(outer, "planted", kind)
        row = named("planted", read())
        assert [frame.function for frame in row.stack] == ["Event.wait", "wait_forever", "outer"]
        assert row.state == "waiting"
        task = runner.tasks[0]
    assert task.cancelled()
    assert [row for row in read() if row.name == "planted"] == []


def test_a_task_that_is_awaited_is_a_row_of_its_own() -> None:
    async def await_another() -> None:
        await asyncio.get_running_loop().create_task(outer(), name="inner")

    with loop_thread() as runner:
        runner.spawn(await_another, "waiter")
        rows = read()
    assert len(named("waiter", rows).stack) == 1
    assert named("inner", rows).stack[-1].function == "outer"


def test_states() -> None:
    entered, leave, states = threading.Event(), threading.Event(), []

    def block_the_loop() -> None:
        entered.set()
        leave.wait()

    async def run() -> None:
        asyncio.get_running_loop().create_task(outer(), name="new")
        block_the_loop()

    with loop_thread() as runner:
        runner.spawn(outer, "waiting one")
        future = asyncio.run_coroutine_threadsafe(run(), runner.loop)
        assert entered.wait(10)
        rows = read()
        leave.set()
        future.result(10)
        states = [(row.coroutine, row.state) for row in rows]
        (running,) = [row for row in rows if row.state == "running"]
        runner.tasks.extend(asyncio.all_tasks(runner.loop))
    assert sorted(states) == [
        ("outer", "ready"),
        ("outer", "waiting"),
        ("test_states.<locals>.run", "running"),
    ]
    functions = [frame.function for frame in running.stack]
    blocker = "test_states.<locals>.block_the_loop"
    assert functions.index("Event.wait") < functions.index(blocker)
    assert functions[-1] == "test_states.<locals>.run"
    (new,) = [row for row in rows if row.name == "new"]
    assert [(f.function, f.line) for f in new.stack] == [("outer", outer.__code__.co_firstlineno)]


def test_read_on_the_loop_s_own_thread() -> None:
    async def ask() -> tuple[TaskInfo, ...]:
        return TaskCamera().read()[0]

    (row,) = [row for row in asyncio.run(ask()) if "ask" in row.coroutine]
    assert row.state == "running"
    assert [frame.function for frame in row.stack] == [row.coroutine]


def test_ages_start_at_the_first_look() -> None:
    now = [100.0]
    camera = TaskCamera(clock=lambda: now[0])
    with loop_thread() as runner:
        runner.spawn(outer, "old")
        assert named("old", camera.read(frames=0)[0]).stack == ()
        now[0] = 107.0
        runner.spawn(outer, "new")
        rows, _ = camera.read()
        assert (named("old", rows).age_s, named("new", rows).age_s) == (7.0, None)
        now[0] = 109.0
        rows, _ = camera.read(exclude=frozenset({id(runner.tasks[0])}))
        assert [row.age_s for row in rows] == [2.0]
        assert named("old", camera.read()[0]).age_s == 9.0
    camera.read()
    assert camera._first_seen == {}, "what is gone is forgotten"


def test_an_address_that_is_used_again_is_another_task() -> None:
    camera = TaskCamera(clock=lambda: 50.0)
    with loop_thread() as runner:
        runner.spawn(outer, "planted")
        task = runner.tasks[0]
        other: Any = type("Other", (), {})()
        camera._first_seen[id(task)] = (weakref.ref(other), 1.0)
        assert named("planted", camera.read()[0]).age_s is None
        assert named("planted", camera.read()[0]).age_s == 0.0
        del task


def test_a_stack_is_cut() -> None:
    with loop_thread() as runner:
        runner.spawn(outer, "planted")
        rows, _ = TaskCamera().read(frames=2)
    assert [frame.function for frame in named("planted", rows).stack] == [
        "Event.wait",
        "wait_forever",
    ]


@pytest.mark.parametrize("kind", [HostileTask])
def test_hostile_tasks_are_not_touched(kind: Any) -> None:
    camera = TaskCamera()
    with loop_thread() as runner, alive_zoo():
        runner.spawn(outer, "planted", kind)
        with biting_tasks():
            camera.read()
            rows, _ = camera.read()
            tracked_tasks()
            assert_untouched()
    row = named("planted", rows)
    assert [frame.function for frame in row.stack] == ["Event.wait", "wait_forever", "outer"]


def test_a_task_of_a_foreign_class_or_half_built_is_left_out() -> None:
    foreign: Any = type("Foreign", (), {})()
    half: Any = asyncio.Task.__new__(asyncio.Task)
    py_half: Any = PyTask.__new__(PyTask)
    references = [weakref.ref(o) for o in (foreign, half, py_half)]
    assert TaskCamera(lambda: references).read()[0] == ()
    half._log_destroy_pending = py_half._log_destroy_pending = False


def test_what_asyncio_registers_is_what_the_collector_tracks() -> None:
    with loop_thread() as runner:
        runner.spawn(outer, "c")
        runner.spawn(outer, "python", PyTask)
        tasks = set(runner.tasks)
        for source in (tracked_tasks, find_tasks):
            assert tasks <= {reference() for reference in source()}
        if sys.version_info < (3, 14):
            assert tasks <= {reference() for reference in registered_tasks()}
        camera = TaskCamera(lambda: find_tasks() + tracked_tasks())
        assert len(camera.read()[0]) == 2, "what is found twice is shown once"
        tasks.clear()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with 3.12")
def test_a_task_in_its_eager_step() -> None:
    rows: list[TaskInfo] = []

    async def look() -> None:
        rows.extend(read())

    async def main() -> None:
        await asyncio.Task(look(), loop=asyncio.get_running_loop(), name="eager", eager_start=True)  # type: ignore[call-arg, unused-ignore]  # since 3.12

    asyncio.run(main())
    row = named("eager", tuple(rows))
    assert row.state == "running"


def test_a_loop_that_creates_and_ends_tasks_all_the_time() -> None:
    stop = threading.Event()

    churning = threading.Event()

    async def churn() -> None:
        while not stop.is_set():
            tasks = [asyncio.ensure_future(asyncio.sleep(0.001)) for _ in range(50)]
            churning.set()
            await asyncio.gather(*tasks)

    camera = TaskCamera()
    with loop_thread() as runner:
        future = asyncio.run_coroutine_threadsafe(churn(), runner.loop)
        assert churning.wait(30)
        reads = [camera.read() for _ in range(100)]
        stop.set()
        future.result(10)
    assert any(len(rows) > 1 for rows, _ in reads)
    assert all(price.wall_ms > 0 for _, price in reads)


def test_nothing_is_kept() -> None:
    camera = TaskCamera()

    class Held:
        pass

    async def hold() -> None:
        held = Held()
        references.append(weakref.ref(held))
        await wait_forever()

    references: list[weakref.ref[Any]] = []
    with loop_thread() as runner:
        runner.spawn(hold, "planted")
        references.append(weakref.ref(runner.tasks[0]))
        gc.collect()
        gc.disable()  # so that a cycle of ours would be seen
        try:
            rows, price = camera.read()
            runner.loop.call_soon_threadsafe(runner.tasks.pop().cancel)
            deadline = time.monotonic() + 10
            while any(r() is not None for r in references) and time.monotonic() < deadline:
                asyncio.run_coroutine_threadsafe(asyncio.sleep(0), runner.loop).result(10)
            assert [reference() for reference in references] == [None, None]
        finally:
            gc.enable()
    assert named("planted", rows).stack
    assert 0 < price.pause_ms <= price.wall_ms + 1
