"""Custom resource definitions from pydantic models: one source for what is checked by the API server, by us, and in the docs.

Unknown fields are kept by the API server (`x-kubernetes-preserve-unknown-fields`) and refused by the model, so that a field that
we do not support shows in the status instead of disappearing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

_DROPPED = ("title", "examples", "discriminator", "additionalProperties", "writeOnly", "readOnly")


class Model(BaseModel):
    """A part of a custom resource; fields are written in camelCase, unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True)

    RULES: ClassVar[Sequence[tuple[str, str]]] = ()
    """CEL rules over `self`, each with what to say when it does not hold."""


@dataclass(frozen=True)
class Column:
    """A column of `kubectl get`."""

    name: str
    path: str
    type: str = "string"


@dataclass(frozen=True)
class Kind:
    """A custom resource."""

    group: str
    version: str
    kind: str
    plural: str
    spec: type[BaseModel]
    status: type[BaseModel]
    short: Sequence[str] = ()
    categories: Sequence[str] = ()
    namespaced: bool = True
    columns: Sequence[Column] = field(default_factory=tuple)

    @property
    def api_version(self) -> str:
        """`group/version`."""
        return f"{self.group}/{self.version}"

    def path(self, namespace: str = "", name: str = "") -> str:
        """Return where the API server keeps an object, or the collection."""
        scope = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"/apis/{self.api_version}{scope}/{self.plural}" + (f"/{name}" if name else "")


def definition(kind: Kind) -> dict[str, Any]:
    """Return the CustomResourceDefinition."""
    columns = [{"name": item.name, "type": item.type, "jsonPath": item.path} for item in kind.columns]
    names = {"kind": kind.kind, "listKind": f"{kind.kind}List", "plural": kind.plural, "singular": kind.kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{kind.group}"},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "names": names | {"shortNames": list(kind.short), "categories": list(kind.categories)},
            "versions": [
                {
                    "name": kind.version,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": columns,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "required": ["spec"],
                            "properties": {"spec": schema(kind.spec), "status": schema(kind.status)},
                        }
                    },
                }
            ],
        },
    }


def schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's structural schema."""
    whole = model.model_json_schema(by_alias=True)
    models = {found.__name__: found for found in _models(model, set())}
    return _structural(whole, whole.get("$defs", {}), models, models.get(model.__name__, model))


def _models(model: type[BaseModel], found: set[type[BaseModel]]) -> set[type[BaseModel]]:
    found.add(model)
    for item in model.model_fields.values():
        for part in _parts(item.annotation):
            if part not in found:
                _models(part, found)
    return found


def _parts(annotation: Any) -> list[type[BaseModel]]:
    inner = [part for argument in getattr(annotation, "__args__", ()) for part in _parts(argument)]
    return [annotation, *inner] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else inner


def _structural(
    node: Mapping[str, Any], defs: Mapping[str, Any], models: Mapping[str, type[BaseModel]], model: type[BaseModel] | None = None
) -> dict[str, Any]:
    if "$ref" in node:
        name = str(node["$ref"]).rsplit("/", 1)[-1]
        rest = _beside(node)
        return _structural(defs[name], defs, models, models.get(name)) | rest
    if "anyOf" in node:
        return _union(node, defs, models)
    made = {
        key: value for key, value in node.items() if key not in _DROPPED and key not in ("properties", "items", "$defs", "const")
    }
    if "const" in node:
        made["enum"] = [node["const"]]
    if "default" in made:
        made["default"] = _said(made["default"])
    if made.get("default", ...) is None:
        del made["default"]
    if "properties" in node:
        made["properties"] = {key: _structural(value, defs, models) for key, value in node["properties"].items()}
        made["x-kubernetes-preserve-unknown-fields"] = True
    if "items" in node:
        made["items"] = _structural(node["items"], defs, models)
    if isinstance(node.get("additionalProperties"), dict):
        made["additionalProperties"] = _structural(node["additionalProperties"], defs, models)
    elif node.get("type") == "object" and "properties" not in node:
        made["x-kubernetes-preserve-unknown-fields"] = True
    rules = getattr(model, "RULES", ()) if model else ()
    if rules:
        made["x-kubernetes-validations"] = [{"rule": rule, "message": message} for rule, message in rules]
    return made


def _beside(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands beside a reference."""
    return {key: _said(value) for key, value in node.items() if key in ("description", "default") and value is not None}


def _said(value: Any) -> Any:
    """Return a default without what it leaves open."""
    return {key: _said(item) for key, item in value.items() if item is not None} if isinstance(value, dict) else value


def _union(node: Mapping[str, Any], defs: Mapping[str, Any], models: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
    """Only "this or nothing" and "string or number" are used; nothing means that the field may be left out."""
    options = [item for item in node["anyOf"] if item.get("type") != "null"]
    if len(options) != 1:
        return {"x-kubernetes-preserve-unknown-fields": True}
    rest = _beside(node)
    return _structural(options[0], defs, models) | rest
