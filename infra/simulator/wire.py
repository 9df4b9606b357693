"""The schema answer as bytes, kept in a cache: building it for AWS takes longer than everything else at start-up."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from infra.simulator.functions import FUNCTIONS
from infra.simulator.schema import DATA, EPHEMERAL, RESOURCE, raw_provider, schema_file

FORM = "4"
NESTING = {"single": 1, "list": 2, "set": 3, "map": 4, "group": 5}


def schema_response(provider: str) -> bytes:
    """Give the encoded GetProviderSchema answer, from the cache when it is there."""
    cached = _cache_file(provider)
    if cached.is_file():
        return cached.read_bytes()
    encoded = _build(provider)
    cached.parent.mkdir(parents=True, exist_ok=True)
    fresh = cached.with_suffix(f".{os.getpid()}")
    fresh.write_bytes(encoded)
    fresh.replace(cached)
    return encoded


def _cache_file(provider: str) -> Path:
    digest = hashlib.sha256(schema_file(provider).read_bytes())
    digest.update(FORM.encode())
    digest.update(repr(sorted(FUNCTIONS.get(provider, {}))).encode())
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    name = f"{provider}-{digest.hexdigest()[:16]}.pb"
    if (base / "hera-simulator" / name).is_file():
        return base / "hera-simulator" / name  # an image may bring it along, read-only
    if not os.access(base if base.exists() else base.parent, os.W_OK):
        base = Path(os.environ["HERA_SIMULATOR_HOME"])
    return base / "hera-simulator" / name


def _build(provider: str) -> bytes:
    from infra.simulator.protocol import tfplugin6_pb2

    raw = raw_provider(provider)
    pb: Any = tfplugin6_pb2  # generated, without types
    response = pb.GetProviderSchema.Response()
    _schema(response.provider, raw["provider"])
    sections = {
        RESOURCE: response.resource_schemas,
        DATA: response.data_source_schemas,
        EPHEMERAL: response.ephemeral_resource_schemas,
    }
    for section, target in sections.items():
        for name, item in raw.get(section, {}).items():
            _schema(target[name], item)
    for name, function in FUNCTIONS.get(provider, {}).items():
        function.describe(response.functions[name])
    response.server_capabilities.plan_destroy = True
    response.server_capabilities.get_provider_schema_optional = True
    response.server_capabilities.move_resource_state = True
    encoded: bytes = response.SerializeToString()
    return encoded


def _schema(target: Any, raw: dict[str, Any]) -> None:
    target.version = raw.get("version", 0)
    target.block.SetInParent()
    _block(target.block, raw.get("block", {}))


def _block(target: Any, raw: dict[str, Any]) -> None:
    for name, item in raw.get("attributes", {}).items():
        _attribute(target.attributes.add(), name, item)
    for name, item in raw.get("block_types", {}).items():
        nested = target.block_types.add(type_name=name, nesting=NESTING[item["nesting_mode"]])
        nested.min_items, nested.max_items = item.get("min_items", 0), item.get("max_items", 0)
        nested.block.SetInParent()
        _block(nested.block, item.get("block", {}))


def _attribute(target: Any, name: str, raw: dict[str, Any]) -> None:
    target.name = name
    if "nested_type" in raw:
        target.nested_type.nesting = NESTING[raw["nested_type"]["nesting_mode"]]
        for inner, item in raw["nested_type"]["attributes"].items():
            _attribute(target.nested_type.attributes.add(), inner, item)
    else:
        target.type = json.dumps(raw["type"], separators=(",", ":")).encode()
    for flag in ("required", "optional", "computed", "sensitive", "write_only"):
        if raw.get(flag):
            setattr(target, flag, True)
