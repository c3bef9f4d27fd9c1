"""What pytest itself keeps of a test beyond its teardown, which is no leak of the test.

Arguments and the instance of its class are let go of after a test that seems to have
grown; pytest does the same with arguments a moment later. What reports are made of stays,
and is subtracted.
"""

import linecache
import sys
import warnings

import pytest
from _pytest.logging import LogCaptureHandler

__all__ = ["KeptByPytest"]

LAST_ERROR = ("last_type", "last_value", "last_traceback", "last_exc")
COMPLETE_ENTRY = 4
# The two objects of a recorded warning, and the tuple of its arguments.
WARNING_BYTES = 200


class KeptByPytest:
    """Tells what pytest keeps of one test after the other."""

    def __init__(self, config: pytest.Config) -> None:
        logs = config.pluginmanager.get_plugin("logging-plugin")
        handlers = (getattr(logs, name, None) for name in ("caplog_handler", "report_handler"))
        self._log_handlers = [one for one in handlers if isinstance(one, LogCaptureHandler)]
        self._sources: set[str] = set()
        self._reports_before_bytes = 0

    def begin(self, item: pytest.Item) -> None:
        """A test begins: what pytest keeps of the last one goes now, and not during this one."""
        for name in LAST_ERROR:
            vars(sys).pop(name, None)
        self._reset_logs()
        self._sources = set(linecache.cache)
        self._reports_before_bytes = _reports_bytes(item)

    def reports_bytes(self, item: pytest.Item) -> int:
        """Bytes that the test has added to what pytest reports at the end."""
        return _reports_bytes(item) - self._reports_before_bytes

    def let_go(self, item: pytest.Item) -> None:
        """Drop what only pytest still holds of a test that is torn down."""
        self._reset_logs()
        _drop_arguments(item)
        _drop_instance(item)
        for file in set(linecache.cache) - self._sources:
            # Without a time it was put there by hand: source that was never in a file.
            entry: tuple[object, ...] = linecache.cache[file]
            if len(entry) == COMPLETE_ENTRY and entry[1] is not None:
                del linecache.cache[file]

    def _reset_logs(self) -> None:
        for handler in self._log_handlers:
            handler.reset()


def _reports_bytes(item: pytest.Item) -> int:
    """What pytest makes reports of: captured output, and recorded warnings."""
    sections = item._report_sections  # noqa: SLF001  # nothing public has them before the report
    return sum(sys.getsizeof(text) for _, _, text in sections) + _warnings_bytes()


def _warnings_bytes() -> int:
    """About what the recorded warnings of this test take (CPython Lib/warnings.py)."""
    recorded = getattr(getattr(warnings, "_showwarnmsg_impl", None), "__self__", None)
    if type(recorded) is not list:
        return 0
    return sum(_warning_bytes(one) for one in recorded if type(one) is warnings.WarningMessage)


def _warning_bytes(recorded: warnings.WarningMessage) -> int:
    texts = recorded.message.args if isinstance(recorded.message, Warning) else ()
    sizes = (sys.getsizeof(text) for text in texts if type(text) is str)
    return WARNING_BYTES + sys.getsizeof(vars(recorded)) + sum(sizes)


def _drop_arguments(item: pytest.Item) -> None:
    """Those of the test's own fixtures: the value of a wider one is not the test's to lose."""
    arguments = getattr(item, "funcargs", None)
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    if not isinstance(arguments, dict):
        return
    for name in list(arguments):
        if name in known and known[name][-1].scope == "function":
            del arguments[name]


def _drop_instance(item: pytest.Item) -> None:
    """Of the test's class; pytest makes another one where it is asked for."""
    if isinstance(item, pytest.Function) and isinstance(item.parent, pytest.Class):
        vars(item).pop("_instance", None)
        vars(item).pop("_obj", None)
