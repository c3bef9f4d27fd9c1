"""Where the kernel ends a container's memory: the limit of its control group.

A process in a container is killed at its group's limit, long before the machine is
full, and every group above it may set a tighter one. Sources: the kernel's
Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst, and cgroups(7).
"""

import os
from dataclasses import dataclass
from pathlib import Path

from leakprobe.capture.procfs import read_small_file

__all__ = ["CgroupMemory", "read_cgroup_memory"]

ROOT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")

# Version 1 has no word for "no limit": it shows the largest long, rounded down to a page.
NO_LIMIT_BYTES = 1 << 62
LONGEST_NUMBER = 20  # digits of 64 bits


@dataclass(frozen=True, slots=True)
class CgroupMemory:
    """Memory of the control group whose limit is the tightest above this process.

    Attributes:
        version: 1 or 2; None where there is no memory controller to be seen.
        limit_bytes: the limit; None where neither the group nor one above it has one.
        current_bytes: memory that the group uses now, its page cache included.
        reclaimable_bytes: what of that the kernel would drop before it kills: inactive
            pages of files.
    """

    version: int | None
    limit_bytes: int | None
    current_bytes: int | None
    reclaimable_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """What the files of one version are called."""

    version: int
    limit: str
    current: str
    reclaimable: str


V1 = Files(1, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
V2 = Files(2, "memory.max", "memory.current", "inactive_file")


def read_cgroup_memory(root: Path = ROOT, membership: Path = MEMBERSHIP) -> CgroupMemory:
    """The limit that ends this process's memory, and the use that counts against it.

    Where no group has a limit, the use is that of the process's own group. What cannot
    be read, or is not understood, is None; nothing is raised.

    Args:
        root: where control groups are mounted.
        membership: the file that names this process's groups.
    """
    place = _locate(str(root), read_small_file(str(membership)))
    if place is None:
        return CgroupMemory(version=None, limit_bytes=None, current_bytes=None)
    files, groups = place
    limits = [(limit, group) for group in groups if (limit := _limit(group, files)) is not None]
    uses = (group for group in groups if os.access(f"{group}/{files.current}", os.R_OK))
    own = next(uses, groups[0])
    limit, group = min(limits, key=lambda found: found[0], default=(None, own))
    return CgroupMemory(
        version=files.version,
        limit_bytes=limit,
        current_bytes=_number(read_small_file(f"{group}/{files.current}")),
        reclaimable_bytes=_statistic(read_small_file(f"{group}/memory.stat"), files.reclaimable),
    )


def _locate(root: str, membership: str | None) -> tuple[Files, list[str]] | None:
    """The version that rules memory here, and the groups that this process is in.

    Lines are `hierarchy:controllers:path`. On a hybrid system version 2 is there too,
    but does not have the memory controller.
    """
    unified: str | None = None
    for line in (membership or "").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if "memory" in controllers.split(","):
            return V1, _ancestry(f"{root}/memory", path)
        if line.startswith("0::"):
            unified = path
    return None if unified is None else (V2, _ancestry(root, unified))


def _ancestry(mount: str, path: str) -> list[str]:
    """The directories of the process's group and of all above it, up to the mount.

    In a container the path may be the host's, which is not visible; then the mount is
    the container's own group, or a group above it.
    """
    parts = [part for part in path.split("/") if part]
    if ".." in parts or not os.path.isdir("/".join([mount, *parts])):  # noqa: PTH112  # raises nothing
        return [mount]
    return ["/".join([mount, *parts[:length]]) for length in range(len(parts), -1, -1)]


def _limit(group: str, files: Files) -> int | None:
    limit = _number(read_small_file(f"{group}/{files.limit}"))
    return limit if limit is not None and limit < NO_LIMIT_BYTES else None


def _number(text: str | None) -> int | None:
    word = (text or "").strip()
    return int(word) if word.isascii() and word.isdigit() and len(word) <= LONGEST_NUMBER else None


def _statistic(text: str | None, name: str) -> int | None:
    for line in (text or "").splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return _number(value)
    return None
