"""Sampler, walks, threads, sockets, signals and child processes at once: nothing breaks.

`storm` runs in a process of its own, so that its memory is its own and a crash is seen.
"""

import json
import signal
import subprocess
import sys
from typing import Any

import pytest

from tests.native import needs_heap_walk, needs_sampler
from tests.nothing_breaks.storm import BUSY_THREADS, STOPPED_EVERY, WALKERS

LONGEST_S = 600
MOST_GROWTH_BYTES = 24 << 20

pytestmark = [needs_sampler, needs_heap_walk]


def storm(starts: int, walks: int) -> dict[str, Any]:  # JSON
    done = subprocess.run(
        [
            sys.executable,
            "-X",
            "faulthandler",
            "-m",
            "tests.nothing_breaks.storm",
            str(starts),
            str(walks),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
    )
    assert done.returncode == 0, f"{signal.strsignal(-done.returncode)}: {done.stderr[-4000:]}"
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def check(report: dict[str, Any], starts: int, walks: int) -> None:
    assert report["errors"] == []
    assert report["starts"] == starts
    assert report["walks"] == [[0, None, True]] * walks
    assert report["ends_of_sockets"] == [True] * (WALKERS * -(-(walks // WALKERS) // STOPPED_EVERY))
    assert len(report["rounds"]) == BUSY_THREADS
    assert min(report["rounds"]) > 0
    assert report["alarm_pids"] == [report["pid"]]
    assert 0 < report["child_signals"] <= report["child_processes"]
    after, before = report["after"], report["before"]
    assert after["rss_bytes"] - before["rss_bytes"] < MOST_GROWTH_BYTES
    assert {**after, "rss_bytes": 0} == {**before, "rss_bytes": 0, "children": 0}


def test_everything_at_once_for_a_moment() -> None:
    check(storm(200, 20), 200, 20)


@pytest.mark.slow
@pytest.mark.timeout(LONGEST_S)
def test_ten_thousand_starts_and_a_thousand_walks() -> None:
    check(storm(10_000, 1000), 10_000, 1000)
