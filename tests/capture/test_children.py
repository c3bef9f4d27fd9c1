"""Children on recorded trees of proc(5), and real ones until they are waited for."""

import os
import subprocess
import sys
from pathlib import Path

from leakprobe.capture.children import Child, list_children, read_children
from tests.capture.test_procfs import plant, stat_line


def test_children_as_the_kernel_lists_them(tmp_path: Path) -> None:
    plant(tmp_path, "5/task/5/children", "10 11 ")
    plant(tmp_path, "5/task/6/children", "12 ")
    plant(tmp_path, "5/task/7/children", "")
    assert sorted(list_children(5, tmp_path) or ()) == [10, 11, 12]


def test_children_by_their_parent_where_the_kernel_lists_none(tmp_path: Path) -> None:
    plant(tmp_path, "5/stat", stat_line(5, "parent"))
    plant(tmp_path, "5/task/5/stat", "")
    plant(tmp_path, "6/stat", stat_line(6, ") 5 (", ppid=5))
    plant(tmp_path, "7/stat", stat_line(7, "x", ppid=55))
    plant(tmp_path, "8/stat", "8 (gone")
    plant(tmp_path, "meminfo", "")
    assert list_children(5, tmp_path) == [6]
    for pid in range(1000, 1300):
        (tmp_path / str(pid)).mkdir()
    assert list_children(5, tmp_path) is None, "too many to read at every snapshot"
    assert list_children(5, tmp_path / "nowhere") is None


def test_program_and_state_of_children(tmp_path: Path) -> None:
    plant(tmp_path, "6/stat", stat_line(6, "a) Z (b"))
    plant(tmp_path, "7/stat", stat_line(7, "worker").replace(") S ", ") Z "))
    plant(tmp_path, "8/stat", "8 (gone")
    found = read_children([6, 7, 8, 9], tmp_path)
    assert found == [Child("a) Z (b", zombie=False), Child("worker", zombie=True)]


def test_a_bounded_number_of_children_is_read(tmp_path: Path) -> None:
    for pid in range(300):
        plant(tmp_path, f"{pid}/stat", stat_line(pid, "x"))
    assert len(read_children(list(range(300)), tmp_path)) == 256


def test_a_real_child_is_there_and_a_zombie_until_it_is_waited_for() -> None:
    before = list_children(os.getpid())
    assert before is not None
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert child.stdin is not None
    assert sorted(list_children(os.getpid()) or ()) == sorted([*before, child.pid])
    assert [one.zombie for one in read_children([child.pid])] == [False]
    child.stdin.close()
    # It has ended when this returns, and stays a zombie: WNOWAIT leaves it to be waited for.
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert [one.zombie for one in read_children([child.pid])] == [True]
    child.wait()
    assert read_children([child.pid]) == []
    assert list_children(os.getpid()) == before
