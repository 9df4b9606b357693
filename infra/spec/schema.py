"""The JSON Schema of a cluster spec, for editors and for checks where Python is not: what the loader says of single fields.

Made from the same models, so the two agree; what environments and clouds fill in is optional here. Sums of several fields (ranges
that overlap, `min` above `max`) are beyond JSON Schema and only the loader's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from infra import providers
from infra.providers.base import Provider
from infra.spec.model import Cluster

ID = "https://hera.dev/schemas/cluster.v1alpha1.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILLED_IN = {
    "Spec": ("network", "kubernetes", "nodePools"),
    "Network": ("zones",),
    "Kubernetes": ("version",),
    "NodePool": ("machineType", "zones"),
}
"""Fields that types need and files do not: `infra.spec.defaults` has them."""


class _Schema(GenerateJsonSchema):
    """Leaves out titles, which say the fields' names again, and defaults, which depend on the environment."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Refuse keys that the pattern does not match: pydantic's schema only says what values of those that do are."""
        result = super().dict_schema(schema)
        return {**result, "additionalProperties": False} if "patternProperties" in result else result

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def json_schema(names: Sequence[str] = ()) -> dict[str, Any]:
    """Return the schema, with the clouds and regions of the named providers, or of all that are there."""
    schema = Cluster.model_json_schema(by_alias=True, schema_generator=_Schema)
    definitions = schema["$defs"]
    for name, fields in FILLED_IN.items():
        required = [field for field in definitions[name]["required"] if field not in fields]
        definitions[name].pop("required")
        if required:
            definitions[name]["required"] = required
    schema["required"] = ["apiVersion", "kind", "metadata", "spec"]
    clouds = [providers.get(name) for name in names or providers.names()]
    spec = definitions["Spec"]
    spec["properties"]["cloud"] |= {"enum": [cloud.name for cloud in clouds]}
    spec["allOf"] = [_of_cloud(cloud, definitions) for cloud in clouds]
    return {"$schema": DIALECT, "$id": ID, **_without_titles(schema), "title": "Hera cluster"}


def _of_cloud(cloud: Provider, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return what holds when the spec names a cloud: its regions, zones, versions and options."""
    options = cloud.options.model_json_schema(
        by_alias=True, schema_generator=_Schema, ref_template=f"#/$defs/{cloud.name}.{{model}}"
    )
    for name, definition in options.pop("$defs", {}).items():
        definitions[f"{cloud.name}.{name}"] = definition
    definitions[f"{cloud.name}.Options"] = options
    zones = sorted({zone for zones in cloud.regions().values() for zone in zones})
    then = {
        "region": {"enum": list(cloud.regions())},
        "network": {"properties": {"zones": {"items": {"enum": zones}}}},
        "kubernetes": {"properties": {"version": {"enum": list(cloud.kubernetes_versions())}}},
        "cloudOptions": {"$ref": f"#/$defs/{cloud.name}.Options"},
    }
    needs = ["cloudOptions"] if options.get("required") else []
    return {
        "if": {"properties": {"cloud": {"const": cloud.name}}, "required": ["cloud"]},
        "then": {"properties": then, **({"required": needs} if needs else {})},
    }


def _without_titles(value: Any) -> Any:
    """Drop the titles of models, which only repeat their Python names; a field called title stays."""
    if isinstance(value, dict):
        return {key: _without_titles(item) for key, item in value.items() if key != "title" or not isinstance(item, str)}
    return [_without_titles(item) for item in value] if isinstance(value, list) else value
