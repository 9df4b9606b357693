"""Azure data sources: from what exists, else made up plausibly."""

from infra.simulator.clouds.azurerm.makers import CLIENT, OBJECT, TENANT
from infra.simulator.clouds.azurerm.names import IDS, ambient_key, id_of
from infra.simulator.clouds.base import Scope
from infra.simulator.clouds.lookup import matching
from infra.simulator.errors import CloudError
from infra.simulator.store import Store
from infra.simulator.values import ObjectValue, text

KEYS = (
    "name",
    "resource_group_name",
    "virtual_network_name",
    "kubernetes_cluster_name",
    "key_vault_id",
    "scope",
    "parent_id",
    "storage_account_name",
)
MUST_EXIST = (
    "azurerm_virtual_network",
    "azurerm_subnet",
    "azurerm_kubernetes_cluster",
    "azurerm_key_vault",
    "azurerm_user_assigned_identity",
    "azurerm_log_analytics_workspace",
    "azurerm_public_ip",
)


def answer(type_: str, config: ObjectValue, scope: Scope, store: Store) -> ObjectValue | None:
    """Answer a data source."""
    if type_ == "azurerm_client_config":
        return {
            "id": "simulated",
            "client_id": CLIENT,
            "object_id": OBJECT,
            "tenant_id": TENANT,
            "subscription_id": scope.account,
        }
    if type_ == "azurerm_subscription":
        subscription = text(config.get("subscription_id")) or scope.account
        return {
            "id": f"/subscriptions/{subscription}",
            "subscription_id": subscription,
            "display_name": "simulated",
            "tenant_id": TENANT,
            "state": "Enabled",
            "location_placement_id": "Public_2014-09-01",
            "quota_id": "PayAsYouGo_2014-09-01",
            "spending_limit": "Off",
        }
    if type_ == "azurerm_kubernetes_service_versions":
        return {
            "id": "simulated",
            "versions": ["1.31.9", "1.32.7", "1.33.3", "1.33.5"],
            "latest_version": "1.33.5",
            "default_version": "1.33.5",
        }
    if type_ == "azurerm_resources":
        return _resources(config, store)
    found = matching(store, [type_], config, KEYS)
    if found:
        return {**found[-1].attributes}
    return _made_up(type_, config, scope, store)


def _resources(config: ObjectValue, store: Store) -> ObjectValue:
    group, required = text(config.get("resource_group_name")), config.get("required_tags")
    tags = required if isinstance(required, dict) else {}
    rows = store.find("provider='azurerm' AND id LIKE '/subscriptions/%/providers/%'", ())
    chosen = [row for row in rows if (not group or f"/{group}/" in row.id) and tags.items() <= row.tags.items()]
    return {
        "id": "resource-simulated",
        "resources": [
            {
                "id": row.id,
                "name": row.name,
                "location": row.attributes.get("location"),
                "resource_group_name": group,
                "tags": row.tags,
                "type": "/".join(row.id.split("/")[6:8]),
            }
            for row in chosen
        ],
    }


def _made_up(type_: str, config: ObjectValue, scope: Scope, store: Store) -> ObjectValue:
    given = {key: value for key, value in config.items() if value is not None}
    made: ObjectValue = {"location": "westeurope", **given}
    if type_ == "azurerm_resource_group":
        _remember_group(made, scope, store)
    elif type_ in MUST_EXIST:
        raise CloudError(
            f'{type_.removeprefix("azurerm_").replace("_", " ").title()} (Name: "{text(config.get("name"))}", Resource'
            f' Group: "{text(config.get("resource_group_name"))}") was not found'
        )
    if type_ in IDS:
        made.setdefault("id", id_of(type_, {**made, "name": text(made.get("name"))}, scope))
    return made


def _remember_group(made: ObjectValue, scope: Scope, store: Store) -> None:
    """Whoever looks a group up means one made outside terraform; from then on things may be made in it."""
    store.set_setting(ambient_key(id_of("azurerm_resource_group", made, scope)), "yes")
