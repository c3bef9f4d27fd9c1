"""A name for a cause that stays the same in another process and after a restart."""

import hashlib
import re
from pathlib import PurePosixPath

from leakprobe.model import Site, SuspectHolder

__all__ = ["fingerprint"]

DIGITS = 16
PLACE = re.compile(r"\[[^\]]*\]|:\d+\b|0x[0-9a-fA-F]+|\d+")


def fingerprint(resource: str, name: str, holder: SuspectHolder | None, site: Site | None) -> str:
    """16 hexadecimal digits that stand for a cause.

    What goes in is what grows, its kind, what holds it, and the function that allocated
    it, by the name of its file and the folder of that. What differs between processes
    stays out (addresses, indexes, where the application is installed), and so do line
    numbers: an edit elsewhere in the file leaves the name as it is.

    Args:
        resource: what grows.
        name: type or group that grows most.
        holder: what holds it.
        site: where it was allocated. What is held by something that lasts is known by its
            holder, and its line may be learnt later: then it does not count.
    """
    parts = [resource]
    if holder is not None and holder.kind != "frame":
        parts += [holder.kind or "", PLACE.sub("", holder.text)]
    else:
        parts += [PLACE.sub("", name), *_place(site)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:DIGITS]


def _place(site: Site | None) -> tuple[str, ...]:
    if site is None:
        return ()
    return ("/".join(PurePosixPath(site.file).parts[-2:]), site.function or "")
