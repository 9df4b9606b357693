"""What Azure refuses, in the words of Resource Manager."""

import ipaddress
import re

from infra.simulator.clouds.azurerm.names import ambient_key
from infra.simulator.clouds.base import Scope
from infra.simulator.errors import CloudError
from infra.simulator.store import Row, Store, references_in
from infra.simulator.validation import check_conflicts, check_enums, network_of
from infra.simulator.values import ObjectValue, text

CHECKED = re.compile(
    r"^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/(Microsoft.Network/(virtualNetworks|natGateways"
    r"|publicIPAddresses|routeTables|networkSecurityGroups)|Microsoft.KeyVault/vaults"
    r"|Microsoft.ContainerService/managedClusters|Microsoft.OperationalInsights/workspaces"
    r"|Microsoft.ManagedIdentity/userAssignedIdentities)/",
    re.IGNORECASE,
)
WORLDWIDE = re.compile(r"^azurerm_(role_|management_lock|monitor_diagnostic)")

SUBNET_USERS = re.compile(
    r"^azurerm_(private_endpoint|kubernetes_cluster|kubernetes_cluster_node_pool|network_interface|firewall|lb"
    r"|application_gateway|bastion_host|virtual_network_gateway|container_app_environment|redis_cache)$"
)
HELD_BY = {
    "azurerm_public_ip": (
        "PublicIPAddressCannotBeDeleted",
        "Public IP address {id} can not be deleted since it is still allocated to resource {holder}. In order to delete"
        " the public IP, disassociate/detach the Public IP address from the resource.",
    ),
    "azurerm_nat_gateway": (
        "InUseNatGatewayCannotBeDeleted",
        "NAT Gateway {id} is in use by {holder} and cannot be deleted. In order to delete the nat gateway, disassociate it"
        " from all subnets.",
    ),
    "azurerm_network_security_group": (
        "InUseNetworkSecurityGroupCannotBeDeleted",
        "Network security group {id} cannot be deleted because it is in use by the following resources: {holder}. In order"
        " to delete the Network security group, remove the association with the resource(s).",
    ),
    "azurerm_route_table": (
        "InUseRouteTableCannotBeDeleted",
        "Route table {id} is in use and cannot be deleted. It is in use by: {holder}.",
    ),
    "azurerm_private_dns_zone": (
        "CannotDeleteResource",
        "Can not delete resource before nested resources are deleted. Nested resource: {holder}.",
    ),
}


def _conflict(doing: str, code: str, message: str) -> CloudError:
    return CloudError(f"{doing}: unexpected status 409 (409 Conflict) with error: {code}: {message}")


def check_create(type_: str, values: ObjectValue, id_: str, scope: Scope, store: Store) -> None:
    """Refuse an object in a group that is not there, one that names what does not exist, or overlapping ranges."""
    group = text(values.get("resource_group_name"))
    if group and not _group_exists(f"/subscriptions/{scope.account}/resourceGroups/{group}", store):
        raise CloudError(
            f"creating/updating {id_}: unexpected status 404 (404 Not Found) with error: ResourceGroupNotFound: Resource"
            f" group '{group}' could not be found."
        )
    if not WORLDWIDE.match(type_):
        _check_references(id_, values, store)
    if type_ == "azurerm_subnet":
        _check_subnet(values, id_, store)
    if type_ == "azurerm_kubernetes_cluster":
        _check_cluster(values, id_, store)


NETWORK_WATCHERS = "NetworkWatcherRG"
"""The resource group that Azure makes, with a network watcher in it, with a region's first virtual network."""


def _group_exists(id_: str, store: Store) -> bool:
    if id_.endswith(f"/{NETWORK_WATCHERS}"):
        return True
    return store.get("azurerm_resource_group", id_) is not None or bool(store.setting(ambient_key(id_)))


def _check_references(id_: str, values: ObjectValue, store: Store) -> None:
    for _, target in references_in(values):
        if CHECKED.match(target) and not store.exists(target):
            raise CloudError(
                f"creating {id_}: unexpected status 400 (400 Bad Request) with error: InvalidResourceReference: Resource"
                f" {target} referenced by resource {id_} was not found. Please make sure that the referenced resource"
                " exists, and that both resources are in the same region."
            )


