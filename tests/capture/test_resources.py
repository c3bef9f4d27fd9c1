"""Groups of threads, tasks, descriptors and children: planted ones are found, ours are not."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

from leakprobe.capture.resources import read_groups
from leakprobe.capture.tasks import TaskCamera
from leakprobe.model.live import TaskInfo
from leakprobe.model.memory import Frame, ResourceGroup
from leakprobe.own_threads import OwnThread
from tests.capture.test_procfs import plant, stat_line
from tests.hostile import alive_zoo


def groups(resource: str, tasks: tuple[TaskInfo, ...] = ()) -> dict[str, ResourceGroup]:
    found, _ = read_groups(tasks)
    return {group.name: group for group in found if group.resource == resource}


def count(resource: str, name: str) -> int:
    group = groups(resource).get(name)
    return group.count if group else 0


def test_the_leaked_threads_are_one_group() -> None:
    stop = threading.Event()

    def planted() -> None:
        stop.wait()

    threads = [threading.Thread(target=planted, daemon=True) for _ in range(7)]
    for thread in threads:
        thread.start()
    name = f"{__name__}.test_the_leaked_threads_are_one_group.<locals>.planted"
    found = groups("threads")[name]
    stop.set()
    for thread in threads:
        thread.join()
    assert found.count == 7
    assert found.site is not None
    assert found.site.file == __file__
    assert name not in groups("threads")


def test_our_threads_are_left_out() -> None:
    before, stop = groups("threads"), threading.Event()
    thread = OwnThread("planted", stop.wait)
    thread.start()
    during = groups("threads")
    stop.set()
    thread.join()
    assert during == before


async def waits(event: asyncio.Event) -> None:
    await event.wait()


def test_tasks_are_grouped_by_coroutine() -> None:
    async def main() -> dict[str, ResourceGroup]:
        event = asyncio.Event()
        tasks = [asyncio.create_task(waits(event)) for _ in range(5)]
        await asyncio.sleep(0)
        rows, _ = TaskCamera().read()
        found = groups("tasks", rows)
        event.set()
        await asyncio.gather(*tasks)
        return found

    found = asyncio.run(main())
    line = waits.__code__.co_firstlineno + 1
    assert found["waits"] == ResourceGroup("tasks", "waits", 5, Frame(__file__, line, "waits"))


def test_tasks_without_stacks_have_no_site() -> None:
    row = TaskInfo(name="t", coroutine="f", state="ready", age_s=1.0, count=3, stack=())
    assert groups("tasks", (row, row)) == {"f": ResourceGroup("tasks", "f", 6)}


def test_descriptors_are_grouped() -> None:
    before = count("fds", "pipe")
    ends = os.pipe()
    assert count("fds", "pipe") == before + 2
    for end in ends:
        os.close(end)


def test_children_and_zombies_are_told_apart() -> None:
    name = Path(sys.executable).name[:15]
    zombie = f"{name} (zombie)"
    before = count("children", zombie)
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert count("children", zombie) == before + 1
    assert count("children", zombie) == before


def test_fifty_groups_of_a_resource_and_the_rest_as_one(tmp_path: Path) -> None:
    children = range(1, 101)
    plant(tmp_path, f"{os.getpid()}/task/1/children", " ".join(map(str, children)))
    for pid in children:
        name = "common" if pid > 90 else f"program-{chr(65 + pid // 26)}{chr(65 + pid % 26)}"
        plant(tmp_path, f"{pid}/stat", stat_line(pid, name))
    found, _ = read_groups(proc=tmp_path)
    kept = [group for group in found if group.resource == "children"]
    assert len(kept) == 51
    assert kept[0] == ResourceGroup("children", "common", 10)
    assert kept[-1] == ResourceGroup("children", "others", 41)
    assert sum(group.count for group in kept) == 100


def test_a_look_among_hostile_objects_holds_nobody_for_long() -> None:
    with alive_zoo():
        found, price = read_groups()
    assert {group.resource for group in found} >= {"threads", "fds"}
    assert price.cpu_ms > 0
