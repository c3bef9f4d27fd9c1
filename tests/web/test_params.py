from typing import Any, assert_type

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.errors import BadParameter
from leakprobe.web.params import (
    Parameter,
    choice,
    duration,
    flag,
    globs,
    moment,
    optional_choice,
    read_parameters,
    text,
    type_name,
    whole,
)

LIMIT = whole("limit", 1, 1000, 20)
BY = choice("by", ("line", "type"), "line")
SORT = optional_choice("sort", ("count", "bytes"))
SINCE = duration("since")
FROM = moment("from", "start")
INCLUDE = globs("include")
LABEL = text("label")
TYPE = type_name()
GROUP = flag("group", True)
EVERY: tuple[Parameter[Any], ...] = (LIMIT, BY, SORT, SINCE, FROM, INCLUDE, LABEL, TYPE, GROUP)


def read(parameter: Parameter[Any], value: str) -> object:
    return read_parameters((parameter,), [(parameter.name, value)])[parameter]


def test_defaults_where_nothing_is_given() -> None:
    values = read_parameters(EVERY, [])
    assert [values[p] for p in EVERY] == [20, "line", None, None, "start", (), None, None, True]
    assert values.given == frozenset()


def test_values_have_the_declared_types() -> None:
    values = read_parameters(EVERY, [("limit", "5"), ("group", "no")])
    assert_type(values[LIMIT], int)
    assert_type(values[SINCE], float | None)
    assert_type(values[INCLUDE], tuple[str, ...])
    assert (values[LIMIT], values[GROUP], values[BY]) == (5, False, "line")
    assert values.given == {"limit", "group"}


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        (LIMIT, "1", 1),
        (LIMIT, "1000", 1000),
        (LIMIT, "0010", 10),
        (BY, "type", "type"),
        (SORT, "count", "count"),
        (SINCE, "10m", 600.0),
        (SINCE, "-10m", 600.0),
        (SINCE, "1.5h", 5400.0),
        (SINCE, "30d", 30 * 86400.0),
        (FROM, "baseline", "baseline"),
        (FROM, "-10m", "-10m"),
        (FROM, "20260101-120000.5", "20260101-120000.5"),
        (INCLUDE, "*/app/*.py", ("*/app/*.py",)),
        (INCLUDE, "a,b", ("a", "b")),
        (LABEL, "before the storm, ünïcode ✓", "before the storm, ünïcode ✓"),
        (LABEL, "x" * 200, "x" * 200),
        (TYPE, "app.f.<locals>.T", "app.f.<locals>.T"),
        (TYPE, "x" * 500, "x" * 500),
        (GROUP, "TRUE", True),
        (GROUP, "0", False),
    ],
)
def test_allowed_values(parameter: Parameter[Any], value: str, expected: object) -> None:
    found = read(parameter, value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        *((LIMIT, v) for v in ("0", "1001", "-1", "+10", " 10", "10 ", "1e3", "1.0", "0x10")),
        *(
            (LIMIT, v)
            for v in ("\u0661\u0660", "\uff11\uff10", "1_0", "ten", "9" * 5000, "\u0663", "²")
        ),
        *((BY, v) for v in ("Line", "lines", "line ", "line,type")),
        (SORT, "size"),
        *(
            (SINCE, v)
            for v in ("10", "m", "10M", "0s", "31d", "--10m", "1e3s", "\u0661m", "9" * 99)
        ),
        *((SINCE, v) for v in ("nan", "infs", "10m10s", "+10m")),
        *((FROM, v) for v in ("-10", "a b", "../etc", "-x", "x" * 101, "a/b", ".hidden")),
        *((INCLUDE, v) for v in (",", "a,", ",a", "a,,b", "x" * 201, ",".join("x" * 21))),
        (LABEL, "x" * 201),
        (TYPE, "x" * 501),
        *((GROUP, v) for v in ("maybe", "2", "truee")),
        *((p, "") for p in EVERY),
        *((p, v) for p in EVERY for v in ("a\0b", "a\nb", "\x1b[31m", "\x7f", "\u2028", "\u202e")),
        *((p, "\ud800") for p in EVERY),
    ],
)
def test_everything_else_is_refused(parameter: Parameter[Any], value: str) -> None:
    with pytest.raises(BadParameter, match=f"^parameter {parameter.name}=.*: must be ") as refused:
        read(parameter, value)
    message = str(refused.value)
    assert message.isprintable()
    assert message.endswith(parameter.allowed)
    assert len(message) < 250


def test_unknown_parameter_is_named_with_the_nearest_and_all() -> None:
    with pytest.raises(BadParameter) as refused:
        read_parameters((LIMIT, BY), [("limt", "5")])
    expected = "parameter limt='5': no such parameter; nearest: limit; allowed: limit, by"
    assert str(refused.value) == expected


def test_unknown_parameter_of_an_endpoint_without_any() -> None:
    with pytest.raises(BadParameter, match=r"allowed: none$"):
        read_parameters((), [("x", "5")])


@pytest.mark.parametrize("name", ["", "\x1b[31m", "\ud800", "a\nb", "x" * 5000, "\u202e"])
def test_unknown_name_cannot_spoil_the_message(name: str) -> None:
    with pytest.raises(BadParameter, match="no such parameter") as refused:
        read_parameters((LIMIT,), [(name, "5")])
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 250


def test_parameter_given_twice_is_refused_even_with_one_value() -> None:
    with pytest.raises(BadParameter, match="parameter limit='5': given twice"):
        read_parameters(EVERY, [("limit", "5"), ("by", "line"), ("limit", "5")])


def test_required_parameter_is_asked_for() -> None:
    needed = type_name(required=True)
    with pytest.raises(BadParameter, match=r"parameter type='': missing; must be the name of"):
        read_parameters((LIMIT, needed), [("limit", "5")])
    assert read(needed, "app.T") == "app.T"


NAMES = st.one_of(st.sampled_from([p.name for p in EVERY]), st.text(max_size=20))
VALUES = st.one_of(
    st.text(max_size=30),
    st.text(st.characters(codec=None), max_size=10),
    st.integers().map(str),
    st.from_regex(r"-?[0-9.]{1,5}[smhd]", fullmatch=True),
)


@settings(deadline=None)
@given(st.lists(st.tuples(NAMES, VALUES), max_size=4))
def test_any_pairs_are_read_or_refused_in_one_line(pairs: list[tuple[str, str]]) -> None:
    message = ""
    try:
        values = read_parameters(EVERY, pairs)
    except BadParameter as refused:
        message = str(refused)
    else:
        assert values.given == {name for name, _ in pairs}
        assert 1 <= values[LIMIT] <= 1000
        assert values[BY] in {"line", "type"}
    assert message.isprintable()
