"""Values Azure makes up, by resource type and attribute; `*` is any type."""

import base64
import secrets
from collections.abc import Mapping

from infra.simulator.clouds.base import Maker, Want, now, uuid
from infra.simulator.values import text

TENANT = "00000000-0000-4000-8000-000000000002"
OBJECT = "00000000-0000-4000-8000-000000000003"
CLIENT = "00000000-0000-4000-8000-000000000004"


def always(value: object) -> Maker:
    """Make the same value each time."""
    return lambda want: value


def root(key: str) -> Maker:
    """Take another attribute of the same object."""
    return lambda want: want.root.get(key)


def _address(want: Want) -> str:
    return f"20.{secrets.randbelow(200) + 20}.{secrets.randbelow(250)}.{secrets.randbelow(250) + 1}"


def _private_address(want: Want) -> str:
    return f"10.0.{secrets.randbelow(250)}.{secrets.randbelow(250) + 4}"


def _key(want: Want) -> str:
    return base64.b64encode(secrets.token_bytes(48)).decode()


def _prefix(want: Want) -> str:
    return text(want.root.get("dns_prefix")) or text(want.root.get("dns_prefix_private_cluster")) or "aks"


def _fqdn(want: Want) -> str:
    if want.root.get("private_cluster_enabled"):
        return ""
    return f"{_prefix(want)}-{secrets.token_hex(4)}.hcp.{text(want.root.get('location'))}.azmk8s.io"


def _private_fqdn(want: Want) -> str:
    if not want.root.get("private_cluster_enabled"):
        return ""
    host = f"{_prefix(want)}-{secrets.token_hex(4)}"
    return f"{host}.{uuid()}.privatelink.{text(want.root.get('location'))}.azmk8s.io"


def _issuer(want: Want) -> str:
    if not want.root.get("oidc_issuer_enabled"):
        return ""
    return f"https://{text(want.root.get('location'))}.oic.prod-aks.azure.com/{TENANT}/{uuid()}/"


def _node_group(want: Want) -> str:
    values = want.root
    return f"MC_{text(values.get('resource_group_name'))}_{text(values.get('name'))}_{text(values.get('location'))}"


def _node_group_id(want: Want) -> str:
    return f"/subscriptions/{want.scope.account}/resourceGroups/{text(want.root.get('node_resource_group')) or _node_group(want)}"


def _kubelet_identity_id(want: Want) -> str:
    name = f"{text(want.root.get('name'))}-agentpool"
    return f"{_node_group_id(want)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"


def kube_config(fqdn: str, name: str) -> tuple[list[dict[str, object]], str]:
    """Give a cluster's kubeconfig in both forms azurerm offers."""
    from infra.simulator.certificates import authority_base64

    authority = authority_base64()
    host = f"https://{fqdn}:443"
    entry: dict[str, object] = {
        "client_certificate": authority,
        "client_key": authority,
        "cluster_ca_certificate": authority,
        "host": host,
        "password": secrets.token_hex(64),
        "username": f"clusterUser_{name}",
    }
    raw = (
        "apiVersion: v1\nkind: Config\nclusters:\n- name: simulated\n  cluster:\n"
        f"    server: {host}\n    certificate-authority-data: {authority}\n"
    )
    return [entry], raw


def _config(want: Want) -> object:
    address = text(want.root.get("fqdn")) or text(want.root.get("private_fqdn")) or "simulated.azmk8s.io"
    entries, raw = kube_config(address, text(want.root.get("name")))
    return raw if want.name.endswith("_raw") else entries


def _no_admin(want: Want) -> object:
    return (
        _config(want)
        if want.root.get("azure_active_directory_role_based_access_control")
        else ("" if want.name.endswith("_raw") else [])
    )


def _version(want: Want) -> str:
    wanted = text(want.root.get("kubernetes_version")) or "1.33"
    return wanted if wanted.count(".") == 2 else f"{wanted}.5"


def _network_interface(want: Want) -> object:
    group = text(want.root.get("resource_group_name"))
    name = f"{text(want.root.get('name'))}.nic.{uuid()}"
    base = f"/subscriptions/{want.scope.account}/resourceGroups/{group}/providers/Microsoft.Network"
    return [{"id": f"{base}/networkInterfaces/{name}", "name": name}]


def _role(want: Want) -> str:
    return f"/subscriptions/{want.scope.account}/providers/Microsoft.Authorization/roleDefinitions/{uuid()}"


def _vault_version(want: Want) -> str:
    return text(want.root.get("id")).rsplit("/", 1)[-1]


def _versionless(want: Want) -> str:
    return text(want.root.get("id")).rsplit("/", 1)[0]


def _resource_id(want: Want) -> str:
    vault = text(want.root.get("key_vault_id"))
    kind = "keys" if want.type.endswith("_key") else "secrets"
    return f"{vault}/{kind}/{text(want.root.get('name'))}/versions/{_vault_version(want)}"


def _resource_versionless_id(want: Want) -> str:
    return _resource_id(want).rsplit("/versions/", 1)[0]


def _endpoint(service: str) -> Maker:
    return lambda want: f"https://{text(want.root.get('name'))}.{service}.core.windows.net/"


ANY: dict[str, Maker] = {
    "tenant_id": always(TENANT),
    "identity.principal_id": lambda want: uuid(),
    "identity.tenant_id": always(TENANT),
    "principal_id": lambda want: uuid(),
    "client_id": lambda want: uuid(),
    "object_id": lambda want: uuid(),
    "guid": lambda want: uuid(),
    "resource_guid": lambda want: uuid(),
    "etag": lambda want: f'W/"{uuid()}"',
    "primary_access_key": _key,
    "secondary_access_key": _key,
}

