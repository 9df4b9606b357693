"""The azurerm provider: puts Azure's tables behind the generic seams."""

import os

from infra.simulator.clouds.azurerm.checks import check_create, check_delete, refuse_configuration
from infra.simulator.clouds.azurerm.data import answer
from infra.simulator.clouds.azurerm.makers import TENANT, VALUES
from infra.simulator.clouds.azurerm.names import id_of
from infra.simulator.clouds.azurerm.tables import COMPUTED_BLOCKS, DEFAULTS, GENERIC, KEEPS, REPLACES
from infra.simulator.clouds.base import Cloud, Scope, Tables, Want
from infra.simulator.errors import CloudError
from infra.simulator.store import Row, Store
from infra.simulator.values import ObjectValue, Value, text

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"


class Azure(Cloud):
    """Simulated Azure: one tenant, any subscription."""

    tables = Tables(
        defaults=DEFAULTS,
        computed_blocks=COMPUTED_BLOCKS,
        replaces=REPLACES,
        keeps=KEEPS,
        generic_replaces=GENERIC,
        values=VALUES,
    )

    def scope(self, config: ObjectValue) -> Scope:
        """Read the subscription."""
        subscription = text(config.get("subscription_id")) or os.environ.get("ARM_SUBSCRIPTION_ID") or SUBSCRIPTION
        return Scope(subscription, "simulated", config=config)

    def scope_of(self, type_: str, values: ObjectValue, scope: Scope) -> str:
        """Names are unique in a resource group."""
        return f"{scope.account}/{text(values.get('resource_group_name')).lower()}"

    def derive(self, type_: str, value: ObjectValue, config: ObjectValue, scope: Scope) -> None:
        """Store a location in its short form."""
        if text(value.get("location")):
            value["location"] = text(value["location"]).lower().replace(" ", "")

    def check_config(self, type_: str, config: ObjectValue) -> None:
        """Refuse conflicting and impossible arguments."""
        refuse_configuration(type_, config)

    def check_create(self, type_: str, values: ObjectValue, scope: Scope, store: Store) -> None:
        """Refuse what Azure refuses to make."""
        if type_ in ("azurerm_role_assignment", "azurerm_role_definition"):
            return
        id_ = self.identify(type_, values, scope)
        if store.get(type_, id_) is not None:
            raise CloudError(
                f'a resource with the ID "{id_}" already exists - to be managed via Terraform this resource needs to be'
                f' imported into the State. Please see the resource documentation for "{type_}" for more information'
            )
        check_create(type_, values, id_, scope, store)

    def check_delete(self, row: Row, prior: ObjectValue, scope: Scope, store: Store) -> None:
        """Refuse what Azure refuses to delete."""
        check_delete(row, store, _group_deletion_prevented(scope))

    def deleted(self, row: Row, scope: Scope, store: Store) -> None:
        """Delete with a resource group, or any parent, what lies under its id."""
        for child in store.find("provider='azurerm' AND id LIKE ? || '/%'", (row.id,)):
            store.delete(child.uid)

    def identify(self, type_: str, values: ObjectValue, scope: Scope) -> str:
        """Give an id in Azure's form."""
        return id_of(type_, values, scope)

    def lookup(self, type_: str, id_: str, scope: Scope, store: Store) -> Row | None:
        """Import by resource id."""
        return store.get(type_, id_)

    def guess(self, want: Want) -> Value:
        """Tenant and principals are Azure's own; the rest is generic."""
        if want.name == "tenant_id":
            return TENANT
        return super().guess(want)

    def data(self, type_: str, config: ObjectValue, scope: Scope, store: Store) -> ObjectValue | None:
        """Answer data sources."""
        return answer(type_, config, scope, store)


def _group_deletion_prevented(scope: Scope) -> bool:
    features = scope.config.get("features")
    for block in features if isinstance(features, list) else [features]:
        groups = block.get("resource_group") if isinstance(block, dict) else None
        for group in groups if isinstance(groups, list) else [groups]:
            if isinstance(group, dict) and group.get("prevent_deletion_if_contains_resources") is False:
                return False
    return True
