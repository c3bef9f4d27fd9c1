import gc
import sys
import weakref

import pytest

from leakprobe.capture.heap.unseen import _untrack, unseen


class Kept:
    pass


def test_the_list_is_not_tracked_and_lives_and_dies_as_any_other() -> None:
    kept = Kept()
    gone = weakref.ref(kept)
    objects = unseen([kept])
    del kept
    assert not gc.is_tracked(objects)
    gc.collect()
    objects += [1] * 1000
    del objects[1:]
    assert gone() is objects[0]
    del objects
    assert gone() is None


def test_without_ctypes_it_is_an_ordinary_list(monkeypatch: pytest.MonkeyPatch) -> None:
    _untrack.cache_clear()
    monkeypatch.setitem(sys.modules, "ctypes", None)
    try:
        assert gc.is_tracked(unseen([Kept()]))
    finally:
        _untrack.cache_clear()
