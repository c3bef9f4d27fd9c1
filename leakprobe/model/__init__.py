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
from leakprobe.model.heap import (
    Census,
    CloseLook,
    ContainerHolder,
    Owner,
    Retained,
    RetainedObject,
    TypeHolder,
)
from leakprobe.model.live import RouteCount, TaskInfo, ThreadInfo
from leakprobe.model.memory import (
    Container,
    Frame,
    Freed,
    Gauges,
    HeapTotals,
    LiveStack,
    Price,
    ResourceGroup,
    Snapshot,
    Stack,
    TypeCount,
)
from leakprobe.model.overview import Overview, SelfReport
from leakprobe.model.verdict import (
    MemoryGrowth,
    MemorySplit,
    Report,
    Site,
    Suspect,
    SuspectGrowth,
    SuspectHolder,
    SuspectRoute,
    SuspectType,
    Verdict,
)

__all__ = [
    "Census",
    "CloseLook",
    "Container",
    "ContainerGrowth",
    "ContainerHolder",
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
    "MemoryGrowth",
    "MemorySplit",
    "Moment",
    "Overview",
    "Owner",
    "Price",
    "ReferrerGraph",
    "Report",
    "ResourceGroup",
    "Retained",
    "RetainedObject",
    "RouteCount",
    "SelfReport",
    "Site",
    "Snapshot",
    "Stack",
    "Suspect",
    "SuspectGrowth",
    "SuspectHolder",
    "SuspectRoute",
    "SuspectType",
    "TaskInfo",
    "ThreadInfo",
    "TypeCount",
    "TypeHolder",
    "TypeRow",
    "Verdict",
]
