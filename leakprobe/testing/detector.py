"""Objects of some types that are alive, after a collection, and were not alive before."""

from leakprobe.errors import LeakprobeError
from leakprobe.testing.arguments import BadArgument, check_whole
from leakprobe.testing.blocks import Block
from leakprobe.testing.leaked_objects import LeakedObject, describe, leaked_text
from leakprobe.testing.live_objects import live_objects
from leakprobe.testing.population import Population
from leakprobe.testing.readings import collect_all
from leakprobe.testing.watched_types import WatchedType, each_once

__all__ = ["LeakDetector"]


class LeakDetector(Block):
    """Watches the objects of some types, and of the types that inherit from them.

        detector = LeakDetector(BytesIO)
        detector.start()
        transcribe()
        assert detector.leaked_count() == 0

    or, to the same end, `with LeakDetector(BytesIO) as detector:`, after which
    `detector.assert_none_leaked()`.

    Leaked is what was born after `start()` and is alive after a collection; after `stop()`,
    or the end of the block, what was born until then and is alive. Nothing is kept alive for
    it, and nothing of the objects is called. Each count takes a collection and, for types
    that the collector does not track, a walk of all objects of some tenths of a second.

    The number is exact for types whose objects can be referred to weakly. Of others (bytes,
    strings, numbers, lists, dicts, classes with slots) it is a lower bound, as the
    address of one that has died since the start may be that of a new one; it is never less
    than by how many more there are. What only C code holds, such as the bytes in a
    `BytesIO`, is not found where the collector does not track it; it counts as new once
    Python code holds it.

    Args:
        *types: classes, or their names: `BytesIO`, `"io.BytesIO"`, `"app.models.Order"`. The
            class behind a name may be imported later.

    Raises:
        BadArgument: no type, or something that is neither class nor name.
        UnknownName: the module in a name is loaded and has no such class.
    """

    def __init__(self, *types: type | str) -> None:
        if not types:
            raise BadArgument("types", types, "must be one class or more, or their names")
        self._types = [WatchedType(wanted) for wanted in types]
        self._before: Population | None = None
        self._after: Population | None = None

    def _begin(self) -> None:
        self.start()

    def _finish(self) -> None:
        self.stop()

    def start(self) -> None:
        """Begin, or begin anew: what is alive now is no leak."""
        collect_all()
        self._before = self._after = None
        self._before = Population(self._alive())

    def stop(self) -> None:
        """End: what is born from now on does not count. A second call changes nothing.

        Raises:
            LeakprobeError: it was not started.
        """
        if self._after is None:
            self._after = Population(self._new())

    def leaked_count(self) -> int:
        """How many objects have leaked.

        Raises:
            LeakprobeError: it was not started.
            UnknownName: a name that was given is none of a class, until now.
        """
        return len(self._leaked())

    def leaked(self) -> tuple[LeakedObject, ...]:
        """What has leaked, the largest first, each with what holds it.

        Raises:
            LeakprobeError: it was not started.
            UnknownName: a name that was given is none of a class, until now.
            NotEnoughMemory: there is no room to look for the holders.
            WalkFailed: looking for them came to nothing.
        """
        return describe(self._leaked())

    def assert_none_leaked(self, max_leaked: int = 0) -> None:
        """See that no more objects than these have leaked.

        Raises:
            AssertionError: more have; the message says which, and what holds them.
            BadArgument: no whole number.
            LeakprobeError: as `leaked`.
        """
        __tracebackhide__ = True
        check_whole("max_leaked", max_leaked, 0)
        if self.leaked_count() > max_leaked:
            leaked = self.leaked()
            if len(leaked) > max_leaked:
                raise AssertionError(leaked_text(leaked, max_leaked))

    def _leaked(self) -> list[object]:
        new = self._new()
        for watched in self._types:
            watched.see_that_it_exists()
        return new if self._after is None else self._after.among(new)

    def _new(self) -> list[object]:
        """What is alive and was not at the start."""
        if self._before is None:
            raise LeakprobeError("the detector was not started: use `with`, or call start() first")
        collect_all()
        return self._before.not_among(self._alive())

    def _alive(self) -> list[object]:
        return live_objects(each_once(self._types), own=(self,))