def _check_subnet(values: ObjectValue, id_: str, store: Store) -> None:
    network_id = id_.rsplit("/subnets/", 1)[0]
    network = store.get("azurerm_virtual_network", network_id)
    name = text(values.get("virtual_network_name"))
    if network is None:
        raise CloudError(
            f"creating Subnet: unexpected status 404 (404 Not Found) with error: ResourceNotFound: The Resource"
            f" 'Microsoft.Network/virtualNetworks/{name}' under resource group"
            f" '{text(values.get('resource_group_name'))}' was not found."
        )
    spaces = [network_of(item) for item in _strings(network.attributes.get("address_space"))]
    for prefix in _strings(values.get("address_prefixes")):
        wanted = network_of(prefix)
        if spaces and not any(wanted.version == s.version and wanted.subnet_of(s) for s in spaces):  # type: ignore[arg-type]
            raise CloudError(
                "creating Subnet: unexpected status 400 (400 Bad Request) with error: NetcfgSubnetRangeOutsideVnet: Subnet"
                f" '{text(values.get('name'))}' is not valid because its IP address range is outside the IP address range"
                f" of virtual network '{name}'."
            )
        _check_overlap(values, wanted, network_id, name, store)


def _check_overlap(
    values: ObjectValue,
    wanted: ipaddress.IPv4Network | ipaddress.IPv6Network,
    network_id: str,
    name: str,
    store: Store,
) -> None:
    for row in store.find("type='azurerm_subnet' AND id LIKE ? || '/subnets/%'", (network_id,)):
        for prefix in _strings(row.attributes.get("address_prefixes")):
            if wanted.overlaps(network_of(prefix)):
                raise CloudError(
                    "creating Subnet: unexpected status 400 (400 Bad Request) with error: NetcfgSubnetRangesOverlap:"
                    f" Subnet '{text(values.get('name'))}' is not valid because its IP address range overlaps with that of"
                    f" an existing subnet in virtual network '{name}'."
                )


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _check_cluster(values: ObjectValue, id_: str, store: Store) -> None:
    group = text(values.get("node_resource_group"))
    for row in store.find("type='azurerm_kubernetes_cluster'", ()):
        if group and row.attributes.get("node_resource_group") == group:
            raise _conflict(
                f"creating {id_}",
                "ReservedResourceName",
                f"The node resource group {group} is already used by another managed cluster.",
            )


def check_delete(row: Row, store: Store, groups_protected: bool) -> None:
    """Refuse to delete what a lock protects or others still use."""
    _check_locks(row, store)
    if row.type == "azurerm_resource_group" and groups_protected:
        _check_group(row, store)
    if row.type == "azurerm_subnet":
        _check_users(row, store)
    if row.type == "azurerm_virtual_network":
        for child in store.find("type='azurerm_subnet' AND id LIKE ? || '/subnets/%'", (row.id,)):
            _check_users(child, store)
    rule = HELD_BY.get(row.type)
    if rule is not None:
        for holder in _users(row, store):
            raise _conflict(f"deleting {row.id}", rule[0], rule[1].format(id=row.id, holder=holder))


def _users(row: Row, store: Store) -> list[str]:
    found = [
        holder.id.split("|")[0]
        for holder, path in store.holders(row.id)
        if holder.type not in ("azurerm_management_lock", "azurerm_role_assignment", "azurerm_monitor_diagnostic_setting")
        and not path.startswith("private_dns_zone_group")
    ]
    if row.type == "azurerm_private_dns_zone":
        found += [child.id for child in store.find("id LIKE ? || '/virtualNetworkLinks/%'", (row.id,))]
    return found


def _check_locks(row: Row, store: Store) -> None:
    if row.type == "azurerm_management_lock":
        return
    for lock in store.find("type='azurerm_management_lock'", ()):
        scope = text(lock.attributes.get("scope"))
        if row.id.lower() == scope.lower() or row.id.lower().startswith(scope.lower() + "/"):
            raise _conflict(
                f"deleting {row.id}",
                "ScopeLocked",
                f"The scope '{row.id}' cannot perform delete operation because following scope(s) are locked: '{scope}'."
                " Please remove the lock and try again.",
            )


def _check_group(row: Row, store: Store) -> None:
    held = [item.id for item in store.find("provider='azurerm' AND id LIKE ? || '/providers/%'", (row.id,))]
    if held:
        listed = "\n".join(f"* `{item}`" for item in held[:20])
        raise CloudError(
            f'deleting Resource Group "{row.name}": the Resource Group still contains Resources.',
            "Terraform is configured to check for Resources within the Resource Group when deleting the Resource Group -"
            " and raise an error if nested Resources still exist to avoid unintentionally deleting these Resources.\n\n"
            f"Terraform has detected that the following Resources still exist within the Resource Group:\n\n{listed}",
        )


