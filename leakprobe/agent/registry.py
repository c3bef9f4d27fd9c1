"""One agent per process, also after a fork.

`os.register_at_fork` cannot be undone, so one handler is registered with the first
agent that starts, and it asks here who runs now.
"""

import os
import threading
from typing import Protocol

from leakprobe.errors import AgentRunning

__all__ = ["Forkable", "claim", "release", "running_agent"]


class Forkable(Protocol):
    """What the registry needs of an agent."""

    def after_fork(self) -> None:
        """Begin anew in a forked child."""


class _Registry:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.agent: Forkable | None = None
        self.fork_handler_installed = False

    def after_fork(self) -> None:
        self.lock = threading.Lock()
        if self.agent is not None:
            self.agent.after_fork()


_registry = _Registry()


def claim(agent: Forkable) -> None:
    """Make this the process's agent.

    Raises:
        AgentRunning: there is another one.
    """
    with _registry.lock:
        if _registry.agent is not None and _registry.agent is not agent:
            raise AgentRunning(
                "this process has an agent already: stop() it first, "
                "or use the one that runs (a second middleware shares it by itself)"
            )
        _registry.agent = agent
        if not _registry.fork_handler_installed:
            os.register_at_fork(after_in_child=_registry.after_fork)
            _registry.fork_handler_installed = True


def release(agent: Forkable) -> None:
    """Forget this agent; does nothing where another one runs."""
    with _registry.lock:
        if _registry.agent is agent:
            _registry.agent = None


def running_agent() -> Forkable | None:
    """The process's agent, None where none runs."""
    return _registry.agent
