import gc

from leakprobe.capture.collector import collect_garbage


class Node:
    def __init__(self) -> None:
        self.me = self


def test_says_how_many_unreachable_objects_were_found() -> None:
    gc.collect()
    gc.disable()
    try:
        for _ in range(1000):
            Node()
        freed = collect_garbage()
    finally:
        gc.enable()
    assert freed.action == "gc"
    # Each node and, before 3.13, its dictionary.
    assert freed.objects is not None
    assert 1000 <= freed.objects <= 2100
    assert freed.uncollectable == 0
    assert freed.rss_before_bytes > 0
    assert freed.price.pause_ms > 0