VALUES: Mapping[str, Mapping[str, Maker]] = {
    "*": ANY,
    "azurerm_public_ip": {"ip_address": _address, "fqdn": always(None), "zones": always([])},
    "azurerm_public_ip_prefix": {"ip_prefix": lambda want: "20.50.0.0/" + str(want.root.get("prefix_length") or 28)},
    "azurerm_kubernetes_cluster": {
        "fqdn": _fqdn,
        "portal_fqdn": lambda want: f"{_prefix(want)}.portal.hcp.azmk8s.io",
        "private_fqdn": _private_fqdn,
        "oidc_issuer_url": _issuer,
        "node_resource_group": _node_group,
        "node_resource_group_id": _node_group_id,
        "kubernetes_version": always("1.33"),
        "current_kubernetes_version": _version,
        "private_dns_zone_id": lambda want: "System" if want.root.get("private_cluster_enabled") else "",
        "kube_config": _config,
        "kube_config_raw": _config,
        "kube_admin_config": _no_admin,
        "kube_admin_config_raw": _no_admin,
        "http_application_routing_zone_name": always(""),
        "kubelet_identity.client_id": lambda want: uuid(),
        "kubelet_identity.object_id": lambda want: uuid(),
        "kubelet_identity.user_assigned_identity_id": _kubelet_identity_id,
        "network_profile.dns_service_ip": always("10.0.0.10"),
        "network_profile.service_cidr": always("10.0.0.0/16"),
        "network_profile.service_cidrs": lambda want: [text(want.parent.get("service_cidr")) or "10.0.0.0/16"],
        "network_profile.pod_cidr": always("10.244.0.0/16"),
        "network_profile.pod_cidrs": lambda want: [text(want.parent.get("pod_cidr")) or "10.244.0.0/16"],
        "network_profile.ip_versions": always(["IPv4"]),
        "network_profile.network_policy": always(""),
        "default_node_pool.node_count": lambda want: want.parent.get("min_count") or 1,
        "default_node_pool.vm_size": always("Standard_D2s_v5"),
        "default_node_pool.max_pods": always(30),
        "default_node_pool.os_disk_size_gb": always(128),
        "default_node_pool.os_sku": always("Ubuntu"),
        "default_node_pool.kubelet_disk_type": always("OS"),
        "default_node_pool.orchestrator_version": lambda want: text(want.root.get("kubernetes_version")),
        "default_node_pool.workload_runtime": always("OCIContainer"),
    },
    "azurerm_kubernetes_cluster_node_pool": {
        "node_count": lambda want: want.root.get("min_count") or 1,
        "vm_size": always("Standard_D2s_v5"),
        "max_pods": always(30),
        "os_disk_size_gb": always(128),
        "os_sku": always("Ubuntu"),
        "kubelet_disk_type": always("OS"),
        "orchestrator_version": always("1.33"),
    },
    "azurerm_key_vault": {
        "vault_uri": lambda want: f"https://{text(want.root.get('name'))}.vault.azure.net/",
        "access_policy": always([]),
        "rbac_authorization_enabled": lambda want: want.root.get("enable_rbac_authorization") is True,
        "enable_rbac_authorization": lambda want: want.root.get("rbac_authorization_enabled") is True,
    },
    "azurerm_key_vault_key": {
        "version": _vault_version,
        "versionless_id": _versionless,
        "resource_id": _resource_id,
        "resource_versionless_id": _resource_versionless_id,
    },
    "azurerm_key_vault_secret": {
        "version": _vault_version,
        "versionless_id": _versionless,
        "resource_id": _resource_id,
        "resource_versionless_id": _resource_versionless_id,
    },
    "azurerm_log_analytics_workspace": {
        "workspace_id": lambda want: uuid(),
        "primary_shared_key": _key,
        "secondary_shared_key": _key,
        "retention_in_days": always(30),
    },
    "azurerm_private_endpoint": {
        "network_interface": _network_interface,
        "private_service_connection.private_ip_address": _private_address,
        "custom_dns_configs": always([]),
        "private_dns_zone_group.id": lambda want: f"{text(want.root.get('id'))}/privateDnsZoneGroups/default",
    },
    "azurerm_role_assignment": {
        "name": lambda want: uuid(),
        "principal_type": always("ServicePrincipal"),
        "role_definition_id": _role,
        "role_definition_name": always("simulated"),
        "condition_version": always(""),
    },
    "azurerm_private_dns_zone": {
        "max_number_of_record_sets": always(25000),
        "max_number_of_virtual_network_links": always(1000),
        "max_number_of_virtual_network_links_with_registration": always(100),
        "number_of_record_sets": always(1),
        "soa_record.fqdn": lambda want: f"{text(want.root.get('name'))}.",
        "soa_record.host_name": always("azureprivatedns.net."),
    },
    "azurerm_container_registry": {
        "login_server": lambda want: f"{text(want.root.get('name'))}.azurecr.io",
        "admin_username": always(""),
    },
    "azurerm_storage_account": {
        "primary_blob_endpoint": _endpoint("blob"),
        "primary_dfs_endpoint": _endpoint("dfs"),
        "primary_file_endpoint": _endpoint("file"),
        "primary_location": root("location"),
        "access_tier": always("Hot"),
        "primary_connection_string": lambda want: (
            f"DefaultEndpointsProtocol=https;AccountName={text(want.root.get('name'))};AccountKey={_key(want)}"
        ),
    },
    "azurerm_network_interface": {"private_ip_address": _private_address, "mac_address": always("00-0D-3A-00-00-01")},
    "azurerm_resource_group": {},
    "azurerm_federated_identity_credential": {},
    "azurerm_log_analytics_solution": {"name": lambda want: text(want.root.get("solution_name")), "now": lambda want: now()},
}
