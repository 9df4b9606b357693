"""What azurerm schemas do not tell: provider defaults, blocks Azure fills in, changes that replace."""

import re

GENERIC = re.compile(
    r"^(name|location|resource_group_name|virtual_network_name|subnet_id|key_vault_id|kubernetes_cluster_id|edge_zone"
    r"|parent_id|scope|network_security_group_name|route_table_name|nat_gateway_id|public_ip_address_id"
    r"|private_dns_zone_name|virtual_network_id|storage_account_id|target_resource_id|principal_id|role_definition_.*)$"
)

_POOL = {
    "os_disk_type": "Managed",
    "scale_down_mode": "Delete",
    "ultra_ssd_enabled": False,
}

DEFAULTS: dict[str, dict[str, object]] = {
    "azurerm_virtual_network": {"private_endpoint_vnet_policies": "Disabled"},
    "azurerm_subnet": {
        "default_outbound_access_enabled": True,
        "private_endpoint_network_policies": "Disabled",
        "private_link_service_network_policies_enabled": True,
    },
    "azurerm_public_ip": {
        "sku": "Standard",
        "sku_tier": "Regional",
        "ip_version": "IPv4",
        "idle_timeout_in_minutes": 4,
        "ddos_protection_mode": "VirtualNetworkInherited",
    },
    "azurerm_nat_gateway": {"sku_name": "Standard", "idle_timeout_in_minutes": 4},
    "azurerm_kubernetes_cluster": {
        "sku_tier": "Free",
        "support_plan": "KubernetesOfficial",
        "role_based_access_control_enabled": True,
        "run_command_enabled": True,
        "private_cluster_enabled": False,
        "private_cluster_public_fqdn_enabled": False,
        "workload_identity_enabled": False,
        "node_os_upgrade_channel": "NodeImage",
        "image_cleaner_enabled": False,
        "local_account_disabled": False,
        "cost_analysis_enabled": False,
        "network_profile.load_balancer_sku": "standard",
        "network_profile.network_data_plane": "azure",
        "network_profile.outbound_type": "loadBalancer",
        "default_node_pool.type": "VirtualMachineScaleSets",
        **{f"default_node_pool.{key}": value for key, value in _POOL.items()},
    },
    "azurerm_kubernetes_cluster_node_pool": {
        "mode": "User",
        "os_type": "Linux",
        "priority": "Regular",
        "spot_max_price": -1,
        **_POOL,
    },
    "azurerm_key_vault": {
        "soft_delete_retention_days": 90,
        "public_network_access_enabled": True,
        "purge_protection_enabled": False,
    },
    "azurerm_log_analytics_workspace": {
        "internet_ingestion_enabled": True,
        "internet_query_enabled": True,
        "daily_quota_gb": -1,
        "local_authentication_enabled": True,
        "allow_resource_only_permissions": True,
        "sku": "PerGB2018",
    },
    "azurerm_storage_account": {
        "account_kind": "StorageV2",
        "https_traffic_only_enabled": True,
        "min_tls_version": "TLS1_2",
        "shared_access_key_enabled": True,
        "public_network_access_enabled": True,
        "allow_nested_items_to_be_public": True,
    },
    "azurerm_storage_container": {"container_access_type": "private"},
    "azurerm_private_dns_zone_virtual_network_link": {"registration_enabled": False},
}

COMPUTED_BLOCKS: dict[str, dict[str, object]] = {
    "azurerm_kubernetes_cluster": {
        "network_profile": {
            "network_plugin": "azure",
            "network_plugin_mode": "overlay",
            "network_data_plane": "azure",
            "load_balancer_sku": "standard",
            "outbound_type": "loadBalancer",
        },
        "kubelet_identity": {},
        "windows_profile": None,
        "auto_scaler_profile": {"expander": "random", "max_node_provisioning_time": "15m"},
        "default_node_pool.upgrade_settings": {"max_surge": "10%"},
    },
    "azurerm_virtual_network": {},
    "azurerm_key_vault": {"network_acls": {"bypass": "AzureServices", "default_action": "Allow"}},
    "azurerm_private_dns_zone": {
        "soa_record": {"email": "azureprivatedns-host.microsoft.com", "ttl": 3600, "expire_time": 2419200}
    },
    "azurerm_storage_account": {"network_rules": {"default_action": "Allow", "bypass": ["AzureServices"]}},
}

REPLACES: dict[str, tuple[str, ...]] = {
    "azurerm_virtual_network": ("name", "location", "resource_group_name", "edge_zone"),
    "azurerm_subnet": ("name", "resource_group_name", "virtual_network_name"),
    "azurerm_subnet_nat_gateway_association": ("subnet_id", "nat_gateway_id"),
    "azurerm_subnet_network_security_group_association": ("subnet_id", "network_security_group_id"),
    "azurerm_subnet_route_table_association": ("subnet_id", "route_table_id"),
    "azurerm_public_ip": ("name", "allocation_method", "sku", "sku_tier", "ip_version", "zones", "public_ip_prefix_id"),
    "azurerm_nat_gateway": ("sku_name", "zones"),
    "azurerm_nat_gateway_public_ip_association": ("*",),
    "azurerm_kubernetes_cluster": (
        "dns_prefix",
        "dns_prefix_private_cluster",
        "disk_encryption_set_id",
        "node_resource_group",
        "private_cluster_enabled",
        "private_dns_zone_id",
        "role_based_access_control_enabled",
        "edge_zone",
        "linux_profile",
        "default_node_pool.name",
        "default_node_pool.type",
        "network_profile.network_plugin",
        "network_profile.network_mode",
        "network_profile.pod_cidr",
        "network_profile.service_cidr",
        "network_profile.dns_service_ip",
        "network_profile.load_balancer_sku",
        "network_profile.ip_versions",
    ),
    "azurerm_kubernetes_cluster_node_pool": (
        "name",
        "kubernetes_cluster_id",
        "eviction_policy",
        "os_type",
        "priority",
        "spot_max_price",
        "max_pods_forced",
        "gpu_instance",
        "capacity_reservation_group_id",
    ),
    "azurerm_private_endpoint": ("subnet_id", "private_service_connection.private_connection_resource_id"),
    "azurerm_role_assignment": ("*",),
    "azurerm_management_lock": ("*",),
    "azurerm_key_vault": ("tenant_id",),
    "azurerm_key_vault_access_policy": ("object_id", "tenant_id", "application_id"),
    "azurerm_log_analytics_workspace": (),
    "azurerm_federated_identity_credential": ("resource_group_name", "parent_id"),
    "azurerm_storage_account": ("account_kind", "is_hns_enabled"),
}

KEEPS: dict[str, tuple[str, ...]] = {
    "azurerm_key_vault_secret": ("tags",),
}
