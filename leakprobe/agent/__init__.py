"""The agent: wires camera, album and judge, and owns the one sampler thread."""

from leakprobe.agent.agent import Agent
from leakprobe.agent.registry import running_agent

__all__ = ["Agent", "running_agent"]
