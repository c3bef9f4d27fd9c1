"""What leakprobe talks about: strings and numbers only, never an object of the application.

Sizes are bytes, times are seconds, moments are seconds since the epoch. What is not
known is None. A stack's first frame is the one that allocated. `leakprobe.codec`
turns every one of these into JSON and back.
"""

from leakprobe.model.graph import GraphEdge, GraphNode, HolderPath, ReferrerGraph
from leakprobe.model.growth import (
    ContainerGrowth,
    Diff,
    DiffRow,
    Handler,
    Moment,
    TypeRow,
)
from leakprobe.model.heap import Census, HeapTotals, Owner, Retained, RetainedObject
from leakprobe.model.live import RouteCount, TaskInfo, ThreadInfo
from leakprobe.model.memory import (
    Container,
    Frame,
    Freed,
    Gauges,
    LiveStack,
    Price,
    Snapshot,
    Stack,
    TypeCount,
)
from leakprobe.model.overview import Overview, SelfReport

__all__ = [
    "Census",
    "Container",
    "ContainerGrowth",
    "Diff",
    "DiffRow",
    "Frame",
    "Freed",
    "Gauges",
    "GraphEdge",
    "GraphNode",
    "Handler",
    "HeapTotals",
    "HolderPath",
    "LiveStack",
    "Moment",
    "Overview",
    "Owner",
    "Price",
    "ReferrerGraph",
    "Retained",
    "RetainedObject",
    "RouteCount",
    "SelfReport",
    "Snapshot",
    "Stack",
    "TaskInfo",
    "ThreadInfo",
    "TypeCount",
    "TypeRow",
]
