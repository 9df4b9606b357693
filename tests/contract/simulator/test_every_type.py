"""Every resource type of every provider can be made, read, imported and deleted, known to the simulator or not."""

import os
from pathlib import Path
from typing import Any

import pytest

from infra.simulator.clouds import cloud_for
from infra.simulator.errors import CloudError
from infra.simulator.planning import conform, plan_create, plan_update
from infra.simulator.schema import RESOURCE, Attribute, Block, NestedBlock, raw_provider, versions
from infra.simulator.simulate import Simulator
from infra.simulator.store import Store
from infra.simulator.values import decode, encode, has_unknown

NEEDS_REAL_INPUT = {
    "tls_cert_request",
    "tls_self_signed_cert",
    "tls_locally_signed_cert",
    "local_file",
    "local_sensitive_file",
    "time_rotating",
    "google_container_cluster",  # protected from deletion unless told otherwise
}


def sample(type_: Any) -> Any:
    """Give some value of a type."""
    if isinstance(type_, list):
        kind, inner = type_
        if kind == "object":
            return {name: sample(item) for name, item in inner.items()}
        return {"key": sample(inner)} if kind == "map" else [sample(inner)]
    return {"string": "10.0.0.0/16", "number": 1, "bool": True, "dynamic": [b'"string"', "x"]}[type_]


def attribute_value(attribute: Attribute) -> Any:
    return sample(attribute.type) if attribute.required else None


def block_value(nested: NestedBlock) -> Any:
    if nested.nesting in ("single", "group"):
        return None
    if nested.min_items:
        return [configuration(nested.block)]
    return {} if nested.nesting == "map" else []


def configuration(block: Block) -> dict[str, Any]:
    """Give the smallest configuration a block allows."""
    made = {name: attribute_value(attribute) for name, attribute in block.attributes.items()}
    return made | {name: block_value(nested) for name, nested in block.blocks.items()}


def accepted(block: Block, value: dict[str, Any]) -> None:
    """Check that a value has the shape the schema asks for."""
    assert value.keys() == block.attributes.keys() | block.blocks.keys()
    assert decode(encode(value)) == value


@pytest.mark.parametrize("provider", sorted(versions()))
def test_life_of_every_type(provider: str, tmp_path: Path) -> None:
    simulator = Simulator(cloud_for(provider), Store(tmp_path))
    simulator.scope = simulator.cloud.scope({})
    types = sorted(raw_provider(provider)[RESOURCE])
    step = 1 if os.environ.get("SIMULATOR_EVERY_TYPE") else max(1, len(types) // 150)
    for type_ in types[::step]:
        if type_ in NEEDS_REAL_INPUT:
            continue
        live(simulator, type_)


def live(simulator: Simulator, type_: str) -> None:
    block = simulator.block(type_)
    rules = simulator.cloud.rules(type_)
    config = configuration(block)
    planned = plan_create(block, config, rules)
    simulator.cloud.derive(type_, planned, config, simulator.scope)
    accepted(block, planned)
    try:
        made = simulator.create(type_, planned, config)
    except CloudError:
        return  # refused for a reference to nothing or the like: not what is tested here
    assert not has_unknown(made.values), type_
    accepted(block, made.values)
    read = simulator.read(type_, made.values, made.uid)
    assert read is not None, type_
    assert conform(block, read) == conform(block, made.values), type_
    assert plan_update(block, read, read, config, rules).value == read, type_
    simulator.delete(type_, read, made.uid)
    assert simulator.read(type_, read, made.uid) is None, type_
