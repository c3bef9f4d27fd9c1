"""Find memory leaks in a live Python service.

`app.add_middleware(LeakProbeMiddleware)` mounts everything in a web application;
`LeakProbe` is for any other process. Importing this package starts nothing, and loads
what it offers only when that is asked for: each pytest run imports it for the plugin.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from leakprobe._version import __version__

if TYPE_CHECKING:
    from leakprobe.settings import Settings
    from leakprobe.web.middleware import LeakProbeMiddleware
    from leakprobe.web.probe import LeakProbe, debug_app

__all__ = ["LeakProbe", "LeakProbeMiddleware", "Settings", "__version__", "debug_app"]

if not TYPE_CHECKING:  # to a type checker any name would be defined
    _DEFINED_IN = {
        "LeakProbe": "leakprobe.web.probe",
        "LeakProbeMiddleware": "leakprobe.web.middleware",
        "Settings": "leakprobe.settings",
        "debug_app": "leakprobe.web.probe",
    }

    def __getattr__(name: str) -> object:
        if name not in _DEFINED_IN:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        value = getattr(import_module(_DEFINED_IN[name]), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
