import pytest

from leakprobe.capture.referrers import find, search
from leakprobe.model import Price, ReferrerGraph
from tests.native import needs_heap_walk

ANSWER = ReferrerGraph("app.Leaked", 0, 0, None, (), (), (), Price())
QUESTION = {"depth": 5, "limit": 2, "reveal": True, "own": (), "available_bytes": 9}

Asked = list[tuple[str, dict[str, object]]]


def recorded(asked: Asked, monkeypatch: pytest.MonkeyPatch, module: object) -> None:
    def answer(name: str, **more: object) -> ReferrerGraph:
        asked.append((name, more))
        return ANSWER

    monkeypatch.setattr(module, "find_referrers", answer)


def test_python_searches_where_there_is_no_native_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Asked = []
    recorded(asked, monkeypatch, search)
    monkeypatch.setattr(find, "heap_walk_missing", lambda: "it is not built")
    assert find.find_referrers("Leaked", **QUESTION) is ANSWER  # type: ignore[arg-type]  # values differ in type
    assert asked == [("Leaked", QUESTION)]


@needs_heap_walk
def test_a_copy_is_walked_where_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    from leakprobe.capture.referrers import forked

    asked: Asked = []
    recorded(asked, monkeypatch, forked)
    assert find.find_referrers("Leaked", **QUESTION) is ANSWER  # type: ignore[arg-type]  # values differ in type
    assert asked == [("Leaked", QUESTION)]
