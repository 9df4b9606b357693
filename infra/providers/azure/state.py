"""The storage account that holds states, plans and the ledger: made once, and repaired when somebody loosened it.

Versions and soft delete undo mistakes, Entra is the only way in, and nothing is public. Azure locks a state by a lease on its
blob, so there is nothing else to make.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from infra.errors import AlreadyExists
from infra.locations import StateLocation
from infra.providers.azure.blobs import container_of
from infra.providers.azure.sdk import asking, credential, sdk, subscription
from infra.providers.azure.whoami import own_claims

GROUP = "hera-state"
TAGS = {"managed-by": "hera", "hera-purpose": "state"}
KEPT_DAYS = 30
"""How long deleted blobs and containers can be brought back."""
BLOB_DATA_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
"""The role of that name, the same in every tenant."""
ROLE_API = "2022-04-01"

ACCOUNT: Mapping[str, Any] = {
    "minimumTlsVersion": "TLS1_2",
    "supportsHttpsTrafficOnly": True,
    "allowBlobPublicAccess": False,
    "allowSharedKeyAccess": False,
    "allowCrossTenantReplication": False,
    "defaultToOAuthAuthentication": True,
}
"""Settings of the account that are looked after on every run."""
ENCRYPTION = {
    "keySource": "Microsoft.Storage",
    "requireInfrastructureEncryption": True,
    "services": {"blob": {"enabled": True, "keyType": "Account"}, "file": {"enabled": True, "keyType": "Account"}},
}
BLOBS: Mapping[str, Any] = {
    "isVersioningEnabled": True,
    "deleteRetentionPolicy": {"enabled": True, "days": KEPT_DAYS},
    "containerDeleteRetentionPolicy": {"enabled": True, "days": KEPT_DAYS},
}
SKUS = ("Standard_ZRS", "Standard_LRS")
"""Over zones where the region has them."""


@dataclass(frozen=True)
class Clients:
    """Azure's management, and who asks."""

    resources: Any
    storage: Any
    principal: str
    """Object id of the caller, who gets the right to read and write the blobs."""


def connect(options: Mapping[str, str]) -> Clients:
    """Return clients for the location's subscription, with the caller's credentials."""
    who, account = credential(), subscription({"subscriptionId": options.get("subscription")})
    return Clients(
        sdk("azure.mgmt.resource").ResourceManagementClient(who, account),
        sdk("azure.mgmt.storage").StorageManagementClient(who, account),
        str(own_claims(who)["oid"]),
    )


def create(location: StateLocation, region: str, clients: Clients | None = None) -> list[str]:
    """Make what is missing, repair what is loose, and say what was done; nothing when all is well."""
    container, _ = container_of(location)
    group, account = location.options.get("resource_group", GROUP), location.bucket
    clients = clients or connect(location.options)
    with asking(f"make the state store {account}"):
        return [
            *_group(clients, group, region),
            *_account(clients, group, account, region),
            *_blob_service(clients, group, account),
            *_container(clients, group, account, container),
            *_role(clients, group, account),
        ]


def _group(clients: Clients, group: str, region: str) -> list[str]:
    if _find(clients.resources.resource_groups.get, group):
        return []
    clients.resources.resource_groups.create_or_update(group, {"location": region, "tags": TAGS})
    return [f"made resource group {group}"]


def _account(clients: Clients, group: str, account: str, region: str) -> list[str]:
    found = _find(clients.storage.storage_accounts.get_properties, group, account)
    if found is None:
        return _new_account(clients, group, account, region)
    loose = [name for name, value in ACCOUNT.items() if found.as_dict().get("properties", {}).get(name) != value]
    if not loose:
        return []
    clients.storage.storage_accounts.update(group, account, {"properties": {name: ACCOUNT[name] for name in loose}})
    return [f"repaired {', '.join(loose)} of storage account {account}"]


def _new_account(clients: Clients, group: str, account: str, region: str) -> list[str]:
    answer = clients.storage.storage_accounts.check_name_availability(
        {"name": account, "type": "Microsoft.Storage/storageAccounts"}
    )
    if not answer.name_available:
        raise AlreadyExists(
            f"the storage account name {account} is not free: {answer.message}",
            next_step="choose another name: it is shared with everybody, 3 to 24 lower-case letters and digits",
        )
    sku = _best_sku(clients, region)
    wanted = {
        "location": region,
        "kind": "StorageV2",
        "sku": {"name": sku},
        "tags": TAGS,
        "properties": {**ACCOUNT, "accessTier": "Hot", "encryption": ENCRYPTION},
    }
    clients.storage.storage_accounts.begin_create(group, account, wanted).result()
    return [f"made storage account {account} ({sku.removeprefix('Standard_')}, encrypted, private, no account keys)"]


def _best_sku(clients: Clients, region: str) -> str:
    """Return the first of `SKUS` that the region has."""
    offered = {
        sku.name
        for sku in clients.storage.skus.list()
        if sku.kind == "StorageV2" and region in [place.lower() for place in sku.locations or ()] and not sku.restrictions
    }
    return next((name for name in SKUS if name in offered), SKUS[-1])


def _blob_service(clients: Clients, group: str, account: str) -> list[str]:
    now = clients.storage.blob_services.get_service_properties(group, account).as_dict().get("properties", {})
    loose = [name for name, value in BLOBS.items() if _part(now.get(name), value) != value]
    if not loose:
        return []
    clients.storage.blob_services.set_service_properties(group, account, {"properties": dict(BLOBS)})
    return [f"turned on {', '.join(loose)} of {account}"]


def _part(found: Any, wanted: Any) -> Any:
    """Return of a setting only what is asked for; Azure adds words of its own."""
    if isinstance(wanted, dict):
        return {name: (found or {}).get(name) for name in wanted}
    return found


def _container(clients: Clients, group: str, account: str, container: str) -> list[str]:
    if _find(clients.storage.blob_containers.get, group, account, container):
        return []
    clients.storage.blob_containers.create(group, account, container, {"properties": {"publicAccess": "None"}})
    return [f"made container {container}"]


def _role(clients: Clients, group: str, account: str) -> list[str]:
    """Let the caller read and write the blobs; owning an account does not include that."""
    scope = (
        f"/subscriptions/{clients.storage._config.subscription_id}/resourceGroups/{group}"
        f"/providers/Microsoft.Storage/storageAccounts/{account}"
    )
    name = uuid5(NAMESPACE_URL, f"{scope}/{clients.principal}")
    role_id = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
    if _find(clients.resources.resources.get_by_id, role_id, ROLE_API):
        return []
    definition = f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{BLOB_DATA_CONTRIBUTOR}"
    body = {"properties": {"roleDefinitionId": definition, "principalId": clients.principal}}
    clients.resources.resources.begin_create_or_update_by_id(role_id, ROLE_API, body).result()
    return [f"gave {clients.principal} the role Storage Blob Data Contributor on {account}"]


def _find(ask: Any, *where: str) -> Any:
    """Return what a getter gives, or None when Azure has no such thing."""
    try:
        return ask(*where)
    except sdk("azure.core.exceptions").ResourceNotFoundError:
        return None
