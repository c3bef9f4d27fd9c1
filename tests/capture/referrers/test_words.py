import pytest

from leakprobe.capture.referrers import words
from leakprobe.capture.referrers.words import EdgeLabel


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (words.named("global", "results"), ("results", ".results", "global results")),
        (words.named("attribute", "größe"), ("größe", ".größe", "attribute größe")),
        (words.named("attribute", "long…"), ("long…", ".long…", "attribute long…")),
        (words.named("attribute", None), ("[…]", "[…]", "attribute")),
        (words.named("attribute", "a b"), ("[…]", "[…]", "attribute")),
        (words.named("attribute", "a b", "'a b'"), ("['a b']", "['a b']", "attribute 'a b'")),
        (words.local("row"), ("local row", ".row", "local row")),
        (words.local(None), ("local …", ".…", "local …")),
        (words.closure_variable("k"), ("cell k", ".__closure__[k]", "closure variable k")),
        (words.closure_variable(None), ("cell ?", ".__closure__[?]", "closure variable ?")),
        (words.context_variable("request"), ("[request]", "[request]", "context variable request")),
        (words.context_variable(None), ("[…]", "[…]", "context variable …")),
        (words.item("list item", "2"), ("[2]", "[2]", "list item")),
        (words.item("dict value", None), ("[…]", "[…]", "dict value")),
    ],
)  # fmt: skip
def test_labels(label: EdgeLabel, expected: tuple[str, str, str]) -> None:
    assert (label.shown, label.text, label.step) == expected


def test_lengths() -> None:
    assert [words.length(n) for n in (0, 1, 2)] == ["0 items", "1 item", "2 items"]
