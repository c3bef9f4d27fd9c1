import json
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.codec import SCHEMA, JsonValue, decode, encode, to_json
from leakprobe.errors import SchemaError
from leakprobe.model import Container, Frame, Price, Snapshot
from tests.making import a_snapshot, a_stack, live

SNAPSHOT = a_snapshot(
    stacks=[live(a_stack(("/srv/app.py", 42, "f"), ("<string>", 1, None)), 10, 2, route="GET /")],
    types=[],
    requests={"GET /": 3},
)


Either = int | float | str | Price | Frame | None


@dataclass(frozen=True, slots=True)
class Several:
    value: Either


def with_field(**changed: JsonValue) -> dict[str, JsonValue]:
    return {**encode(SNAPSHOT), **changed}


def test_a_document_carries_the_schema_and_every_field() -> None:
    document = encode(SNAPSHOT)
    assert document["schema"] == SCHEMA == 1
    assert document["label"] is None
    assert document["types"] == []
    assert document["stacks"] == [
        {
            "stack": {
                "frames": [
                    {"file": "/srv/app.py", "line": 42, "function": "f"},
                    {"file": "<string>", "line": 1, "function": None},
                ]
            },
            "bytes": 10,
            "objects": 2,
            "bytes_error": 0,
            "route": "GET /",
            "born_by_s": None,
        }
    ]


def test_a_document_survives_being_text() -> None:
    text = json.dumps(encode(SNAPSHOT), allow_nan=False)
    assert decode(Snapshot, json.loads(text)) == SNAPSHOT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (1, 1),
        (1.5, 1.5),
        ("a", "a"),
        ((1, [2]), [1, [2]]),
        (
            {1: Container(4096, "builtins.dict", 40)},
            {"1": {"address": 4096, "type": "builtins.dict", "length": 40, "weak": False}},
        ),
    ],
)
def test_containers_of_models_become_json_values(value: object, expected: JsonValue) -> None:
    assert to_json(value) == expected


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", [object()]])
def test_what_is_no_part_of_the_model_is_no_json(value: object) -> None:
    with pytest.raises(TypeError, match="is not part of the model"):
        to_json(value)


@pytest.mark.parametrize("value", [None, 1, [SNAPSHOT]])
def test_only_a_model_is_a_document(value: object) -> None:
    with pytest.raises(TypeError, match="is not a model"):
        encode(value)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (None, "Snapshot: schema 'NoneType' instead of 1"),
        ([], "Snapshot: schema 'list' instead of 1"),
        ({}, "Snapshot: schema None instead of 1"),
        (with_field(schema=2), "Snapshot: schema 2 instead of 1"),
        ({"schema": 1, "id": "s1"}, "Snapshot: no label, taken_at, uptime_s"),
        (with_field(id=5), "Snapshot.id: int instead of <class 'str'>"),
        (with_field(label=5), "Snapshot.label: int instead of <class 'str'>"),
        (with_field(taken_at=True), "Snapshot.taken_at: bool instead of <class 'float'>"),
        (with_field(taken_at="now"), "Snapshot.taken_at: str instead of <class 'float'>"),
        (with_field(requests=[]), r"Snapshot.requests: list instead of dict\[str, int\]"),
        (with_field(requests={"GET /": 1.5}), "Snapshot.requests.GET /: float instead of"),
        (with_field(stacks={}), "Snapshot.stacks: dict instead of tuple"),
        (with_field(stacks=[{}]), r"Snapshot.stacks\[0\]: no stack, bytes, objects, bytes_error"),
        (with_field(price=None), "Snapshot.price: NoneType instead of"),
        (with_field(gauges=[]), "Snapshot.gauges: list instead of"),
    ],
)
def test_what_is_not_of_this_form_is_refused_by_place(document: JsonValue, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        decode(Snapshot, document)


def test_a_whole_number_is_read_where_a_float_is_expected() -> None:
    found = decode(Snapshot, with_field(taken_at=5)).taken_at
    assert (found, type(found)) == (5.0, float)


def test_fields_that_are_not_known_are_left_aside() -> None:
    assert decode(Snapshot, with_field(added_later=1)) == SNAPSHOT


@pytest.mark.parametrize("value", [5, 1.5, "five", Price(1.0), Frame("a", 1), None])
def test_of_several_kinds_the_fitting_one_is_built(value: Either) -> None:
    model = Several(value)
    assert decode(Several, encode(model)) == model


@pytest.mark.parametrize("value", [True, [], {"file": "a"}])
def test_what_fits_none_of_several_kinds_is_refused(value: JsonValue) -> None:
    with pytest.raises(SchemaError, match=r"^Several\.value: "):
        decode(Several, {"schema": 1, "value": value})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(encode(SNAPSHOT))), json_values)
@settings(deadline=None)
def test_whatever_stands_in_a_field_is_read_or_refused(name: str, value: JsonValue) -> None:
    try:
        found = decode(Snapshot, with_field(**{name: value}))
    except SchemaError:
        return
    assert isinstance(found, Snapshot)
