"""A pytest plugin that repeats every body of a run, and writes the verdicts to a file."""

import gc
import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from leakprobe.testing.plugin.iterations import REPETITION, RepetitionPlugin

ITERATIONS = int(os.environ.get("PROBE_ITERATIONS", "6"))
verdicts: dict[str, object] = {}


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(RepetitionPlugin(lambda item: ITERATIONS), "repetition")


def pytest_collection_finish() -> None:
    gc.freeze()  # the collections between the bodies have little to look at


def pytest_runtest_teardown(item: pytest.Item) -> None:
    verdict = item.stash.get(REPETITION, None)
    verdicts[item.nodeid.partition("::")[2]] = None if verdict is None else asdict(verdict)


def pytest_sessionfinish() -> None:
    Path(os.environ["PROBE_VERDICTS"]).write_text(json.dumps(verdicts), encoding="utf-8")
