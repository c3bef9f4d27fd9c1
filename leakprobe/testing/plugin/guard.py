"""A failure of ours is never a failure of the tests: it is said once, and we stop."""

import traceback
import warnings
from collections.abc import Callable
from typing import TypeVar

import pytest

__all__ = ["Guard", "LeakDetectionWarning"]

Answer = TypeVar("Answer")


class LeakDetectionWarning(pytest.PytestWarning):
    """Leak detection has failed, and is off for the rest of the run."""


class Guard:
    """Calls what measures; after its first exception it calls nothing any more."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.broken = False

    def __call__(self, measure: Callable[[], Answer], otherwise: Answer) -> Answer:
        """What `measure` answers.

        Args:
            measure: what may fail.
            otherwise: the answer where it fails, or something has failed before.
        """
        if self.broken:
            return otherwise
        try:
            return measure()
        except Exception as error:  # noqa: BLE001  # whatever it is, the tests go on
            self.broken = True
            self._warn(error)
            return otherwise

    def _warn(self, error: Exception) -> None:
        """Into pytest's summary of warnings, past its filters: they may make errors of them."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = "".join(traceback.format_exception_only(error)).strip()
        message = LeakDetectionWarning(f"leak detection has failed and is off from here on: {what}")
        self._config.hook.pytest_warning_recorded.call_historic(
            kwargs={
                "warning_message": warnings.WarningMessage(
                    message, LeakDetectionWarning, place.filename, place.lineno or 0
                ),
                "when": "runtest",
                "nodeid": "",
                "location": None,
            }
        )