def _check_users(row: Row, store: Store) -> None:
    for holder, _ in store.holders(row.id):
        if SUBNET_USERS.match(holder.type):
            name = row.name
            raise CloudError(
                f"deleting Subnet ({row.id}): unexpected status 400 (400 Bad Request) with error:"
                f" InUseSubnetCannotBeDeleted: Subnet {name} is in use by {holder.id} and cannot be deleted. In order to"
                " delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet."
            )


CONFLICTS: dict[str, tuple[tuple[str, str], ...]] = {
    "azurerm_kubernetes_cluster": (
        ("dns_prefix", "dns_prefix_private_cluster"),
        ("identity", "service_principal"),
        ("network_profile.load_balancer_profile", "network_profile.nat_gateway_profile"),
    ),
    "azurerm_role_assignment": (("role_definition_id", "role_definition_name"),),
    "azurerm_virtual_network": (("address_space", "ip_address_pool"),),
}
ENUMS: dict[str, dict[str, tuple[str, ...]]] = {
    "azurerm_kubernetes_cluster": {
        "sku_tier": ("Free", "Standard", "Premium"),
        "automatic_upgrade_channel": ("patch", "rapid", "node-image", "stable"),
        "node_os_upgrade_channel": ("NodeImage", "None", "SecurityPatch", "Unmanaged"),
        "identity.type": ("SystemAssigned", "UserAssigned"),
        "network_profile.network_plugin": ("azure", "kubenet", "none"),
        "network_profile.network_plugin_mode": ("overlay",),
        "network_profile.network_policy": ("calico", "azure", "cilium"),
        "network_profile.network_data_plane": ("azure", "cilium"),
        "network_profile.load_balancer_sku": ("basic", "standard"),
        "network_profile.outbound_type": (
            "loadBalancer", "userDefinedRouting", "managedNATGateway", "userAssignedNATGateway", "none",
        ),
        "support_plan": ("KubernetesOfficial", "AKSLongTermSupport"),
    },
    "azurerm_kubernetes_cluster_node_pool": {
        "mode": ("System", "User", "Gateway"),
        "os_type": ("Linux", "Windows"),
        "priority": ("Regular", "Spot"),
        "eviction_policy": ("Delete", "Deallocate"),
    },
    "azurerm_public_ip": {
        "allocation_method": ("Static", "Dynamic"),
        "sku": ("Basic", "Standard"),
        "ip_version": ("IPv4", "IPv6"),
    },
    "azurerm_key_vault": {
        "sku_name": ("standard", "premium"),
        "network_acls.bypass": ("None", "AzureServices"),
        "network_acls.default_action": ("Allow", "Deny"),
    },
    "azurerm_management_lock": {"lock_level": ("CanNotDelete", "ReadOnly")},
    "azurerm_subnet": {
        "private_endpoint_network_policies": (
            "Disabled", "Enabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled",
        ),
    },
    "azurerm_log_analytics_workspace": {
        "sku": (
            "Free", "PerNode", "Premium", "Standard", "Standalone", "Unlimited", "CapacityReservation", "PerGB2018",
            "LACluster",
        ),
    },
    "azurerm_storage_account": {
        "account_tier": ("Standard", "Premium"),
        "account_replication_type": ("LRS", "ZRS", "GRS", "RAGRS", "GZRS", "RAGZRS"),
    },
}  # fmt: skip
NAMES = {
    "azurerm_key_vault": re.compile(r"^[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]$"),
    "azurerm_storage_account": re.compile(r"^[a-z0-9]{3,24}$"),
    "azurerm_kubernetes_cluster_node_pool": re.compile(r"^[a-z][a-z0-9]{0,11}$"),
}


def refuse_configuration(type_: str, config: ObjectValue) -> None:
    """Refuse conflicting arguments, unknown values and impossible names."""
    check_conflicts(CONFLICTS.get(type_, ()), config)
    check_enums(ENUMS.get(type_, {}), config)
    name, form = config.get("name"), NAMES.get(type_)
    if form is not None and isinstance(name, str) and not form.match(name):
        raise CloudError(f'"name" {name!r} is not valid for {type_}: it has to match {form.pattern}')
