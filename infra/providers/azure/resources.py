"""What Azure holds for a cluster, and removing what Kubernetes made of it.

Azure indexes every resource by tag, so ownership is one question for all types; keys are asked for by name, because only their
own id imports them. What AKS makes for the cluster is in a group of its own, which goes with the cluster; drained is what a
Service or a volume claim put elsewhere, or would keep. Types are Terraform's where it has one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from infra.providers.azure.facts import read
from infra.providers.azure.names import node_resource_group, resource_group
from infra.providers.azure.sdk import asking, credential, sdk, subscription
from infra.providers.base import OWNER_TAG, CloudObject

KUBERNETES_TAGS = ("k8s-azure-service", "k8s-azure-created-by", "k8s-azure-pvc", "kubernetes.io-created-for-pvc-name")
"""Tags by which Azure's cloud provider and disk and file drivers say that they made something."""
GROUP = "Microsoft.Resources/resourceGroups"
VAULT = "Microsoft.KeyVault/vaults"
KEYS = ("kubernetes-secrets", "disks")
"""Keys that the cluster module makes."""
KEYS_API = "2023-07-01"
API_VERSIONS: Mapping[str, str] = {
    "microsoft.network/privatelinkservices": "2024-05-01",
    "microsoft.network/privateendpoints": "2024-05-01",
    "microsoft.network/loadbalancers": "2024-05-01",
    "microsoft.network/publicipaddresses": "2024-05-01",
    "microsoft.compute/snapshots": "2023-10-02",
    "microsoft.compute/disks": "2023-10-02",
    "microsoft.storage/storageaccounts": "2024-01-01",
}
"""What a drain removes, in the order in which one lets go of the next, with the API version that its deletion speaks."""


def connect(options: Mapping[str, Any]) -> Any:
    """Return a client for the subscription's resources."""
    return sdk("azure.mgmt.resource").ResourceManagementClient(credential(), subscription(options))


def inventory(name: str, client: Any) -> list[CloudObject]:
    """Return every group and resource with the cluster's ownership tag, and all that is in the nodes' group."""
    tagged = f"tagName eq '{OWNER_TAG}' and tagValue eq '{name}'"
    with asking(f"list what Azure holds for {name}"):
        groups = [CloudObject(_type(GROUP), group.id, group.name) for group in client.resource_groups.list(filter=tagged)]
        resources = [*client.resources.list(filter=tagged), *_in_group(client, node_resource_group(name))]
        keys = [key for item in resources if item.type.lower() == VAULT.lower() for key in _keys(client, item.id)]
    found = {item.id.lower(): item for item in [*groups, *map(_object, resources), *keys]}
    return sorted(found.values(), key=lambda item: (item.type, item.id))


def drain(name: str, client: Any) -> list[CloudObject]:
    """Remove what Kubernetes made for the cluster, in the order of `API_VERSIONS`; return what was removed."""
    tagged = f"tagName eq '{OWNER_TAG}' and tagValue eq '{name}'"
    with asking(f"remove what Kubernetes made for {name}"):
        items = [
            *client.resources.list(filter=tagged),
            *_in_group(client, resource_group(name)),
            *_in_group(client, node_resource_group(name)),
        ]
        made = {item.id.lower(): item for item in items if _by_kubernetes(item)}
        return [found for type, version in API_VERSIONS.items() for found in _remove(client, made.values(), type, version)]


def _remove(client: Any, items: Iterable[Any], type: str, version: str) -> Iterator[CloudObject]:
    """Delete the resources of one type side by side."""
    chosen = [item for item in items if item.type.lower() == type]
    waiting = [client.resources.begin_delete_by_id(item.id, version) for item in chosen]
    for item, deletion in zip(chosen, waiting, strict=True):
        deletion.result()
        yield _object(item)


def _by_kubernetes(item: Any) -> bool:
    return any(tag in KUBERNETES_TAGS for tag in item.tags or {})


def _in_group(client: Any, group: str) -> list[Any]:
    """Return a group's resources; none when there is no such group."""
    try:
        return list(client.resources.list_by_resource_group(group))
    except sdk("azure.core.exceptions").ResourceNotFoundError:
        return []


def _keys(client: Any, vault: str) -> Iterator[CloudObject]:
    """Yield a vault's keys by the id that they have for Terraform: the address of their version."""
    for name in KEYS:
        try:
            key = client.resources.get_by_id(f"{vault}/keys/{name}", KEYS_API)
        except sdk("azure.core.exceptions").ResourceNotFoundError:
            continue
        yield CloudObject(_type(f"{VAULT}/keys"), str(key.properties["keyUriWithVersion"]), name)


def _type(resource_type: str) -> str:
    """Return Terraform's word for a type of Azure's, where it has one."""
    return str(read("types")["terraform"].get(resource_type.lower(), resource_type))


def _object(item: Any) -> CloudObject:
    """Return a resource with its own name: Azure writes those of children as PARENT/NAME."""
    return CloudObject(_type(item.type), str(item.id), str(item.name).rsplit("/", 1)[-1])
