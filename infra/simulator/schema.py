"""Provider schemas as data: the JSON of `terraform providers schema -json`, compressed, read only for the types used."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parent / "schemas"
RESOURCE, DATA, EPHEMERAL = "resource_schemas", "data_source_schemas", "ephemeral_resource_schemas"
Section = Literal["resource_schemas", "data_source_schemas", "ephemeral_resource_schemas"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute, as the provider declares it."""

    name: str
    type: Any
    required: bool = False
    optional: bool = False
    computed: bool = False
    sensitive: bool = False
    write_only: bool = False
    nested: "NestedBlock | None" = None

    @property
    def configurable(self) -> bool:
        """Whether a configuration may set it."""
        return self.required or self.optional


@dataclass(frozen=True, slots=True)
class Block:
    """The attributes and nested blocks of a resource or of a block in one."""

    attributes: dict[str, Attribute]
    blocks: dict[str, "NestedBlock"] = field(default_factory=dict)

    def children(self) -> Iterator[tuple[str, "NestedBlock"]]:
        """Give everything nested: blocks and attributes that nest in the same way."""
        yield from self.blocks.items()
        for name, attribute in self.attributes.items():
            if attribute.nested is not None:
                yield name, attribute.nested


@dataclass(frozen=True, slots=True)
class NestedBlock:
    """A block inside a block, and how many of it."""

    nesting: str
    block: Block
    min_items: int = 0
    max_items: int = 0

    @property
    def type(self) -> list[Any]:
        """Give the type as terraform's type expression, for comparing."""
        return block_type(self)


def block_type(nested: NestedBlock) -> list[Any]:
    """Give the type expression of a nested block."""
    members = {name: attribute.type for name, attribute in nested.block.attributes.items()}
    members.update({name: block_type(child) for name, child in nested.block.blocks.items()})
    inner = ["object", members]
    return inner if nested.nesting in ("single", "group") else [nested.nesting, inner]


def _attribute(name: str, raw: dict[str, Any]) -> Attribute:
    nested = None
    type_ = raw.get("type")
    if "nested_type" in raw:
        inner = raw["nested_type"]
        nested = NestedBlock(inner["nesting_mode"], _block(inner))
        type_ = block_type(nested)
    flags = {key: bool(raw.get(key)) for key in ("required", "optional", "computed", "sensitive", "write_only")}
    return Attribute(name, type_, nested=nested, **flags)


def _block(raw: dict[str, Any]) -> Block:
    attributes = {name: _attribute(name, item) for name, item in raw.get("attributes", {}).items()}
    blocks = {
        name: NestedBlock(item["nesting_mode"], _block(item.get("block", {})), item.get("min_items", 0), item.get("max_items", 0))
        for name, item in raw.get("block_types", {}).items()
    }
    return Block(attributes, blocks)


def schema_file(provider: str) -> Path:
    """Give a provider's schema file: converted ones are compressed, those kept by hand are not."""
    by_hand = FOLDER / f"{provider}.json"
    return by_hand if by_hand.exists() else FOLDER / f"{provider}.json.gz"


@cache
def raw_provider(provider: str) -> dict[str, Any]:
    """Read a provider's whole schema."""
    raw = schema_file(provider).read_bytes()
    document = json.loads(raw if raw.startswith(b"{") else gzip.decompress(raw))
    schema: dict[str, Any] = next(iter(document["provider_schemas"].values()))
    schema["version"] = document["provider_version"]
    return schema


@cache
def block_of(provider: str, section: Section, type_: str) -> Block:
    """Give the schema of one resource or data source type."""
    return _block(raw_provider(provider)[section][type_]["block"])


@cache
def provider_block(provider: str) -> Block:
    """Give the schema of the provider block itself."""
    return _block(raw_provider(provider)["provider"]["block"])


@cache
def versions() -> dict[str, str]:
    """Give the version served for each provider, without reading the schemas."""
    loaded: dict[str, str] = json.loads((FOLDER / "versions.json").read_text())
    return loaded
