"""What a script may list, what it may not, and what is missing here."""

from types import ModuleType

import pytest

from leakprobe.errors import LeakprobeError
from leakprobe.testing import Hypothesis
from leakprobe.testing.hypotheses import missing_for, read_hypotheses


def leak() -> None:
    pass


def fixed() -> None:
    pass


def script(listed: object, name: str = "HYPOTHESES") -> ModuleType:
    module = ModuleType("audit_script")
    module.__file__ = "/srv/audit_script.py"
    vars(module)[name] = listed
    return module


def labels(hypothesis: Hypothesis) -> list[str]:
    return [way.label for way in hypothesis.ways]


@pytest.mark.parametrize(
    ("call", "protected", "expected"),
    [
        (leak, None, ["leak"]),
        (leak, fixed, ["leak", "fixed"]),
        ((leak, fixed), None, ["leak", "fixed"]),
        ([leak, leak], None, ["suspected", "protected"]),
        ((leak, lambda: None), None, ["suspected", "protected"]),
        (
            {"without clear()": leak, "with clear()": fixed},
            None,
            ["without clear()", "with clear()"],
        ),
        ({"as it is": leak}, None, ["as it is"]),
        (lambda: None, None, ["suspected"]),
    ],
)
def test_one_way_or_two(call: object, protected: object, expected: list[str]) -> None:
    hypothesis = Hypothesis("name", call, protected)  # type: ignore[arg-type]  # all that is allowed
    hypothesis.check()
    assert labels(hypothesis) == expected


@pytest.mark.parametrize("name", ["HYPOTHESES", "hypotheses"])
def test_tuples_dictionaries_and_functions_that_return_them(name: str) -> None:
    listed = [
        Hypothesis("a", leak),
        ("b", leak, fixed, ["av"], 500, 5, "seen in production"),
        ("c", (leak, fixed), "av"),
        ("d", leak, ["av", "command:ffmpeg"], 30),
        {"name": "e", "call": leak, "note": "as a dictionary"},
    ]
    for given in (listed, iter(listed), lambda: listed):
        found = read_hypotheses(script(given, name))
        assert [hypothesis.name for hypothesis in found] == ["a", "b", "c", "d", "e"]
        assert found[1] == Hypothesis("b", leak, fixed, ["av"], 500, 5, "seen in production")
        assert (labels(found[2]), found[2].all_needs) == (["leak", "fixed"], ("av",))
        assert (found[3].all_needs, found[3].iterations) == (("av", "command:ffmpeg"), 30)
        assert found[4].note == "as a dictionary"


def test_a_mapping_of_names_to_calls() -> None:
    found = read_hypotheses(script({"a": leak, "b": (leak, fixed)}))
    assert [(hypothesis.name, len(hypothesis.ways)) for hypothesis in found] == [("a", 1), ("b", 2)]


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ([], r'audit_script.py lists no hypotheses: write HYPOTHESES = \[\("name", function\)\]'),
        (3, "lists no hypotheses"),
        ("leak", "lists no hypotheses"),
        ([("a", leak), ("a", fixed)], "two hypotheses have the name 'a'"),
        ([("a", 3)], "hypothesis 'a' is of type int: give a function"),
        ([("a", "leak")], "hypothesis 'a' is of type str"),
        ([("a", (leak, fixed, leak))], "has 3 ways: give one or two"),
        ([("a", {})], "has 0 ways"),
        ([("a",)], "is no hypothesis: name and call"),
        ([leak], "is no hypothesis"),
        ([{"name": "a", "call": leak, "loops": 3}], "is no hypothesis: name and call, of"),
        ([("", leak)], "its name must be a text"),
        ([(3, leak)], "its name must be a text"),
        ([{"name": "a", "call": leak, "iterations": 0}], "iterations=0"),
        ([{"name": "a", "call": leak, "warmup": -1}], "warmup=-1"),
        ([("a", leak, [3])], "needs 3, neither a name nor a function"),
    ],
)
def test_a_mistake_gets_one_line(listed: object, said: str) -> None:
    with pytest.raises(LeakprobeError, match=said) as raised:
        read_hypotheses(script(listed))
    assert "\n" not in str(raised.value)


def test_a_script_that_lists_nothing() -> None:
    with pytest.raises(LeakprobeError, match="lists no hypotheses"):
        read_hypotheses(ModuleType("audit_script"))


@pytest.mark.parametrize(
    ("need", "said"),
    [
        ("json", None),
        ("json.tool", None),
        ("module:json", None),
        ("command:sh", None),
        ("file:/", None),
        ("env:PATH", None),
        ((), None),
        (lambda: None, None),
        (lambda: "", None),
        ("surely_not_there", "needs the module surely_not_there: pip install surely_not_there"),
        ("surely.not_there", "needs the module surely.not_there: pip install surely"),
        ("command:surely-not-there", "needs the command surely-not-there: install it"),
        ("file:/surely/not", "needs the file /surely/not"),
        ("env:SURELY_NOT", "needs the environment variable SURELY_NOT: set it"),
        (lambda: "no model here", "no model here"),
        (["json", "env:SURELY_NOT", "nor_this"], "SURELY_NOT"),
    ],
)
def test_what_is_missing(need: object, said: str | None) -> None:
    found = missing_for(Hypothesis("a", leak, needs=need))  # type: ignore[arg-type]  # all that is allowed
    assert not found if said is None else found is not None and said in found


def fail() -> str:
    raise ValueError("no\nsound")


def test_functions_of_the_script_that_raise() -> None:
    raised = r"raised ValueError: no sound \(test_hypotheses.py:\d+\)"
    with pytest.raises(LeakprobeError, match=rf"^hypotheses\(\) {raised}"):
        read_hypotheses(script(fail, "hypotheses"))
    with pytest.raises(LeakprobeError, match=rf"^a need {raised}"):
        missing_for(Hypothesis("a", leak, needs=fail))


def test_a_need_that_answers_with_something_else() -> None:
    with pytest.raises(LeakprobeError, match="answered True: answer a reason, or None"):
        missing_for(Hypothesis("a", leak, needs=lambda: True))  # type: ignore[arg-type, return-value]  # the mistake
