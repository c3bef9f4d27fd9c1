"""Control groups, on recorded trees of both versions and on the real one."""

from pathlib import Path

import pytest

from leakprobe.capture.cgroup import CgroupMemory, read_cgroup_memory

UNLIMITED_V1 = 9223372036854771712
MIB = 1 << 20


def plant(root: Path, files: dict[str, object]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")


def read(root: Path, membership: str) -> CgroupMemory:
    (root / "membership").write_text(membership)
    return read_cgroup_memory(root=root, membership=root / "membership")


def test_version_2_takes_the_tightest_limit_above_the_process(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "memory.current": 900 * MIB,
            "a.slice/memory.max": 64 * MIB,
            "a.slice/memory.current": 40 * MIB,
            "a.slice/memory.stat": f"anon 1\ninactive_file {5 * MIB}\nactive_file 7",
            "a.slice/b.scope/memory.max": "max",
            "a.slice/b.scope/memory.current": 10 * MIB,
        },
    )
    memory = read(tmp_path, "0::/a.slice/b.scope\n")
    assert memory == CgroupMemory(2, 64 * MIB, 40 * MIB, 5 * MIB)


def test_without_a_limit_the_use_is_that_of_the_own_group(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "a/memory.max": "max",
            "a/memory.current": 40,
            "a/b/memory.max": "max",
            "a/b/memory.current": 10,
            "a/b/not-delegated/cgroup.procs": "1",
        },
    )
    assert read(tmp_path, "0::/a/b\n") == CgroupMemory(2, None, 10, None)
    assert read(tmp_path, "0::/a/b/not-delegated\n") == CgroupMemory(2, None, 10, None)


@pytest.mark.parametrize("path", ["/docker/4e07b", "/", "/../../system.slice/x.service"])
def test_in_a_container_the_mount_is_the_group(tmp_path: Path, path: str) -> None:
    plant(tmp_path, {"memory.max": 512 * MIB, "memory.current": 100 * MIB})
    assert read(tmp_path, f"0::{path}\n") == CgroupMemory(2, 512 * MIB, 100 * MIB)


def test_a_path_with_dots_does_not_leave_the_mount(tmp_path: Path) -> None:
    plant(tmp_path, {"in/memory.max": 7, "out/memory.max": 5, "out/memory.current": 5})
    assert read_cgroup_memory(tmp_path / "in", tmp_path / "nothing").version is None
    (tmp_path / "membership").write_text("0::/../out\n")
    memory = read_cgroup_memory(tmp_path / "in", tmp_path / "membership")
    assert memory == CgroupMemory(2, 7, None)


def test_version_1_and_its_word_for_no_limit(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "memory/memory.limit_in_bytes": UNLIMITED_V1,
            "memory/memory.usage_in_bytes": 900 * MIB,
            "memory/docker/x/memory.limit_in_bytes": 256 * MIB,
            "memory/docker/x/memory.usage_in_bytes": 100 * MIB,
            "memory/docker/x/memory.stat": f"inactive_file 1\ntotal_inactive_file {3 * MIB}",
            "memory/free/memory.limit_in_bytes": UNLIMITED_V1,
            "memory/free/memory.usage_in_bytes": 5 * MIB,
        },
    )
    hybrid = "5:cpu,cpuacct:/\n4:memory:{}\n0::/somewhere/else\n"
    limited = CgroupMemory(1, 256 * MIB, 100 * MIB, 3 * MIB)
    assert read(tmp_path, hybrid.format("/docker/x")) == limited
    assert read(tmp_path, hybrid.format("/free")) == CgroupMemory(1, None, 5 * MIB)
    assert read(tmp_path, hybrid.format("/not/visible")) == CgroupMemory(1, None, 900 * MIB)


def test_a_path_may_hold_colons_and_spaces(tmp_path: Path) -> None:
    plant(tmp_path, {"a b/c:d/memory.max": 9, "a b/c:d/memory.current": 3})
    assert read(tmp_path, "0::/a b/c:d\n") == CgroupMemory(2, 9, 3)


@pytest.mark.parametrize(
    "membership",
    ["", "\n", "0", "0::", "::::", "memory", "4:memory", "4:memory:", "x" * 100_000, "0::/a\0b"],
)
def test_what_is_malformed_raises_nothing(tmp_path: Path, membership: str) -> None:
    memory = read(tmp_path, membership)
    assert (memory.limit_bytes, memory.current_bytes) == (None, None)


@pytest.mark.parametrize("word", ["", "-1", "many", "1e9", "²", "9" * 5000, "12 MiB", "\0"])
def test_a_malformed_number_is_unknown(tmp_path: Path, word: str) -> None:
    plant(
        tmp_path,
        {"memory.max": word, "memory.current": word, "memory.stat": f"inactive_file {word}"},
    )
    assert read(tmp_path, "0::/\n") == CgroupMemory(2, None, None, None)


def test_what_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "memory.max").mkdir()
    (tmp_path / "memory.current").mkdir()
    assert read(tmp_path, "0::/\n") == CgroupMemory(2, None, None, None)
    assert read_cgroup_memory(tmp_path, tmp_path / "memory.max") == CgroupMemory(None, None, None)


def test_the_real_one() -> None:
    memory = read_cgroup_memory()
    assert memory.version in (None, 1, 2)
    assert memory.limit_bytes is None or memory.limit_bytes > MIB
    if memory.current_bytes is not None:
        assert 0 <= (memory.reclaimable_bytes or 0) <= memory.current_bytes + 64 * MIB
