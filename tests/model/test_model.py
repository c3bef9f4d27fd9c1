import json
from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leakprobe import model
from leakprobe.codec import decode, encode
from leakprobe.errors import SchemaError
from leakprobe.model import MemoryGrowth, Price

MODELS: list[type] = [getattr(model, name) for name in model.__all__]

# JSON has no words for what is not finite.
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


def test_every_model_is_a_frozen_slotted_dataclass_with_a_reason_to_be() -> None:
    for kind in MODELS:
        assert is_dataclass(kind)
        assert not hasattr(kind, "__dict__") or "__slots__" in vars(kind)
        assert kind.__doc__
        assert not kind.__doc__.startswith(f"{kind.__name__}(")
    with pytest.raises(FrozenInstanceError):
        Price().pause_ms = 1.0  # type: ignore[misc] # that it is refused is the point


def test_sizes_and_times_say_their_unit() -> None:
    units = ("_bytes", "_s", "_ms", "_bytes_diff", "_per_second", "_per_request", "_per_hour")
    ends = (*units, "_per_request_low", "_per_request_high", "share", "confidence")
    for kind in set(MODELS) - {MemoryGrowth}:  # all of it is in bytes per hour
        for field in fields(kind):
            if field.type in (float, "float", float | None):
                assert field.name in {"taken_at", "started_at", "seconds", "seconds_to_limit"} or (
                    field.name.endswith(ends)
                ), f"{kind.__name__}.{field.name}"


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_every_model_survives_being_text(kind: type) -> None:
    @given(st.from_type(kind))
    @settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
    def survives(value: object) -> None:
        text = json.dumps(encode(value), allow_nan=False)
        assert decode(kind, json.loads(text)) == value

    survives()


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_a_missing_field_is_refused_by_name(kind: type) -> None:
    @given(st.from_type(kind))
    @settings(deadline=None, max_examples=3, suppress_health_check=list(HealthCheck))
    def refuses(value: object) -> None:
        for field in fields(kind):
            document = encode(value)
            del document[field.name]
            with pytest.raises(SchemaError, match=rf"no {field.name}$"):
                decode(kind, document)

    refuses()
