"""What leakprobe talks about: strings and numbers only, never an object of the application.

Sizes are bytes, times are seconds, moments are seconds since the epoch. What is not
known is None. A stack's first frame is the one that allocated. `leakprobe.codec`
turns every one of these into JSON and back.
"""

from leakprobe.model.graph import GraphEdge, GraphNode, HolderPath, ReferrerGraph
from leakprobe.model.growth import Diff, DiffRow, Handler, Moment, TypeRow
from leakprobe.model.live import RouteCount, TaskInfo, ThreadInfo
from leakprobe.model.memory import (
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
    "Diff",
    "DiffRow",
    "Frame",
    "Freed",
    "Gauges",
    "GraphEdge",
    "GraphNode",
    "Handler",
    "HolderPath",
    "LiveStack",
    "Moment",
    "Overview",
    "Price",
    "ReferrerGraph",
    "RouteCount",
    "SelfReport",
    "Snapshot",
    "Stack",
    "TaskInfo",
    "ThreadInfo",
    "TypeCount",
    "TypeRow",
]
