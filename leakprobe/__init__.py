"""Find memory leaks in a live Python service.

`app.add_middleware(LeakProbeMiddleware)` mounts everything in a web application;
`LeakProbe` is for any other process. Importing this package starts nothing.
"""

from leakprobe._version import __version__
from leakprobe.settings import Settings
from leakprobe.web.middleware import LeakProbeMiddleware
from leakprobe.web.probe import LeakProbe, debug_app

__all__ = ["LeakProbe", "LeakProbeMiddleware", "Settings", "__version__", "debug_app"]
