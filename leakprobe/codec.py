"""Models to JSON values and back.

One generic pair of functions, driven by the models' own type hints, so that a field
added to a model needs no second place to be named in. Every document carries
`"schema": 1`, and one of another version is refused instead of half understood.
"""

import types
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from leakprobe.errors import SchemaError

__all__ = ["SCHEMA", "JsonValue", "decode", "encode", "to_json"]

SCHEMA = 1

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
Model = TypeVar("Model")


def to_json(value: object) -> JsonValue:
    """A model, or a container of models, as JSON values: nothing left out, unknown is null."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} is not part of the model")


def encode(model: object) -> dict[str, JsonValue]:
    """A model as a JSON document of its own, with the schema version in it.

    Args:
        model: an instance of one of the dataclasses in `leakprobe.model`.
    """
    document = to_json(model)
    if not isinstance(document, dict):
        raise TypeError(f"{type(model).__name__} is not a model")
    return {"schema": SCHEMA, **document}


def decode(kind: type[Model], document: JsonValue) -> Model:
    """The model in a document that `encode` made.

    Args:
        kind: the dataclass to build.
        document: what `json.loads` gave.

    Raises:
        SchemaError: another schema version, a missing field, or a value of a wrong kind.
    """
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, dict) else type(document).__name__
        raise SchemaError(f"{kind.__name__}: schema {found!r} instead of {SCHEMA}")
    return cast("Model", _build(kind, document, kind.__name__))


@cache
def _hints(kind: type) -> dict[str, Any]:  # Any: a type hint is any object
    return get_type_hints(kind)


def _build(hint: object, value: JsonValue, where: str) -> object:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _build_union(arguments, value, where)
    if origin is Literal and value in arguments:
        return value
    if origin is tuple and isinstance(value, list):
        return tuple(_build(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if origin is dict and isinstance(value, dict):
        return {key: _build(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(value, dict):
        return _build_dataclass(hint, value, where)
    if hint is float and type(value) is int:
        return float(value)
    if isinstance(hint, type) and type(value) is hint:
        return value
    raise SchemaError(f"{where}: {type(value).__name__} instead of {hint}")


def _build_union(hints: tuple[object, ...], value: JsonValue, where: str) -> object:
    if value is None and type(None) in hints:
        return None
    kinds = [hint for hint in hints if hint is not type(None)]
    for kind in kinds[:-1]:
        try:
            return _build(kind, value, where)
        except SchemaError:
            continue
    return _build(kinds[-1], value, where)


def _build_dataclass(kind: type, value: dict[str, JsonValue], where: str) -> object:
    hints = _hints(kind)
    missing = [name for name in hints if name not in value]
    if missing:
        raise SchemaError(f"{where}: no {', '.join(missing)}")
    return kind(
        **{name: _build(hint, value[name], f"{where}.{name}") for name, hint in hints.items()}
    )
