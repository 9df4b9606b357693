"""Resource ids of Azure objects."""

from infra.simulator.clouds.base import Scope, uuid
from infra.simulator.values import ObjectValue, text

GROUP = "/subscriptions/{subscription}/resourceGroups/{resource_group_name}"
NETWORK = GROUP + "/providers/Microsoft.Network"

IDS = {
    "azurerm_resource_group": "/subscriptions/{subscription}/resourceGroups/{name}",
    "azurerm_virtual_network": NETWORK + "/virtualNetworks/{name}",
    "azurerm_subnet": NETWORK + "/virtualNetworks/{virtual_network_name}/subnets/{name}",
    "azurerm_virtual_network_peering": NETWORK + "/virtualNetworks/{virtual_network_name}/virtualNetworkPeerings/{name}",
    "azurerm_network_security_group": NETWORK + "/networkSecurityGroups/{name}",
    "azurerm_network_security_rule": NETWORK + "/networkSecurityGroups/{network_security_group_name}/securityRules/{name}",
    "azurerm_subnet_network_security_group_association": "{subnet_id}",
    "azurerm_subnet_nat_gateway_association": "{subnet_id}",
    "azurerm_subnet_route_table_association": "{subnet_id}",
    "azurerm_nat_gateway": NETWORK + "/natGateways/{name}",
    "azurerm_nat_gateway_public_ip_association": "{nat_gateway_id}|{public_ip_address_id}",
    "azurerm_nat_gateway_public_ip_prefix_association": "{nat_gateway_id}|{public_ip_prefix_id}",
    "azurerm_public_ip": NETWORK + "/publicIPAddresses/{name}",
    "azurerm_public_ip_prefix": NETWORK + "/publicIPPrefixes/{name}",
    "azurerm_route_table": NETWORK + "/routeTables/{name}",
    "azurerm_route": NETWORK + "/routeTables/{route_table_name}/routes/{name}",
    "azurerm_network_interface": NETWORK + "/networkInterfaces/{name}",
    "azurerm_private_endpoint": NETWORK + "/privateEndpoints/{name}",
    "azurerm_private_dns_zone": NETWORK + "/privateDnsZones/{name}",
    "azurerm_private_dns_zone_virtual_network_link": NETWORK
    + "/privateDnsZones/{private_dns_zone_name}/virtualNetworkLinks/{name}",
    "azurerm_private_dns_a_record": NETWORK + "/privateDnsZones/{zone_name}/A/{name}",
    "azurerm_network_watcher": NETWORK + "/networkWatchers/{name}",
    "azurerm_network_watcher_flow_log": NETWORK + "/networkWatchers/{network_watcher_name}/flowLogs/{name}",
    "azurerm_application_gateway": NETWORK + "/applicationGateways/{name}",
    "azurerm_firewall": NETWORK + "/azureFirewalls/{name}",
    "azurerm_lb": NETWORK + "/loadBalancers/{name}",
    "azurerm_dns_zone": NETWORK + "/dnsZones/{name}",
    "azurerm_kubernetes_cluster": GROUP + "/providers/Microsoft.ContainerService/managedClusters/{name}",
    "azurerm_kubernetes_cluster_node_pool": "{kubernetes_cluster_id}/agentPools/{name}",
    "azurerm_kubernetes_cluster_extension": "{cluster_id}/providers/Microsoft.KubernetesConfiguration/extensions/{name}",
    "azurerm_container_registry": GROUP + "/providers/Microsoft.ContainerRegistry/registries/{name}",
    "azurerm_log_analytics_workspace": GROUP + "/providers/Microsoft.OperationalInsights/workspaces/{name}",
    "azurerm_log_analytics_solution": GROUP
    + "/providers/Microsoft.OperationsManagement/solutions/{solution_name}({workspace_name})",
    "azurerm_monitor_diagnostic_setting": "{target_resource_id}|{name}",
    "azurerm_monitor_action_group": GROUP + "/providers/Microsoft.Insights/actionGroups/{name}",
    "azurerm_monitor_data_collection_rule": GROUP + "/providers/Microsoft.Insights/dataCollectionRules/{name}",
    "azurerm_monitor_private_link_scope": GROUP + "/providers/Microsoft.Insights/privateLinkScopes/{name}",
    "azurerm_monitor_private_link_scoped_service": GROUP
    + "/providers/Microsoft.Insights/privateLinkScopes/{scope_name}/scopedResources/{name}",
    "azurerm_log_analytics_workspace_table": "{workspace_id}/tables/{name}",
    "azurerm_storage_management_policy": "{storage_account_id}/managementPolicies/default",
    "azurerm_user_assigned_identity": GROUP + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}",
    "azurerm_federated_identity_credential": "{parent_id}/federatedIdentityCredentials/{name}",
    "azurerm_role_assignment": "{scope}/providers/Microsoft.Authorization/roleAssignments/{assignment}",
    "azurerm_role_definition": "{scope}/providers/Microsoft.Authorization/roleDefinitions/{uuid}|{scope}",
    "azurerm_management_lock": "{scope}/providers/Microsoft.Authorization/locks/{name}",
    "azurerm_key_vault": GROUP + "/providers/Microsoft.KeyVault/vaults/{name}",
    "azurerm_key_vault_access_policy": "{key_vault_id}/objectId/{object_id}",
    "azurerm_key_vault_key": "https://{vault}.vault.azure.net/keys/{name}/{hex}",
    "azurerm_key_vault_secret": "https://{vault}.vault.azure.net/secrets/{name}/{hex}",
    "azurerm_key_vault_certificate": "https://{vault}.vault.azure.net/certificates/{name}/{hex}",
    "azurerm_disk_encryption_set": GROUP + "/providers/Microsoft.Compute/diskEncryptionSets/{name}",
    "azurerm_storage_account": GROUP + "/providers/Microsoft.Storage/storageAccounts/{name}",
    "azurerm_storage_container": "{storage_account_id}/blobServices/default/containers/{name}",
    "azurerm_linux_virtual_machine": GROUP + "/providers/Microsoft.Compute/virtualMachines/{name}",
    "azurerm_resource_provider_registration": "/subscriptions/{subscription}/providers/{name}",
}


