"""Terraform values as Python values, because planning is arithmetic on them and the wire form is msgpack.

Unknown values stay msgpack extensions (code 0 plain, 12 refined) and are echoed untouched: terraform compares what a
provider plans with the configuration exactly. Sets are lists; `canonical` gives their order-free form for comparing.
"""

import json
from collections.abc import Mapping
from typing import TypeAlias

import msgpack

Value: TypeAlias = object
ObjectValue: TypeAlias = dict[str, object]

UNKNOWN = msgpack.ExtType(0, b"\x00")


def decode(raw: bytes) -> Value:
    """Read one msgpack value as terraform sends it."""
    return msgpack.unpackb(raw, raw=False, strict_map_key=False)


def encode(value: Value) -> bytes:
    """Write one value in the form terraform reads."""
    packed: bytes = msgpack.packb(value, use_bin_type=True)
    return packed


def is_unknown(value: Value) -> bool:
    """Tell a value that is known only after apply."""
    return isinstance(value, msgpack.ExtType)


def has_unknown(value: Value) -> bool:
    """Tell whether anything inside is known only after apply."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return is_unknown(value)


def canonical(value: Value, type_: object) -> str:
    """Give a text equal for equal values, sets in any order."""
    return json.dumps(_ordered(value, type_), sort_keys=True, default=repr)


def _ordered(value: Value, type_: object) -> Value:
    if value is None or is_unknown(value) or not isinstance(type_, list):
        return value
    kind, inner = type_[0], type_[1]
    if kind in ("list", "set") and isinstance(value, list):
        items = [_ordered(item, inner) for item in value]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True, default=repr)) if kind == "set" else items
    if kind == "map" and isinstance(value, dict):
        return {key: _ordered(item, inner) for key, item in value.items()}
    if kind == "object" and isinstance(value, dict):
        return {key: _ordered(item, inner.get(key)) for key, item in value.items()}
    return value


def empty(type_: object) -> Value:
    """Give the empty value of a type: what a cloud answers when it has nothing to say."""
    if isinstance(type_, list):
        return {"list": [], "set": [], "map": {}}.get(type_[0]) if type_[0] != "object" else empty_object(type_[1])
    return {"string": "", "bool": False, "number": 0}.get(str(type_))


def empty_object(types: Mapping[str, object]) -> ObjectValue:
    """Give an object whose every attribute is null."""
    return dict.fromkeys(types)


def as_objects(value: Value) -> list[ObjectValue]:
    """Give the known objects of a list, set or single block, so that callers need not care which it is."""
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    return []


def text(value: Value) -> str:
    """Give a string value, and an empty one for null, unknown or anything else."""
    return value if isinstance(value, str) else ""


def shaped(value: Value, type_: object) -> Value:
    """Bring a value to a type: extra members dropped, missing ones null, anything impossible null."""
    if value is None or is_unknown(value):
        return value
    if type_ == "dynamic":
        stored = isinstance(value, dict) and value.keys() == {"type", "value"}
        return [json.dumps(value["type"]).encode(), value["value"]] if stored else value  # type: ignore[index]
    if not isinstance(type_, list):
        return _scalar(value, str(type_))
    kind, inner = type_[0], type_[1]
    if kind in ("list", "set"):
        items = value if isinstance(value, list) else [value] if isinstance(value, dict) else None
        return None if items is None else [shaped(item, inner) for item in items]
    if not isinstance(value, dict):
        return None
    if kind == "map":
        return {key: shaped(item, inner) for key, item in value.items()}
    return {key: shaped(value.get(key), member) for key, member in inner.items()}


def _scalar(value: Value, type_: str) -> Value:
    if type_ == "string":
        return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool | int | float) else None
    if type_ == "bool":
        return value if isinstance(value, bool) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    return int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else None
