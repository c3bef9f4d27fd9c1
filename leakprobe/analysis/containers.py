"""Which containers became longer: exact, by walks of the whole heap.

An address is used again after its object is gone. Of one type at one address, twice in
a row among the long containers, it is taken for the same container: a judge that asks
for growth in walk after walk is not misled by a coincidence.
"""

from collections.abc import Iterable

from leakprobe.model import Container, ContainerGrowth

__all__ = ["container_growth"]


def container_growth(
    before: Iterable[Container], after: Iterable[Container]
) -> tuple[ContainerGrowth, ...]:
    """Containers that both walks found and whose length changed, the most grown first.

    A container that one of the walks did not list (it was not there, or too short) is in
    no row: nothing is known of its other length.
    """
    lengths = {(container.address, container.type): container.length for container in before}
    grown = [
        ContainerGrowth(
            address=container.address,
            type=container.type,
            length=container.length,
            length_diff=container.length - lengths[container.address, container.type],
            weak=container.weak,
        )
        for container in after
        if lengths.get((container.address, container.type), container.length) != container.length
    ]
    return tuple(sorted(grown, key=lambda row: (-row.length_diff, row.type, row.address)))
