"""The azapi provider: any Azure type by name, its body taken as it is given."""

import json

from infra.simulator.clouds.azurerm.makers import CLIENT, OBJECT, TENANT
from infra.simulator.clouds.azurerm.provider import SUBSCRIPTION, Azure
from infra.simulator.clouds.base import Scope, Tables, TypeRules, Want
from infra.simulator.store import Store
from infra.simulator.values import ObjectValue, Value, text

TYPES = ("azapi_resource", "azapi_update_resource", "azapi_data_plane_resource", "azapi_resource_action")
_FLAGS: dict[str, object] = {"ignore_casing": False, "ignore_missing_property": True, "ignore_null_property": False}


def make(provider: str) -> "AzApi":
    """Make the provider's special knowledge."""
    return AzApi(provider)


def resource_id(values: ObjectValue, subscription: str) -> str:
    """Give the id of a type, name and parent: a child type continues its parent's id."""
    given = text(values.get("resource_id"))
    if given:
        return given
    parent = text(values.get("parent_id")) or f"/subscriptions/{subscription}"
    kind, name = text(values.get("type")).split("@")[0], text(values.get("name"))
    namespace, *segments = kind.split("/")
    if kind == "Microsoft.Resources/resourceGroups":
        return f"{parent}/resourceGroups/{name}"
    if len(segments) > 1 and f"/providers/{namespace}/".lower() in parent.lower():
        return f"{parent}/{segments[-1]}/{name}"
    return f"{parent}/providers/{kind}/{name}"


def _export(wanted: Value) -> Value:
    """Give what `response_export_values` asks for, every leaf made up."""
    paths = wanted[1] if isinstance(wanted, list) and len(wanted) == 2 and isinstance(wanted[0], bytes) else wanted
    names = paths if isinstance(paths, list) else list(paths) if isinstance(paths, dict) else []
    made: dict[str, object] = {}
    for name in names:
        place = made
        *parents, leaf = str(name).split(".")
        for parent in parents:
            inner = place.setdefault(parent, {})
            place = inner if isinstance(inner, dict) else {}
        place[leaf] = "simulated"
    return dynamic(made)


def dynamic(value: Value) -> Value:
    """Write a value of dynamic type: its type comes first."""
    return [json.dumps(_type_of(value)).encode(), value]


def _type_of(value: Value) -> object:
    if isinstance(value, dict):
        return ["object", {key: _type_of(item) for key, item in value.items()}]
    return "string"


class AzApi(Azure):
    """Azure by resource type; the checks are azurerm's where the ids are."""

    tables = Tables(
        defaults={type_: _FLAGS | {"schema_validation_enabled": True} for type_ in TYPES[:3]}
        | {"azapi_resource_action": {"method": "POST", "when": "apply"}},
        replaces={type_: ("type", "name", "parent_id", "resource_id", "location") for type_ in TYPES},
        keeps={"azapi_resource": ("type",), "azapi_update_resource": ("type",)},
    )

    def rules(self, type_: str) -> TypeRules:
        """Use azapi's own tables."""
        return TypeRules(self.tables, type_)

    def check_create(self, type_: str, values: ObjectValue, scope: Scope, store: Store) -> None:
        """Refuse what exists already, through whichever provider it was made."""
        if type_ == "azapi_resource":
            super().check_create(type_, values, scope, store)

    def check_config(self, type_: str, config: ObjectValue) -> None:
        """Accept any body: Azure's own schemas are not known here."""

    def identify(self, type_: str, values: ObjectValue, scope: Scope) -> str:
        """Compose the id of type, parent and name."""
        return resource_id(values, scope.account or SUBSCRIPTION)

    def guess(self, want: Want) -> Value:
        """Answer outputs with what was asked for."""
        if want.name in ("output", "sensitive_output"):
            return _export(want.root.get("response_export_values"))
        if want.path == "name" and text(want.root.get("resource_id")):
            return text(want.root["resource_id"]).rsplit("/", 1)[-1]
        if want.path == "parent_id" and text(want.root.get("resource_id")):
            return text(want.root["resource_id"]).rsplit("/providers/", 1)[0]
        if want.name == "resource_id":
            return text(want.root.get("id"))
        if want.name == "parent_id":
            return f"/subscriptions/{want.scope.account}"
        return super().guess(want)

    def data(self, type_: str, config: ObjectValue, scope: Scope, store: Store) -> ObjectValue | None:
        """Answer from what was given."""
        if type_ == "azapi_client_config":
            subscription = scope.account
            made: ObjectValue = {"id": "simulated", "client_id": CLIENT, "object_id": OBJECT, "tenant_id": TENANT}
            return {**made, "subscription_id": subscription, "subscription_resource_id": f"/subscriptions/{subscription}"}
        id_ = resource_id(config, scope.account)
        return {"id": id_, "resource_id": id_, "exists": True}