class _Lookup(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def id_of(type_: str, values: ObjectValue, scope: Scope) -> str:
    """Give a new object's resource id."""
    words = _Lookup({key: item for key, item in values.items() if isinstance(item, str)})
    words["subscription"] = scope.account
    words["uuid"] = uuid()
    words["assignment"] = text(values.get("name")) or words["uuid"]
    words["hex"] = uuid().replace("-", "")
    words["vault"] = text(values.get("key_vault_id")).rsplit("/", 1)[-1]
    template = IDS.get(type_)
    if template is None:
        template = _generic(type_, values, words)
    if type_ == "azurerm_storage_container" and not words["storage_account_id"]:
        template = "https://{storage_account_name}.blob.core.windows.net/{name}"
    return template.format_map(words)


def _generic(type_: str, values: ObjectValue, words: _Lookup) -> str:
    kind = type_.removeprefix("azurerm_").split("_")
    plural = kind[0] + "".join(word.capitalize() for word in kind[1:]) + "s"
    words["name"] = text(values.get("name")) or words["hex"][:12]
    if words["resource_group_name"]:
        return f"{GROUP}/providers/Microsoft.{kind[0].capitalize()}/{plural}/{{name}}"
    parents = [item for key, item in sorted(values.items()) if key.endswith("_id") and text(item).startswith("/subscriptions/")]
    if parents:
        return f"{parents[0]}/{plural}/{{name}}"
    return f"/subscriptions/{{subscription}}/providers/Microsoft.{kind[0].capitalize()}/{plural}/{{name}}"


def ambient_key(id_: str) -> str:
    """Name the setting that says a resource group was there before, made outside terraform."""
    return f"ambient:{id_.lower()}"
